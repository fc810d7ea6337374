"""Reports every minute what load balancers, Auto Scaling groups, clusters and tasks did, as CloudWatch metrics.

Only what the lab knows is reported: there is no memory utilization, because nothing here measures any.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from awslab.machines.events import (
    InstanceLaunched,
    ListenerClosed,
    RequestsServed,
    TargetHealthChanged,
    WeightsChanged,
)
from awslab.machines.load_balancer_metrics import Gauge, Minute, Place, exact_key, host_counts
from awslab.machines.machine import Event, Machine
from awslab.machines.managed_scaling import ManagedScaling
from awslab.machines.metrics import MINUTE_S, Metrics, metric_key
from awslab.machines.processor_use import ProcessorUse
from awslab.machines.targets import TargetGroup

PUBLISH_AFTER_S = 5.0  # a minute is reported this long after its end; AWS takes longer, and does not say how long


class ScalingGroup(Protocol):
    """What is read of an Auto Scaling group."""

    name: str
    desired_capacity: int
    min_size: int
    max_size: int
    enabled_metrics: set[str]
    instances: dict


class Cluster(Protocol):
    """What is read of an ECS cluster."""

    cluster_name: str
    hosts: dict


class Publisher(Machine):
    """The one machine that feeds the metrics store with what AWS's services report of themselves.

    Args:
        metrics: Where to.
        target_groups: All of them, now.
        scaling_groups: All of them, now.
        clusters: All of them, now.
        managed: Every managed scaling, now.
        cpu_used_s: CPU seconds of a task since it started, see `ProcessorUse`.
        now: Lab time.
    """

    name = "publisher"
    hears = (RequestsServed, TargetHealthChanged, WeightsChanged, ListenerClosed, InstanceLaunched)

    def __init__(
        self,
        metrics: Metrics,
        *,
        target_groups: Callable[[], Iterable[TargetGroup]],
        scaling_groups: Callable[[], Iterable[ScalingGroup]],
        clusters: Callable[[], Iterable[Cluster]],
        managed: Callable[[], Iterable[ManagedScaling]] = tuple,
        cpu_used_s: Callable[[str], float | None] = lambda task_id: None,
        now: float,
    ) -> None:
        self.metrics = metrics
        self._target_groups, self._scaling_groups, self._clusters = target_groups, scaling_groups, clusters
        self._managed, self._processor_use = managed, ProcessorUse(cpu_used_s)
        self._minute = math.floor(now / MINUTE_S) * MINUTE_S  # the next to be reported
        self._minutes: dict[float, Minute] = {}
        self._zones: dict[str, str] = {}  # instance id -> availability zone
        self._healthy: dict[Place, Gauge] = {}
        self._unhealthy: dict[Place, Gauge] = {}

    def wake_at(self) -> float | None:
        """Shortly after the end of the minute."""
        return self._minute + MINUTE_S + PUBLISH_AFTER_S

    def on_time(self, now: float) -> Iterable[Event]:
        """Report one minute."""
        at, self._minute = self._minute, self._minute + MINUTE_S
        served = self._minutes.pop(at, Minute())
        served.publish(self.metrics, at)
        self._publish_hosts(at, now)
        self._publish_per_target(at, served.requests)
        self._publish_scaling_groups(at)
        self._publish_clusters(at)
        self._processor_use.publish(self.metrics, self._clusters(), at)
        for managed in self._managed():
            self.metrics.put(managed.tracking.metric, at, managed.reservation_percent(), unit="Percent")
        return ()

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Count requests and healthy hosts."""
        match event:
            case InstanceLaunched():
                self._zones[event.instance_id] = event.availability_zone
            case RequestsServed():
                self._count(event, now)
            case _:
                self._recount(now)
        return ()

    # ---- load balancers

    def _count(self, served: RequestsServed, now: float) -> None:
        # A report covers the time up to now, so one made on the stroke of the minute is of the minute before.
        at = max(self._minute, (math.ceil(now / MINUTE_S) - 1) * MINUTE_S)
        group = next((g for g in self._target_groups() if g.arn == served.target_group_arn), None)
        zone = self._zones.get(served.target_id, "")
        self._minutes.setdefault(at, Minute()).count(served, zone, group is not None and group.fails_open)

    def _recount(self, now: float) -> None:
        counts: dict[Place, tuple[int, int]] = {}
        for group in self._target_groups():
            counts |= host_counts(group, self._zones)
        for place in counts.keys() | self._healthy.keys():
            healthy, unhealthy = counts.get(place, (None, None))
            self._healthy.setdefault(place, Gauge(since=now)).set(healthy, now)
            self._unhealthy.setdefault(place, Gauge(since=now)).set(unhealthy, now)

    def _publish_hosts(self, at: float, now: float) -> None:
        for metric, gauges in (("HealthyHostCount", self._healthy), ("UnHealthyHostCount", self._unhealthy)):
            for place, gauge in gauges.items():
                gauge.roll(now)
                if (bucket := gauge.take(at)) is not None:
                    self.metrics.put_bucket(exact_key(place, metric), at, bucket, "Count")

    def _publish_per_target(self, at: float, requests: Counter[tuple[str, str, str]]) -> None:
        for group in self._target_groups():
            sizes = Counter({place: 0 for place in host_counts(group, self._zones)})
            for target in group.registered:
                for place in sizes:
                    sizes[place] += place.zone in ("", self._zones.get(target.target_id, ""))
            for place, size in sizes.items():
                seen = sum(n for (b, g, z), n in requests.items() if _within(place, b, g, z))
                for key in (exact_key(place, "RequestCountPerTarget", with_balancer=b) for b in (True, False)):
                    self.metrics.put(key, at, seen / size, unit="Count")

    # ---- Auto Scaling groups and clusters

    def _publish_scaling_groups(self, at: float) -> None:
        for group in self._scaling_groups():
            for name, value in _group_metrics(group):
                if name in group.enabled_metrics:
                    key = metric_key("AWS/AutoScaling", name, {"AutoScalingGroupName": group.name})
                    self.metrics.put(key, at, float(value), unit="None")

    def _publish_clusters(self, at: float) -> None:
        for cluster in self._clusters():
            hosts = [host for host in cluster.hosts.values() if host.here]  # active and draining ones count
            for name, used, registered in (
                ("CPUReservation", sum(h.cpu_used for h in hosts), sum(h.cpu_units for h in hosts)),
                ("MemoryReservation", sum(h.memory_used_mib for h in hosts), sum(h.memory_mib for h in hosts)),
            ):
                if registered:
                    key = metric_key("AWS/ECS", name, {"ClusterName": cluster.cluster_name})
                    self.metrics.put(key, at, 100 * used / registered, unit="Percent")


def _within(place: Place, balancer: str, group: str, zone: str) -> bool:
    return (place.load_balancer, place.target_group) == (balancer, group) and place.zone in ("", zone)


def _group_metrics(group: ScalingGroup) -> Iterator[tuple[str, int]]:
    states = Counter(str(one.lifecycle_state).split(":")[0] for one in group.instances.values())
    states.pop("Terminated", None)
    yield "GroupMinSize", group.min_size
    yield "GroupMaxSize", group.max_size
    yield "GroupDesiredCapacity", group.desired_capacity
    yield "GroupInServiceInstances", states["InService"]
    yield "GroupPendingInstances", states["Pending"]
    yield "GroupStandbyInstances", states["Standby"]
    yield "GroupTerminatingInstances", states["Terminating"]
    yield "GroupTotalInstances", states.total()
