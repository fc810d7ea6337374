"""What every machine is: something that asks for a time, is told it, and hears what others did."""

from __future__ import annotations

import heapq
import random
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at one instant. Subclasses live in `events`."""

    quiet: ClassVar[bool] = False  # True: too frequent for the journal (health checks, request counts)


class Machine:
    """One thing that changes with time.

    The world calls `on_time` with **the time the machine asked for**, never the time it got round to it, and `on_event`
    with what others did at that instant. Both return what follows from it. A machine touches nothing outside itself but
    by returning events; it may hold references to other machines to *read* them.
    """

    name: str = ""
    hears: tuple[type[Event], ...] = ()

    def wake_at(self) -> float | None:
        """When something is next due; None when nothing is."""
        return None

    def on_time(self, now: float) -> Iterable[Event]:
        """Do what is due at `now`."""
        return ()

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Hear one event of a type in `hears`, at the instant it happened."""
        return ()


class Timers:
    """Named alarms of one machine, earliest first; setting a name again moves it."""

    def __init__(self) -> None:
        self._due: dict[Hashable, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, Hashable]] = []
        self._count = 0

    def set(self, key: Hashable, at: float) -> None:
        """Ring `key` at lab time `at`, instead of any earlier setting of it."""
        self._count += 1
        self._due[key] = (at, self._count)
        heapq.heappush(self._heap, (at, self._count, key))

    def cancel(self, key: Hashable) -> None:
        """Forget `key`; harmless when it is not set."""
        self._due.pop(key, None)

    def at(self, key: Hashable) -> float | None:
        """When `key` rings."""
        return self._due[key][0] if key in self._due else None

    def next(self) -> float | None:
        """The earliest time set, or None."""
        heap, due = self._heap, self._due
        while heap and due.get(heap[0][2]) != heap[0][:2]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: float) -> list[Hashable]:
        """Remove and return every key due at `now`, in the order they were due."""
        keys = []
        while (at := self.next()) is not None and at <= now:
            keys.append(heapq.heappop(self._heap)[2])
            del self._due[keys[-1]]
        return keys


def new_uuid(rng: random.Random) -> str:
    """A UUID-shaped id drawn from a machine's own randomness, so that the same seed gives the same ids."""
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
