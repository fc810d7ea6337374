"""When the prober says what it saw, and gives up what it waits for: no server, no loop."""

import asyncio
import math

import pytest

from hitless.clock import monotonic_s
from hitless.connection import Connection
from hitless.prober import BEAT_S, Prober, read_settings


@pytest.fixture
def prober(tmp_path):
    said = []
    prober = Prober(read_settings(["http://127.0.0.1:1/", "--samples", str(tmp_path / "samples")]), said.append)
    prober.said, prober._tell_at = said, math.inf
    prober._start -= 30.0
    return prober


class Silent(Connection):
    """Never opened, never answered."""

    def open(self):
        self._exchange.under_way[self] = None


def put_under_way(prober, count):
    for _ in range(count):
        Silent(prober._exchange, prober._start + 0.5, prober._start + 0.5).open()
        prober._comb.sent += 1


def test_a_window_is_not_told_while_one_of_its_requests_is_under_way(prober):
    put_under_way(prober, 2)
    for told in (0, 1):
        prober._exchange.oldest.finish("reset", monotonic_s())
        prober.flush()
        assert len(prober.said) == told
    assert prober.said[0]["sent"] == 2


def test_thousands_that_time_out_at_once_are_given_up_one_after_the_other(prober):
    put_under_way(prober, 5_000)
    prober._exchange.sweep()
    prober.flush()
    assert prober.said[0]["failed"] == {"timeout": 5_000}


@pytest.fixture
def waits(monkeypatch):
    """The seconds after which the prober wants to be called again."""
    waits = []

    class Loop:
        def call_later(self, wait_s, _function):
            waits.append(wait_s)

    monkeypatch.setattr(asyncio, "get_running_loop", Loop)
    return waits


@pytest.mark.parametrize(
    ("due", "wait_s"), [("nothing", 5.0), ("a timeout", 0.3), ("windows", 0.7), ("the end of all", 0.0)]
)
def test_it_looks_after_things_when_the_first_is_due(prober, waits, due, wait_s):
    now = monotonic_s()
    if due == "a timeout":
        Silent(prober._exchange, now - 4.7, now).open()
    elif due == "windows":
        prober._tell_at = now + 0.7
    elif due == "the end of all":
        prober._ended_at = now
    prober._beat()
    assert waits == [pytest.approx(wait_s + BEAT_S, abs=0.1)]


def test_what_times_out_is_told_though_no_answer_comes(prober, waits):
    put_under_way(prober, 3)
    prober._tell_at = monotonic_s()
    prober._beat()
    assert prober.said[0]["failed"] == {"timeout": 3}


@pytest.mark.parametrize(("late_s", "under_way_max"), [(5.1, 10), (0.0, 2)], ids=["too late", "too many"])
def test_what_cannot_leave_in_time_is_unsent(prober, late_s, under_way_max):
    put_under_way(prober, 2)
    prober._exchange.under_way_max = under_way_max
    if late_s:
        prober._exchange.idle.append(Silent(prober._exchange, 0.0, 0.0))  # which could not carry anything
    prober._exchange.send(prober._start, prober._start + late_s)
    ((*_, failure, head),) = prober._ended
    assert (failure, head, len(prober._exchange.under_way)) == ("unsent", None, 2)
