"""Where the lab's time comes from; no other module of the lab reads a clock.

Lab time is seconds since the epoch. A `ScaledClock` starts at the real time and runs `rate` times as fast, so a
configured duration is never shortened: it only passes sooner. A `VirtualClock` moves when it is told to.
"""

from __future__ import annotations

import time

stopwatch = time.perf_counter
"""Real seconds from anywhere, finer than an event loop's own time."""


class ScaledClock:
    """Lab time that runs `rate` times as fast as real time.

    Args:
        rate: Lab seconds a real second, > 0. 1 is AWS's own pace.
        start: Lab time at the first reading, seconds since the epoch; the real time by default.
    """

    def __init__(self, rate: float = 1.0, start: float | None = None) -> None:
        if not rate > 0:
            raise ValueError(f"rate must be above 0, not {rate}")
        self.rate = rate
        self._real_base = time.monotonic()
        self._lab_base = time.time() if start is None else start

    def now(self) -> float:
        """Lab time, seconds since the epoch."""
        return self._lab_base + self.rate * (time.monotonic() - self._real_base)

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of lab time pass."""
        time.sleep(max(0.0, seconds) / self.rate)

    def real_seconds_until(self, at: float) -> float:
        """Real seconds until lab time `at`; 0 when it has passed."""
        return max(0.0, (at - self.now()) / self.rate)


class VirtualClock:
    """Time that passes only when somebody sleeps: an hour costs nothing."""

    rate = float("inf")

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Lab time, seconds since the epoch."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move time forward; never back."""
        assert seconds >= 0, "time can't go backwards"
        self._now += seconds
