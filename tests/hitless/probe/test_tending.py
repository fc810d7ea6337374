"""When the prober says what it saw, and gives up what it waits for: no server, no loop."""

import math

import pytest

from hitless.clock import monotonic_s
from hitless.exchange import Request
from hitless.prober import Prober, read_settings


@pytest.fixture
def prober(tmp_path):
    said = []
    prober = Prober(read_settings(["http://127.0.0.1:1/", "--samples", str(tmp_path / "samples")]), said.append)
    prober.said, prober._tell_at = said, math.inf
    prober._start -= 30.0
    return prober


def put_under_way(prober, count):
    for _ in range(count):
        prober._exchange.under_way[Request(prober._start + 0.5, prober._start + 0.5)] = None
        prober._sent += 1


def test_a_window_is_not_told_while_one_of_its_requests_is_under_way(prober):
    put_under_way(prober, 2)
    for told in (0, 1):
        prober._exchange.finish(prober._exchange.oldest, "reset", monotonic_s())
        prober.flush()
        assert len(prober.said) == told
    assert prober.said[0]["sent"] == 2


def test_thousands_that_time_out_at_once_are_given_up_one_after_the_other(prober):
    put_under_way(prober, 5_000)
    prober._tend_at = prober._start
    prober._tend(monotonic_s())
    prober.flush()
    assert prober.said[0]["failed"] == {"timeout": 5_000}
