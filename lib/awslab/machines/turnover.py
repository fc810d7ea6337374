"""Of one instance refresh: who is to leave, who has come, who of them is warm; kept as it changes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

from awslab.machines.instances import Instance
from awslab.machines.oldest import OldestFirst
from awslab.machines.roll import Roll, keep


class Turnover:
    """What a refresh counts.

    Args:
        roll: The group's.
        old: Ids of those to replace.
        since: Who was launched from then on, and is not to be replaced, has come for this refresh; lab time.
        warmup_s: From service to warm.
        may_leave: Whether one of the old may be taken now.

    Attributes:
        waiting: Old ones that are not leaving.
        held: Those of them that may not leave.
        idle: Those of them that may, and take nothing from capacity.
        arrived: New ones in service and healthy.
        warming: Those of them that are not warm, with the lab time when they are.
    """

    def __init__(
        self,
        roll: Roll,
        old: Iterable[str],
        since: float,
        warmup_s: float,
        may_leave: Callable[[Instance], bool],
    ) -> None:
        self._roll, self._old, self._since = roll, set(old), since
        self._warmup_s, self._may_leave = warmup_s, may_leave
        self.waiting: dict[str, Instance] = {}
        self.held: dict[str, Instance] = {}
        self.idle: dict[str, Instance] = {}
        self.arrived: dict[str, Instance] = {}
        self.warming: dict[str, float] = {}
        self._free = OldestFirst()  # waiting, and may leave: a line for each zone
        self._warm_next: list[tuple[float, str]] = []  # a heap; what differs from `warming` is stale in it
        self._fresh: list[str] = []
        for one in roll.instances.values():
            self.note(one)
        roll.watcher = self.note

    def note(self, one: Instance) -> None:
        """Something about an instance has changed."""
        if one.instance_id in self._old:
            self._note_old(one)
        elif one.launched_at >= self._since:
            self._note_new(one)

    def _note_old(self, one: Instance) -> None:
        waits = not one.leaving
        may_leave = waits and self._may_leave(one)
        keep(self.waiting, one, waits)
        keep(self.held, one, waits and not may_leave)
        keep(self.idle, one, may_leave and not one.available)
        self._free.put(one, one.availability_zone if may_leave else None)

    def _note_new(self, one: Instance) -> None:
        if not one.available:
            self.arrived.pop(one.instance_id, None)
            self.warming.pop(one.instance_id, None)
        elif one.instance_id not in self.arrived:
            self.arrived[one.instance_id] = one
            self.warming[one.instance_id] = warm_at = one.in_service_at + self._warmup_s
            heapq.heappush(self._warm_next, (warm_at, one.instance_id))
            self._fresh.append(one.instance_id)

    def warm_up(self, now: float) -> None:
        """Whoever is warm by `now` is warming no longer."""
        while self._warm_next and self._warm_next[0][0] <= now:
            warm_at, instance_id = heapq.heappop(self._warm_next)
            if self.warming.get(instance_id) == warm_at:
                del self.warming[instance_id]

    def take_fresh(self) -> list[tuple[str, float]]:
        """Who has come since the last call and is not warm, and when that will be."""
        fresh, self._fresh = self._fresh, []
        return [(i, self.warming[i]) for i in fresh if i in self.warming]

    def last_warm(self, now: float) -> float:
        """When whoever came last is warm; `now` when nobody came."""
        last = next(reversed(self.arrived.values()), None)
        return now if last is None else last.in_service_at + self._warmup_s

    def was_old(self, one: Instance) -> bool:
        """It was there to be replaced."""
        return one.instance_id in self._old

    @property
    def ready(self) -> int:
        """How many of the group are in service, healthy and warm."""
        return len(self._roll.available) - len(self.warming)

    @property
    def new_and_ready(self) -> int:
        """How many of those that came are."""
        return len(self.arrived) - len(self.warming)

    @property
    def anybody_free(self) -> bool:
        """Somebody old may leave."""
        return bool(self._free)

    def stop_waiting(self) -> None:
        """Nobody is to leave any more."""
        self._old.clear()
        for among in (self.waiting, self.held, self.idle, self._free):
            among.clear()

    def next_to_leave(self, count: int) -> list[Instance]:
        """Who leaves: always one of the zone that has most, the oldest of it first."""
        if count <= 0:
            return []
        left, order = self._roll.by_zone.copy(), []
        while len(order) < count and (firsts := self._free.firsts()):
            one = min(firsts, key=lambda i: (-left[i.availability_zone], i.launched_at, i.instance_id))
            left[one.availability_zone] -= 1
            self._free.put(one, None)
            order.append(one)
        return order
