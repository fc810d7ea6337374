"""Where a task goes: what fits, what the constraints allow, what the strategies prefer; else why it goes nowhere.

AWS's order: resources and ports, then constraints, then each strategy in turn narrows what the one before left. Ties go
to the host with the fewest tasks of the group, then of all, then the one that registered first.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from awslab.machines.container_instances import ContainerInstance, InstanceStatus
from awslab.machines.task_definitions import TaskDefinition

ZONE = "attribute:ecs.availability-zone"
DISTINCT = "DistinctInstance placement constraint unsatisfied."
REASONS = {  # AWS: service event texts, by RunTask failure reason; the last checked is the closest match
    "AGENT": 'encountered error "AGENT"',
    DISTINCT: f'encountered error "{DISTINCT}"',
    "RESOURCE:CPU": "has insufficient CPU units available",
    "RESOURCE:MEMORY": "has insufficient memory available",
    "RESOURCE:PORTS": "is already using a port required by your task",
}


@dataclass(frozen=True, slots=True)
class Strategy:
    """`spread` over instanceId, host or attribute:NAME; `binpack` of cpu or memory; `random`."""

    type: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """A service's or RunTask's placement. AWS's default strategy spreads over zones, then hosts."""

    strategies: tuple[Strategy, ...] = (Strategy("spread", ZONE), Strategy("spread", "instanceId"))
    distinct_instance: bool = False


@dataclass(frozen=True, slots=True)
class Misfit:
    """No host will do. `failures` are RunTask's (container instance id, reason)."""

    failures: tuple[tuple[str, str], ...]
    no_instances: str = "No Container Instances were found in your cluster."

    @property
    def message(self) -> str:
        """The tail of the service event."""
        because = "because no container instance met all of its requirements."
        if not self.failures:
            return f"{because} Reason: {self.no_instances}"
        order = list(REASONS)
        closest, reason = max(self.failures, key=lambda failure: order.index(failure[1]))
        return f"{because} The closest matching container-instance {closest} {REASONS[reason]}."


@dataclass(slots=True)
class Placement:
    """One round of placing tasks of one group.

    Args:
        hosts: Every container instance of the cluster.
        tenants: Tasks of the group on each, by container instance id; kept up to date by `taken`.
        rng: For `random`.
    """

    hosts: Sequence[ContainerInstance]
    tenants: Counter[str]
    rng: random.Random
    _spreads: dict[str, Counter[str]] = field(default_factory=dict)

    def choose(
        self, definition: TaskDefinition, rules: Rules, may: Callable[[ContainerInstance], bool]
    ) -> ContainerInstance | Misfit:
        """The host for one more task, among those of which `may` is true."""
        asked = [host for host in self.hosts if host.status is InstanceStatus.ACTIVE and may(host)]
        fits, failures = [], []
        for host in asked:
            reason = self._refusal(host, definition, rules)
            if reason:
                failures.append((host.container_instance_id, reason))
            else:
                fits.append(host)
        if not fits:
            return Misfit(tuple(failures))
        for strategy in rules.strategies:
            fits = self._narrow(fits, strategy)
        return min(fits, key=lambda host: (self.tenants[host.container_instance_id], len(host.task_ids)))

    def taken(self, host: ContainerInstance) -> None:
        """A task of the group was placed there."""
        self.tenants[host.container_instance_id] += 1
        for name, spread in self._spreads.items():
            spread[host.attributes.get(name, "")] += 1

    def _refusal(self, host: ContainerInstance, definition: TaskDefinition, rules: Rules) -> str:
        if rules.distinct_instance and self.tenants[host.container_instance_id]:
            return DISTINCT
        return host.lacks(definition)

    def _narrow(self, fits: list[ContainerInstance], strategy: Strategy) -> list[ContainerInstance]:
        if strategy.type == "random":
            return [self.rng.choice(fits)]
        weight = self._weight(strategy)
        best = min(map(weight, fits))
        return [host for host in fits if weight(host) == best]

    def _weight(self, strategy: Strategy) -> Callable[[ContainerInstance], int]:
        if strategy.type == "binpack":
            if strategy.field == "cpu":
                return lambda host: host.cpu_units - host.cpu_used
            return lambda host: host.memory_mib - host.memory_used_mib
        if strategy.field in ("instanceId", "host"):
            return lambda host: self.tenants[host.container_instance_id]
        name = strategy.field.removeprefix("attribute:")
        if name not in self._spreads:
            self._spreads[name] = self._spread(name)
        spread = self._spreads[name]
        return lambda host: spread[host.attributes.get(name, "")]

    def _spread(self, name: str) -> Counter[str]:
        spread: Counter[str] = Counter()
        for host in self.hosts:
            spread[host.attributes.get(name, "")] += self.tenants[host.container_instance_id]
        return spread


def pick_provider(shares: Iterable[tuple[str, int, int]], placed: Counter[str]) -> str:
    """The capacity provider for one more task: its base first, then whoever is furthest behind its weight.

    Args:
        shares: (provider name, weight, base) as in a capacityProviderStrategy.
        placed: Tasks of the group on each provider now.
    """
    shares = tuple(shares)
    for name, _weight, base in shares:
        if placed[name] < base:
            return name
    bases = {name: base for name, _weight, base in shares}
    weighted = [(name, weight) for name, weight, _base in shares if weight > 0]
    return min(weighted, key=lambda share: (placed[share[0]] - bases[share[0]] + 1) / share[1])[0]
