"""A weight is a promise about every step; a biased share shows, an honest one does not."""

import random

from hitless.samples import Sample
from hitless.shares import judge, steps
from hitless.timeline import Weights


def looks(*pairs):
    return [Weights(at, at, {"green": percent}) for at, percent in pairs]


def answers(share, count=4000, until=100.0):
    rng = random.Random(1)
    versions = ("2" if rng.random() < share else "1" for _ in range(count))
    return [Sample(i * until / count, status=200, origin=(v, "", "", "")) for i, v in enumerate(versions)]


def test_what_lies_between_two_different_looks_is_left_out():
    assert steps(looks((0, 0), (10, 0), (20, 10), (30, 10), (40, 100)), "green") == [(0, 10, 0), (20, 30, 10)]


def test_a_weight_may_change_while_a_look_is_answered():
    weights = [
        Weights(at, answered, {"green": percent})
        for at, answered, percent in [(0, 1, 0), (9, 12, 0), (20, 21, 100), (30, 31, 100)]
    ]
    stretches = steps(weights, "green")
    assert stretches == [(1, 9, 0), (21, 30, 100)]
    shifted_at_10 = [
        Sample(at, latency_s=0.5, status=200, origin=("2" if at > 9.6 else "1", "", "", "")) for at in range(32)
    ]
    assert [step.share_percent for step in judge(stretches, shifted_at_10, "2", float)] == [0, 100]


def test_who_answered_a_request_that_waited_while_the_weight_changed_proves_nothing():
    waited = [Sample(8.0, latency_s=3.0, status=200, origin=("2", "", "", ""))]
    assert judge([(0.0, 9.0, 0.0)], waited, "2", float)[0].answered == 0


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
