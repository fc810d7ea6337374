"""Who of a group is in which state, kept as it changes: to look at ten thousand costs what it costs to look at ten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from awslab.machines.events import LaunchSpec
from awslab.machines.instances import Instance
from awslab.machines.oldest import OldestFirst


class Roll:
    """The instances of one group by id, in order of launch, and those of them that count for something.

    Whoever changes an instance says so by `note`.

    Attributes:
        instances: All but the terminated.
        counted: Those that count towards the group's capacity.
        available: Those in service and healthy.
        leaving: Those that terminate.
        unhealthy: Those to be replaced for it.
        by_zone: How many are counted in each availability zone.
        by_kind: The same by zone and launch specification.
        unprotected: Those that are counted and may be scaled in, in a line for each kind of equals among them.
        watcher: Is told of each change; a refresh that runs.
    """

    def __init__(self) -> None:
        self.instances: dict[str, Instance] = {}
        self.counted: dict[str, Instance] = {}
        self.available: dict[str, Instance] = {}
        self.leaving: dict[str, Instance] = {}
        self.unhealthy: dict[str, Instance] = {}
        self.by_zone: Counter[str] = Counter()
        self.by_kind: Counter[tuple[str, LaunchSpec]] = Counter()
        self.unprotected = OldestFirst()
        self.watcher: Callable[[Instance], None] | None = None

    def add(self, one: Instance) -> None:
        """An instance was launched."""
        self.instances[one.instance_id] = one
        self.note(one)

    def remove(self, instance_id: str) -> Instance:
        """An instance is terminated."""
        self.leaving.pop(instance_id, None)
        return self.instances.pop(instance_id)

    def note(self, one: Instance) -> None:
        """Something about an instance has changed."""
        counted, available, leaving = one.counted, one.available, one.leaving
        if (one.instance_id in self.counted) != counted:
            more = 1 if counted else -1
            self.by_zone[one.availability_zone] += more
            self.by_kind[one.availability_zone, one.spec] += more
        keep(self.counted, one, counted)
        keep(self.available, one, available)
        keep(self.leaving, one, leaving)
        keep(self.unhealthy, one, one.health_status == "Unhealthy" and not leaving)
        equals = (one.availability_zone, available, one.spec.launch_template_version)
        self.unprotected.put(one, equals if counted and not one.protected else None)
        if self.watcher is not None:
            self.watcher(one)


def keep(among: dict[str, Instance], one: Instance, belongs: bool) -> None:
    """Have an instance among others, or not; one that is there stays in its place."""
    if belongs:
        among.setdefault(one.instance_id, one)
    else:
        among.pop(one.instance_id, None)
