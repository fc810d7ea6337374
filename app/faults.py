"""What makes a release a bad one: late health failures, errors, slowness, crashes."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from settings import NEVER, Settings

CRASHED = 1
log = logging.getLogger("app")


class Faults:
    """The faults of one process, by its age.

    Args:
        settings: Which faults.
        now: A monotonic clock, seconds.
    """

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        self._settings, self._now, self._born = settings, now, now()
        self._credit = 0

    @property
    def age_s(self) -> float:
        """Seconds since the start."""
        return self._now() - self._born

    @property
    def healthy(self) -> bool:
        """`/healthz` may answer 200."""
        return self.age_s < self._settings.fail_health_after_s

    def fails(self, listener_port: str) -> bool:
        """Whether this request is one of the `error_percent`: every hundred hold exactly that many, evenly spread.

        Args:
            listener_port: The load balancer's, as it says in X-Forwarded-Port; "" when it came another way.
        """
        spared = self._settings.error_ports and listener_port not in map(str, self._settings.error_ports)
        if spared or self.age_s < self._settings.error_after_s:
            return False
        self._credit += self._settings.error_percent
        due, self._credit = divmod(self._credit, 100)
        return bool(due)

    async def slow_down(self) -> None:
        """Be as slow as told."""
        if self._settings.latency_s:
            await asyncio.sleep(self._settings.latency_s)

    def arm(self, loop: asyncio.AbstractEventLoop) -> None:
        """Crash when it is time: no goodbye to open requests, as a crash is."""
        if self._settings.exit_after_s < NEVER:
            loop.call_later(max(0.0, self._settings.exit_after_s - self.age_s), self._crash)

    def _crash(self) -> None:
        log.error("crashing, as told by EXIT_AFTER_S")
        logging.shutdown()
        os._exit(CRASHED)
