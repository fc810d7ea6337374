"""When a process that was told to stop may stop: not before the last request it can still get was answered.

ECS deregisters a task before it sends SIGTERM, but load-balancer nodes hear of that at different times, and StopTask or
a dying host sends SIGTERM first. So the service goes on accepting after SIGTERM: it ends once no request came for
`quiet_s` and none is open, at the latest after `limit_s`, which must be below the stop timeout.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator


class Drain:
    """Counts requests, and waits for them to end.

    Args:
        quiet_s: No request for this long is the end of them.
        limit_s: Wait no longer than this.
        now: A monotonic clock, seconds.
    """

    def __init__(self, quiet_s: float, limit_s: float, now: Callable[[], float]) -> None:
        self._quiet_s, self._limit_s, self._now = quiet_s, limit_s, now
        self._last, self._changed = now(), asyncio.Event()
        self.open = 0
        self.started = False

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """One request, from its first byte to its answer."""
        self.open += 1
        self._touch()
        try:
            yield
        finally:
            self.open -= 1
            self._touch()

    def _touch(self) -> None:
        self._last = self._now()
        self._changed.set()

    async def wait(self) -> None:
        """Return when the service may end. `open` then says how many requests were given up."""
        self.started = True
        self._touch()
        limit = self._now() + self._limit_s
        while (wake := min(limit, float("inf") if self.open else self._last + self._quiet_s)) > self._now():
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wake - self._now()):
                    await self._changed.wait()
