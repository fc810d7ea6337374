"""Managed scaling: ECS sizes the Auto Scaling group of a capacity provider by what its tasks need.

AWS: "Amazon ECS cluster auto scaling" and the deep dive on it: of N instances M are needed, those with tasks and those
that waiting tasks would fill; CapacityProviderReservation is M / N in percent, and is held at the target capacity.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

from awslab.machines.cluster import Cluster
from awslab.machines.container_instances import CPU_UNITS_PER_VCPU, InstanceStatus
from awslab.machines.events import AlarmStateChanged, DesiredCapacityRequested
from awslab.machines.group import Group
from awslab.machines.launching import LaunchRefused
from awslab.machines.machine import Event, Machine, new_uuid
from awslab.machines.metrics import Metrics, metric_key
from awslab.machines.services import Service
from awslab.machines.task_definitions import TaskDefinition
from awslab.machines.tracking import LOOK_EVERY_S, Tracking, alarm_pair

NAMESPACE = "AWS/ECS/ManagedScaling"
EMPTY_PERCENT = 200.0  # AWS: reported when tasks wait and there is no instance
SCALE_IN_SHARE = 0.5  # AWS: at most half of the group at a time ("Faster scaling-in", 2022)


@dataclass(frozen=True, slots=True)
class ManagedSettings:
    """`managedScaling` of a capacity provider; the steps bound scaling out only."""

    target_percent: float = 100.0
    min_step: int = 1
    max_step: int = 10_000
    warmup_s: float = 300.0


class ManagedScaling(Machine):
    """The scaling policy that ECS keeps on one group.

    Args:
        provider_name: The capacity provider.
        cluster: It is associated with.
        group: Its Auto Scaling group.
        settings: As the provider has them.
        metrics: Where the reservation is reported.
        rng: Draws ids.
        now: Lab time.
    """

    hears = (AlarmStateChanged,)

    def __init__(
        self,
        provider_name: str,
        cluster: Cluster,
        group: Group,
        settings: ManagedSettings,
        metrics: Metrics,
        rng: random.Random,
        now: float,
    ) -> None:
        self.name = f"managed scaling {cluster.cluster_name}/{provider_name}"
        self.provider_name, self.cluster, self.group, self.settings = provider_name, cluster, group, settings
        named = {"CapacityProviderName": provider_name, "ClusterName": cluster.cluster_name}
        self.tracking = Tracking(
            metric_key(NAMESPACE, "CapacityProviderReservation", named),
            "Average",
            settings.target_percent,
            high_periods=1,
            low_share=1.0,
        )
        self.policy_name = f"ECSManagedAutoScalingPolicy-{new_uuid(rng)}"
        self.alarms = alarm_pair(group.name, self.policy_name, self.tracking, metrics, rng, now)
        self._look_at: float | None = None

    @property
    def gone(self) -> bool:
        """Its group is being deleted."""
        return self.group.being_deleted

    # ---- what is needed

    def needed(self) -> int:
        """M: instances with a task, and those that the tasks without a place would fill."""
        busy = sum(bool(host.task_ids) for host in self._hosts())
        return busy + sum(self._instances_for(service) for service in self.cluster.services.values())

    def present(self) -> int:
        """N: instances in service."""
        return len(self.group.roll.available)

    def reservation_percent(self) -> float:
        """AWS/ECS/ManagedScaling CapacityProviderReservation."""
        needed, present = self.needed(), self.present()
        if not present:
            return EMPTY_PERCENT if needed else 100.0
        return 100.0 * needed / present

    def _hosts(self):
        hosts = self.cluster.hosts.values()
        return [h for h in hosts if h.group_name == self.group.name and h.status is InstanceStatus.ACTIVE]

    def _instances_for(self, service: Service) -> int:
        """Instances that would hold the tasks of one service for which no place was found."""
        if not service.unable or service.status != "ACTIVE":
            return 0
        count = 0
        for task_set in service.task_sets:
            if self.provider_name not in {share.name for share in task_set.provider_shares}:
                continue
            placed = sum(task.wanted for task in service.tasks_of(task_set))
            waiting = task_set.computed_desired_count(service.desired_count) - placed
            count += math.ceil(max(0, waiting) / self._tasks_each(service, task_set.definition))
        return count

    def _tasks_each(self, service: Service, definition: TaskDefinition) -> int:
        if service.rules.distinct_instance or definition.static_ports:
            return 1
        try:
            spec = self.group.next_spec()
        except LaunchRefused:  # nothing can be launched, so its size does not matter; the group says so itself
            return 1
        by_cpu = spec.vcpus * CPU_UNITS_PER_VCPU // definition.cpu_units if definition.cpu_units else math.inf
        by_memory = spec.memory_mib // definition.memory_mib if definition.memory_mib else math.inf
        return max(1, int(min(by_cpu, by_memory, 1000)))

    # ---- scaling

    def wake_at(self) -> float | None:
        """A minute after the last look, while an alarm rings."""
        return self._look_at

    def on_time(self, now: float) -> Iterable[Event]:
        """Look again."""
        return self._look(now)

    def on_event(self, event: AlarmStateChanged, now: float) -> Iterable[Event]:
        """One of its alarms rings."""
        return self._look(now) if self.alarms.ring(event.alarm_name) and event.new_state == "ALARM" else ()

    def _look(self, now: float) -> list[Event]:
        rings = [alarm for alarm in self.alarms if alarm.state == "ALARM"]
        self._look_at = now + LOOK_EVERY_S if rings and not self.gone else None
        if self._look_at is None:
            return []
        wanted = self._wanted(now)
        bounded = min(max(wanted, self.group.min_size), self.group.max_size)
        if bounded == self.group.desired_capacity:
            return []
        cause = f"monitor alarm {rings[0].alarm_name} in state ALARM triggered policy {self.policy_name}"
        return [DesiredCapacityRequested(group_name=self.group.name, desired_capacity=bounded, cause=cause)]

    def _wanted(self, now: float) -> int:
        desired, present = self.group.desired_capacity, self.present()
        aim = self.tracking.wanted(present, self.reservation_percent()) if present else self.needed()
        if self.alarms.high.state == "ALARM":
            if self._arriving(now):  # AWS: instances that warm up will count, so none are added meanwhile
                return desired
            step = min(max(aim - present, self.settings.min_step), self.settings.max_step)
            return max(desired, present + step) if aim > present else desired
        return min(desired, max(aim, desired - max(1, int(desired * SCALE_IN_SHARE))))

    def _arriving(self, now: float) -> bool:
        warm_before = now - self.settings.warmup_s
        counted = self.group.roll.counted.values()
        return any(one.in_service_at is None or one.in_service_at > warm_before for one in counted)
