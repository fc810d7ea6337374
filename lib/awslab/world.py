"""The world steps the machines in a fixed order, delivers what they say, and keeps the journal.

Looking never changes what happened: a machine is always told the time it asked for, however late the world is asked
to settle, so the journal is the same whether nobody looked for an hour or somebody looked a thousand times.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from threading import RLock
from typing import Protocol, TypeVar

from awslab.machines.machine import Event, Machine

STEPS_MAX = 5_000_000  # a settle that takes more than this is a machine that never rests
M = TypeVar("M", bound=Machine)
T = TypeVar("T")


class Clock(Protocol):
    """Lab time, seconds since the epoch."""

    def now(self) -> float:
        """Read it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal: what happened, when."""

    at: float
    event: Event

    def as_dict(self) -> dict:
        """The same as plain data."""
        return {"at": self.at, "event": type(self.event).__name__, **asdict(self.event)}


class World:
    """All machines, one clock, one seed, one journal.

    Args:
        clock: Where lab time comes from.
        seed: The same seed, scenario and data plane give the same journal.
    """

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.clock, self.seed = clock, seed
        self.now = clock.now()
        self.journal: list[Entry] = []
        self.machines: list[Machine] = []
        self.after_each_settle: list[Callable[[], None]] = []
        self._ears: dict[type[Event], tuple[Machine, ...]] = {}  # who hears a kind of event; emptied when they change
        self._lock = RLock()

    def random(self, name: str) -> random.Random:
        """A source of randomness of its own for `name`, so that adding a machine does not reshuffle the others."""
        return random.Random(f"{self.seed}:{name}")

    def add(self, machine: M) -> M:
        """Let a machine take part from now on; ties in time are broken by the order of adding."""
        assert all(m is not machine for m in self.machines)
        self.machines.append(machine)
        self._ears.clear()
        return machine

    def remove(self, machine: Machine) -> None:
        """Let a machine take part no longer."""
        self.machines.remove(machine)
        self._ears.clear()

    def of(self, kind: type[M]) -> list[M]:
        """The machines of one kind, oldest first."""
        return [m for m in self.machines if isinstance(m, kind)]

    def call(self, act: Callable[[], T]) -> T:
        """The one door for every API call: lock, settle, act, settle, answer."""
        with self._lock:
            self.settle()
            try:
                return act()
            finally:
                self._settled()

    def hear(self, *events: Event) -> None:
        """Something happened outside the machines (a process exited, a check answered), now."""
        with self._lock:
            self.settle()
            self.tell(events)
            self._settled()

    def tell(self, events: Iterable[Event]) -> None:
        """Journal events at `now` and deliver them, and what follows from them, until nothing follows."""
        queue = deque(events)
        steps = 0
        while queue:
            steps += 1
            assert steps < STEPS_MAX, f"machines never rest at {self.now}: {queue[0]}"
            event = queue.popleft()
            if not event.quiet:
                self.journal.append(Entry(self.now, event))
            for machine in self._hearing(type(event)):
                queue.extend(machine.on_event(event, self.now))

    def _hearing(self, kind: type[Event]) -> tuple[Machine, ...]:
        if kind not in self._ears:
            self._ears[kind] = tuple(m for m in self.machines if issubclass(kind, m.hears))
        return self._ears[kind]

    def settle(self) -> None:
        """Do everything that is due up to the clock's present, each thing at the time it was due."""
        with self._lock:
            horizon = self.clock.now()
            steps = 0
            while (due := self._next()) is not None and due[0] <= horizon:
                steps += 1
                assert steps < STEPS_MAX, f"machines never rest before {horizon}"
                at, machine = due
                assert at >= self.now, f"{machine.name} asked for the past: {at} < {self.now}"
                self.now = at
                self.tell(machine.on_time(at))
            self.now = max(self.now, horizon)

    def next_wake(self) -> float | None:
        """When something is next due, lab time; None when nothing is."""
        due = self._next()
        return due[0] if due else None

    def _next(self) -> tuple[float, Machine] | None:
        first = None
        for machine in self.machines:
            at = machine.wake_at()
            if at is not None and (first is None or at < first[0]):
                first = (at, machine)
        return first

    def _settled(self) -> None:
        self.settle()
        for told in self.after_each_settle:
            told()
