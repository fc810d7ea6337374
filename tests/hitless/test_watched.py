import asyncio
import os
import signal
import threading
from types import SimpleNamespace

import pytest

from hitless.awaited import progress
from hitless.clock import SystemClock
from hitless.errors import NotProven, NotReady
from hitless.interruptible import interruptible
from hitless.journal import Journal
from hitless.live import LiveTimeline
from hitless.probe import Probe
from hitless.verdict import SENT_MIN, SENT_MIN_TAKEN_BACK
from hitless.watched import under_load

pytestmark = pytest.mark.live

RATE_PER_S = 1500


@pytest.fixture
def under(tmp_path, serving):
    """Make a change at a pace that leaves far fewer requests than a proof needs; what came of it."""

    def make(change, meanwhile=None):
        clock = SystemClock(rate=1200)
        with serving() as (_, url), Journal(tmp_path / "j.jsonl", clock) as journal:
            probe = Probe(url, RATE_PER_S, samples_path=tmp_path / "s", window_s=0.2)
            live = LiveTimeline("Test", journal=journal, clock=clock, probe=probe, interactive="none")
            return live, asyncio.run(under_load(SimpleNamespace(clock=clock), live, change, meanwhile))

    return make


def test_a_change_too_quick_to_be_proven_is_watched_until_it_is(under):
    async def nothing(live):
        assert live.timeline.sent < SENT_MIN

    live, error = under(nothing)
    assert error is None
    assert live.summary.sent >= SENT_MIN


def test_nobody_waits_for_requests_of_a_dead_prober(under):
    async def kill(live):
        os.kill(live._probe.pid, signal.SIGKILL)

    live, error = under(kill)
    assert isinstance(error, NotProven)
    assert live.timeline.sent < SENT_MIN


def test_one_that_is_taken_back_needs_fewer(under):
    async def refused(live):
        raise NotReady("The change was refused.")

    live, error = under(refused)
    assert isinstance(error, NotReady)
    assert live.summary.sent >= SENT_MIN_TAKEN_BACK


def test_what_prepares_the_change_is_done_while_the_steady_state_is_seen(under):
    awaited = []

    async def prepare():
        await asyncio.to_thread(lambda: awaited.append(progress(0.0)))

    async def change(live):
        awaited.append("changed")

    _, error = under(change, prepare)
    assert error is None
    assert "the steady state before the change" in awaited[0] and awaited[1:] == ["changed"]


def test_a_change_that_could_not_be_prepared_is_not_made(under):
    async def prepare():
        raise NotReady("The template was refused.")

    async def change(live):
        raise AssertionError("it was made all the same")

    _, error = under(change, prepare)
    assert isinstance(error, NotReady)


def test_whoever_interrupts_the_watching_interrupts_what_prepares_as_well(tmp_path):
    begun, told = threading.Event(), threading.Event()

    def take_long():
        begun.set()
        told.wait(30)

    async def interrupted():
        clock = SystemClock(rate=1)
        with Journal(tmp_path / "j.jsonl", clock) as journal:
            live = LiveTimeline("Test", journal=journal, clock=clock, interactive="none")
            cell = asyncio.ensure_future(
                under_load(SimpleNamespace(clock=clock), live, None, lambda: interruptible(take_long, told.set))
            )
            await asyncio.to_thread(begun.wait, 30)
            cell.cancel()
            await cell

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert told.is_set()
