"""Real time between two things that happen to one task is never shorter than lab time says.

The control process settles what is due all at once, after a slow API call too. Had it been away for a real second at
rate 60, a target's removal, the end of its deregistration delay, SIGTERM and SIGKILL would reach the data plane in one
moment, and requests would be lost that AWS would keep. So each target has a chain, and each link of it waits until as
much real time has passed since the link before as the world says.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol


class Loop(Protocol):
    """The part of an asyncio loop that is needed."""

    def time(self) -> float:
        """Monotonic real seconds."""

    def call_at(self, when: float, callback: Callable[[], None]) -> object:
        """Call back at a real time."""


class Pace:
    """Chains of actions, each in order and never closer together than in the world.

    Args:
        loop: Real time, and calls at a time of it.
        rate: Lab seconds a real second.
    """

    def __init__(self, loop: Loop, rate: float) -> None:
        self._loop, self._rate = loop, rate
        self._last: dict[Hashable, tuple[float, float]] = {}  # chain -> when its last link was due: lab, real

    def do(self, chain: Hashable, lab_now: float, act: Callable[[], None]) -> None:
        """Act now, or when enough real time has passed since the chain's last link.

        Args:
            chain: Whose actions must keep their distance.
            lab_now: When this happens in the world, lab seconds.
            act: What to do.
        """
        now = due = self._loop.time()
        if chain in self._last:
            lab_before, real_before = self._last[chain]
            due = max(now, real_before + max(0.0, lab_now - lab_before) / self._rate)
        self._last[chain] = (lab_now, due)
        if due > now:
            self._loop.call_at(due, act)
        else:
            act()

    def forget(self, chain: Hashable) -> None:
        """Nothing more will happen to it."""
        self._last.pop(chain, None)
