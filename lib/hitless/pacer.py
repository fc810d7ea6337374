"""Be called at the very moments of a comb: start, start + 1/rate, start + 2/rate … until it is given another rate.

An event loop alone cannot: epoll's timeouts are whole milliseconds, rounded up, so the median request would leave
0.6 ms late. On Linux a timerfd wakes the loop instead. Elsewhere (kqueue, select) timeouts are fine enough for
`call_at`, but not through uvloop, whose timers are whole milliseconds too.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import selectors
import sys
from collections.abc import Callable

from hitless.clock import monotonic_s

CLOCK_MONOTONIC, TFD_TIMER_ABSTIME = 1, 1
TFD_FLAGS = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)


class Comb:
    """Calls `send(i, intended, now)` for each tooth of the comb, never skipping one, until stopped."""

    def __init__(self, rate_per_s: float, start: float, send: Callable[[int, float, float], None]) -> None:
        self._rate, self._start, self._send, self._next = rate_per_s, start, send, 0
        self._first = 0  # the tooth that is at `_start`

    def tooth(self, i: int) -> float:
        """The monotonic second at which request `i` is meant to leave; of those to come only."""
        return self._start + (i - self._first) / self._rate

    def set_rate(self, rate_per_s: float) -> float:
        """Space the teeth to come anew; what is due already leaves as it was meant to.

        Returns:
            The monotonic second of the first tooth at the new rate: never later than the old rate had it.
        """
        self.catch_up()
        self._start = min(self.tooth(self._next), monotonic_s() + 1 / rate_per_s)
        self._first, self._rate = self._next, rate_per_s
        return self._start

    def catch_up(self) -> float:
        """Send all that is due; returns when the next is."""
        while (intended := self.tooth(self._next)) <= (now := monotonic_s()):
            self._send(self._next, intended, now)
            self._next += 1
        return intended


class TimerfdPacer:
    """Wakes the loop by a Linux timerfd, armed for the next tooth in absolute nanoseconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, comb: Comb) -> None:
        self._loop, self._comb = loop, comb
        self._libc = ctypes.PyDLL(None, use_errno=True)  # nothing here blocks: to give up the GIL is not worth it
        self._fd = self._libc.timerfd_create(CLOCK_MONOTONIC, TFD_FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._spec = (ctypes.c_long * 4)()
        self._arm = (self._fd, TFD_TIMER_ABSTIME, ctypes.byref(self._spec), None)
        loop.add_reader(self._fd, self._on_time)
        self._on_time()

    def set_rate(self, rate_per_s: float) -> float:
        """Go on at another rate; returns the monotonic second of its first request."""
        first = self._comb.set_rate(rate_per_s)
        self._on_time()
        return first

    def stop(self) -> None:
        """Send no more."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _on_time(self) -> None:
        self._spec[2], self._spec[3] = divmod(round(self._comb.catch_up() * 1e9), 1_000_000_000)
        # Arming anew also takes back the expiry that woke us, so the descriptor need not be read.
        if self._libc.timerfd_settime(*self._arm) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")


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
