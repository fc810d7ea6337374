"""AWS/ECS CPUUtilization: what tasks used of the CPU units they reserve, and clusters of those they have."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from awslab.machines.cluster import Cluster
from awslab.machines.container_instances import CPU_UNITS_PER_VCPU
from awslab.machines.metrics import MINUTE_S, Metrics, metric_key
from awslab.machines.services import Service
from awslab.machines.tasks import Task


class ProcessorUse:
    """CPU time of tasks, minute by minute.

    Args:
        used_s: CPU seconds (of lab time) a task has used since it started; None when nothing measures it.
    """

    def __init__(self, used_s: Callable[[str], float | None]) -> None:
        self._used_s = used_s
        self._before: dict[str, float] = {}  # task id -> used up to the last minute

    def publish(self, metrics: Metrics, clusters: Iterable[Cluster], at: float) -> None:
        """Report the minute that begins at `at`. AWS: a service's share is of what its task definition reserves."""
        before, self._before = self._before, {}
        for cluster in clusters:
            units = {task.task_id: u for task in cluster.tasks.values() if (u := self._units(task, before)) is not None}
            self._publish_cluster(metrics, cluster, units, at)
            for service in cluster.services.values():
                self._publish_service(metrics, cluster, service, units, at)

    def _units(self, task: Task, before: dict[str, float]) -> float | None:
        """CPU units one task used on average, from its second minute on."""
        used_s = self._used_s(task.task_id) if task.running else None
        if used_s is None:
            return None
        self._before[task.task_id] = used_s
        if task.task_id not in before:
            return None
        return max(0.0, used_s - before[task.task_id]) / MINUTE_S * CPU_UNITS_PER_VCPU

    def _publish_cluster(self, metrics: Metrics, cluster: Cluster, units: dict[str, float], at: float) -> None:
        registered = sum(host.cpu_units for host in cluster.hosts.values() if host.here)
        if registered and units:
            key = metric_key("AWS/ECS", "CPUUtilization", {"ClusterName": cluster.cluster_name})
            metrics.put(key, at, 100 * sum(units.values()) / registered, unit="Percent")

    def _publish_service(
        self, metrics: Metrics, cluster: Cluster, service: Service, units: dict[str, float], at: float
    ) -> None:
        named = {"ClusterName": cluster.cluster_name, "ServiceName": service.name}
        key = metric_key("AWS/ECS", "CPUUtilization", named)
        for task in service.tasks.values():
            if task.task_id in units and task.definition.cpu_units:
                metrics.put(key, at, 100 * units[task.task_id] / task.definition.cpu_units, unit="Percent")
