"""A weight is a promise about every step; a biased share shows, an honest one does not."""

import random

from hitless.samples import Sample
from hitless.shares import judge, steps
from hitless.timeline import Weights


def looks(*pairs):
    return [Weights(at, {"green": percent}) for at, percent in pairs]


def answers(share, count=4000, until=100.0):
    rng = random.Random(1)
    versions = ("2" if rng.random() < share else "1" for _ in range(count))
    return [Sample(i * until / count, status=200, origin=(v, "", "", "")) for i, v in enumerate(versions)]


def test_what_lies_between_two_different_looks_is_left_out():
    assert steps(looks((0, 0), (10, 0), (20, 10), (30, 10), (40, 100)), "green") == [(0, 10, 0), (20, 30, 10)]


def test_an_honest_share_holds_and_a_biased_one_does_not():
    stretch = [(0.0, 100.0, 10.0)]
    assert judge(stretch, answers(0.10), "2", float)[0].holds
    assert not judge(stretch, answers(0.14), "2", float)[0].holds


def test_at_nothing_and_at_everything_there_is_no_chance():
    assert judge([(0.0, 100.0, 100.0)], answers(1.0), "2", float)[0].holds
    assert not judge([(0.0, 100.0, 100.0)], answers(0.999), "2", float)[0].holds


def test_a_failed_answer_was_an_answer():
    bad = [Sample(1.0, status=500, failure="5xx", origin=("2", "", "", ""))]
    assert judge([(0.0, 2.0, 100.0)], bad, "2", float)[0].by_new == 1
