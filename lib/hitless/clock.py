"""Where time comes from: AWS's own time, at AWS's own pace or faster.

Everything in Hitless (waits, metric windows, journal entries, chart axes) is in *AWS time*: the time AWS's answers
carry in their `Date` header. On AWS that is UTC at rate 1. A lab started at rate 60 answers in lab time, sixty seconds
of it to one real second, and says so in `HITLESS_CLOCK_RATE`. Nothing else in this package reads a clock or sleeps.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from hitless.errors import Refused

RATE_VARIABLE = "HITLESS_CLOCK_RATE"
HEARTBEAT_S = 0.25
"""Longest real sleep of an event loop: ipykernel delivers an interrupt only when its loop next wakes."""

monotonic_s = time.monotonic
"""Real seconds that never go back, comparable between processes of one machine since its boot."""
real_now = time.time
"""Real epoch seconds, as this machine believes them to be."""
WALL_S = real_now() - monotonic_s()
"""What the wall clock said at monotonic zero, as this process found it; setting it later moves nothing."""


class Clock(Protocol):
    """What the rest of the package asks of time."""

    rate: float
    """Seconds of AWS time to one real second."""

    def now(self) -> float:
        """Epoch seconds in AWS time."""

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of AWS time pass."""

    async def asleep(self, seconds: float) -> None:
        """Let `seconds` of AWS time pass without holding the event loop."""

    def from_real(self, real_s: float) -> float:
        """AWS time at the moment the wall clock, as it stood when this process began, said `real_s` (epoch seconds)."""


class SystemClock:
    """AWS time, kept by this machine's monotonic clock.

    Args:
        rate: Seconds of AWS time to one real second. 1 on AWS; what the lab exports there. Must be > 0.
        offset_s: Seconds by which AWS is ahead of this machine's clock at this moment (negative: behind).
    """

    def __init__(self, rate: float = 1.0, offset_s: float = 0.0) -> None:
        if not rate > 0:
            raise Refused(
                "The clock rate must be above zero.", seen={"rate": rate}, do=f"set {RATE_VARIABLE} to 1 or more"
            )
        self.rate = rate
        self._monotonic_start = monotonic_s()
        self._aws_start = real_now() + offset_s

    @classmethod
    def from_date_header(cls, date: str, rate: float | None = None) -> SystemClock:
        """Set a clock by the `Date` header of an answer AWS gave just now.

        The header has whole seconds, so at rate 1 a difference it cannot tell from none is taken as none.

        Args:
            date: The header, as "Mon, 23 Nov 2026 07:40:00 GMT".
            rate: Seconds of AWS time to a real second; None reads `HITLESS_CLOCK_RATE` (1 when unset).
        """
        rate = rate_from_environment() if rate is None else rate
        offset_s = parsedate_to_datetime(date).timestamp() + 0.5 - real_now()
        return cls(rate, 0.0 if rate == 1.0 and abs(offset_s) <= 1.0 else offset_s)

    def now(self) -> float:
        """Epoch seconds in AWS time."""
        return self._aws_start + self.rate * (monotonic_s() - self._monotonic_start)

    def from_real(self, real_s: float) -> float:
        """AWS time at the moment the wall clock, as it stood when this process began, said `real_s` (epoch seconds)."""
        return self._aws_start + self.rate * (real_s - WALL_S - self._monotonic_start)

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of AWS time pass."""
        time.sleep(max(0.0, seconds / self.rate))

    async def asleep(self, seconds: float) -> None:
        """Let `seconds` of AWS time pass, waking the loop every 0.25 real seconds so that interrupts are prompt."""
        until = monotonic_s() + seconds / self.rate
        await asyncio.sleep(0)
        while (left_s := until - monotonic_s()) > 0:  # noqa: ASYNC110 - the heartbeat is the point
            await asyncio.sleep(min(HEARTBEAT_S, left_s))


class VirtualClock:
    """Time that passes only by being slept; for tests and for stories told at once.

    Several tasks may sleep at the same time: the one due first wakes first, and the clock then says its time.
    """

    rate = 1.0

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int]] = []
        self._ids = itertools.count()

    def now(self) -> float:
        """Epoch seconds, as far as anybody slept."""
        return self._now

    def from_real(self, real_s: float) -> float:
        """The same: a virtual clock knows no other time."""
        return real_s

    def sleep(self, seconds: float) -> None:
        """Move the clock on."""
        self._now += max(0.0, seconds)

    async def asleep(self, seconds: float) -> None:
        """Move the clock on when no other sleeper is due earlier."""
        me = (self._now + max(0.0, seconds), next(self._ids))
        heapq.heappush(self._sleepers, me)
        try:
            await asyncio.sleep(0)
            while self._sleepers[0] != me:  # noqa: ASYNC110 - the others' turns are what is awaited
                await asyncio.sleep(0)
            self._now = max(self._now, me[0])
        finally:
            self._sleepers.remove(me)
            heapq.heapify(self._sleepers)


def rate_from_environment() -> float:
    """Read `HITLESS_CLOCK_RATE`: seconds of AWS time to one real second, 1 when unset.

    Raises:
        Refused: It is set and not a number above zero.
    """
    text = os.environ.get(RATE_VARIABLE, "1")
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        do = f"unset {RATE_VARIABLE} on AWS; in the lab, export what it printed"
        raise Refused(f"{RATE_VARIABLE} is not a number above zero.", seen={RATE_VARIABLE: text}, do=do)
    return rate


def to_datetime(epoch_s: float) -> datetime:
    """Epoch seconds as an aware UTC datetime, as boto3 takes and gives."""
    return datetime.fromtimestamp(epoch_s, UTC)


def utc_text(epoch_s: float) -> str:
    """Epoch seconds for people: "07:40:00 UTC"."""
    return f"{to_datetime(epoch_s):%H:%M:%S} UTC"


def duration_text(seconds: float) -> str:
    """Seconds for people: "0:09", "7:30", "1:02:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
