"""Be called at the very moments of a comb: start, start + 1/rate, start + 2/rate … until it is given another rate.

An event loop alone cannot: epoll's timeouts are whole milliseconds, rounded up, so the median request would leave
0.6 ms late. On Linux a timerfd wakes the loop instead. Elsewhere (kqueue, select) timeouts are fine enough for
`call_at`, but not through uvloop, whose timers are whole milliseconds too.
"""

from __future__ import annotations

import asyncio
import ctypes
import math
import os
import selectors
import sys
from collections.abc import Callable

from hitless.clock import monotonic_s

CLOCK_MONOTONIC, TFD_TIMER_ABSTIME = 1, 1
TFD_FLAGS = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
AFTER_NS = 200  # a timer that went off before the tooth it is for would be of no use: seconds are not exact to the ns
WAKES = 100  # until the timer is set anew; its period, whole ns rounded up, has made it late by that many ns


class Comb:
    """Calls `send(intended, now)` for each tooth of the comb, never skipping one, until stopped; `sent` counts them."""

    def __init__(self, rate_per_s: float, start: float, send: Callable[[float, float], None]) -> None:
        self.rate_per_s, self._start, self._send = rate_per_s, start, send
        self._first = 0  # the tooth that is at `_start`
        self.sent, self._intended = 0, start

    def set_rate(self, rate_per_s: float) -> float:
        """Space the teeth to come anew; what is due already leaves as it was meant to.

        Returns:
            The monotonic second of the first tooth at the new rate: never later than the old rate had it.
        """
        self._intended = self._start = min(self.catch_up(), monotonic_s() + 1 / rate_per_s)
        self._first, self.rate_per_s = self.sent, rate_per_s
        return self._start

    def catch_up(self) -> float:
        """Send all that is due; returns when the next is."""
        now = monotonic_s()
        while self._intended <= now:
            self.sent += 1
            self._send(self._intended, now)
            self._intended = self._start + (self.sent - self._first) / self.rate_per_s
            if self._intended <= now:
                now = monotonic_s()
        return self._intended


class TimerfdPacer:
    """Wakes the loop by a Linux timerfd that goes off for every tooth.

    It is set once for many: for a call through ctypes much has to be fetched into the processor's caches, which costs a
    tenth of a request and more.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, comb: Comb) -> None:
        self._loop, self._comb = loop, comb
        self._libc = ctypes.PyDLL(None, use_errno=True)  # nothing here blocks: to give up the GIL is not worth it
        self._fd = self._libc.timerfd_create(CLOCK_MONOTONIC, TFD_FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._spec = (ctypes.c_long * 4)()
        loop.add_reader(self._fd, self._on_time)
        self._set(comb.catch_up())

    def set_rate(self, rate_per_s: float) -> float:
        """Go on at another rate; returns the monotonic second of its first request."""
        first = self._comb.set_rate(rate_per_s)
        self._set(first)
        return first

    def stop(self) -> None:
        """Send no more."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _on_time(self) -> None:
        tooth = self._comb.catch_up()  # first of all, for a request waits
        try:
            if os.eventfd_read(self._fd) > 1:  # it went off once more since: a timerfd is read as an eventfd is
                tooth = self._comb.catch_up()
        except BlockingIOError:  # it was set anew after it had gone off
            return
        self._wakes_left -= 1
        if not self._wakes_left:
            self._set(tooth)

    def _set(self, tooth: float) -> None:
        period_ns, first_ns = math.ceil(1e9 / self._comb.rate_per_s), math.ceil(1e9 * tooth) + AFTER_NS
        self._spec[:] = [*divmod(period_ns, 1_000_000_000), *divmod(first_ns, 1_000_000_000)]
        if self._libc.timerfd_settime(self._fd, TFD_TIMER_ABSTIME, ctypes.byref(self._spec), None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")
        self._wakes_left = WAKES


class LoopPacer:
    """Wakes the loop by its own timers; for loops whose timers are finer than a millisecond."""

    def __init__(self, loop: asyncio.AbstractEventLoop, comb: Comb) -> None:
        self._loop, self._comb = loop, comb
        self._handle = loop.call_soon(self._on_time)

    def set_rate(self, rate_per_s: float) -> float:
        """Go on at another rate; returns the monotonic second of its first request."""
        self._handle.cancel()
        first = self._comb.set_rate(rate_per_s)
        self._on_time()
        return first

    def stop(self) -> None:
        """Send no more."""
        self._handle.cancel()

    def _on_time(self) -> None:
        wait_s = self._comb.catch_up() - monotonic_s()
        self._handle = self._loop.call_later(max(0.0, wait_s), self._on_time)


def new_loop_and_pacer() -> tuple[asyncio.AbstractEventLoop, type[TimerfdPacer] | type[LoopPacer]]:
    """The finest pair this machine has."""
    if sys.platform == "linux":
        return _uvloop_or_asyncio(), TimerfdPacer
    fine = selectors.DefaultSelector()
    if isinstance(fine, getattr(selectors, "KqueueSelector", ())):
        return asyncio.SelectorEventLoop(fine), LoopPacer
    fine.close()
    return asyncio.SelectorEventLoop(selectors.SelectSelector()), LoopPacer


def _uvloop_or_asyncio() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
