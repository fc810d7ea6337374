"""Change something while users keep asking: probe, look, journal and draw around any change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from hitless.awaited import Wait, awaiting
from hitless.connect import Connection
from hitless.errors import HitlessError
from hitless.live import Hosts, LiveTimeline
from hitless.probe import Probe
from hitless.run_folder import RunFolder
from hitless.stack import Stack
from hitless.traffic import endpoint_url
from hitless.verdict import SENT_MIN, SENT_MIN_TAKEN_BACK, text_of

STEADY_S = 120.0  # watched before and after, so that the change can be told from the rest
LOOK_S = 15.0
PATH = "/version"


def watch(
    here: Connection,
    stack: Stack,
    run: RunFolder,
    title: str,
    *,
    probe_rate_per_s: int,
    limits: Mapping[str, float],
    capacity: Callable[[], Hosts] | None = None,
    weights: Callable[[], Mapping[str, float]] | None = None,
) -> LiveTimeline:
    """A live timeline of one service with its probe, not yet started.

    Args:
        here: Whose account.
        stack: The service's parts.
        run: Where the record goes.
        title: What is done, as a verb phrase.
        probe_rate_per_s: Requests a second through the production listener.
        limits: Lines that must be kept: `floor_percent`, `p99_ms`.
        capacity: Looks how many hosts serve.
        weights: Looks how the traffic is split.
    """
    window_s = max(0.5, min(1.0, LOOK_S / here.clock.rate))  # a lab's minute needs more than one point
    url = endpoint_url(here, stack) + PATH
    return LiveTimeline(
        title,
        journal=run.journal,
        clock=here.clock,
        place=here.place,
        limits=limits,
        probe=Probe(url, probe_rate_per_s, samples_path=run.samples_path, window_s=window_s),
        capacity=capacity,
        weights=weights,
        every_s=LOOK_S,
    )


async def under_load(
    here: Connection,
    live: LiveTimeline,
    change: Callable[[LiveTimeline], Awaitable[None]],
    meanwhile: Callable[[], Awaitable[object]] | None = None,
) -> HitlessError | None:
    """Watch the steady state, make the change, watch the steady state again until enough requests were sent.

    Args:
        here: Whose account.
        live: Watches, from before the change until after it.
        change: Makes it.
        meanwhile: Prepares it while the steady state before is seen; nothing that users meet changes by it.

    Returns:
        What went wrong on purpose; None when nothing did. Anything else (a bug, an interrupt) is raised.
    """
    went_wrong: HitlessError | None = None
    try:
        async with live:
            try:
                await _prepare(here, meanwhile)
                await change(live)
            except HitlessError as error:
                went_wrong = error
            await _see_steady(here, "after it")  # also after a failure: what serves now is what users are left with
            await _see_enough(here, live, SENT_MIN_TAKEN_BACK if went_wrong else SENT_MIN)
    except HitlessError as error:
        return went_wrong or error
    return went_wrong


async def _prepare(here: Connection, meanwhile: Callable[[], Awaitable[object]] | None) -> None:
    preparing = asyncio.ensure_future(meanwhile()) if meanwhile is not None else None
    try:
        await _see_steady(here, "before the change")
        if preparing is not None:
            await preparing
    finally:
        if preparing is not None:
            preparing.cancel()  # if it is not done, we were interrupted
            await asyncio.gather(preparing, return_exceptions=True)


async def _see_steady(here: Connection, when: str) -> None:
    with awaiting(Wait(f"the steady state {when} to be seen", here.clock.now(), STEADY_S)):
        await here.clock.asleep(STEADY_S)


async def _see_enough(here: Connection, live: LiveTimeline, sent_min: int) -> None:
    """Go on asking after a change that was too quick to be proven."""
    missing = sent_min - live.timeline.sent
    if missing <= 0 or not live.rate_per_s:
        return
    what, usually_s = f"{text_of(sent_min)} requests, which a proof needs", missing / live.rate_per_s * here.clock.rate
    with awaiting(Wait(what, here.clock.now(), usually_s)):
        while live.rate_per_s and live.timeline.sent < sent_min:
            await here.clock.asleep(LOOK_S)
