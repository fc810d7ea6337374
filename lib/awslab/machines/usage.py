"""What CloudWatch reads of a cluster: counts of tasks, and how much of the hosts is reserved."""

from __future__ import annotations

from dataclasses import dataclass

from awslab.machines.cluster import Cluster
from awslab.machines.services import Service
from awslab.machines.tasks import count


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of tasks, and reserved and registered resources; a service has nothing registered."""

    desired_count: int
    running_count: int
    pending_count: int
    cpu_units_reserved: int
    memory_mib_reserved: int
    cpu_units_registered: int = 0
    memory_mib_registered: int = 0

    @property
    def cpu_reservation_percent(self) -> float | None:
        """AWS/ECS CPUReservation; None without container instances, as AWS then reports nothing."""
        return _percent(self.cpu_units_reserved, self.cpu_units_registered)

    @property
    def memory_reservation_percent(self) -> float | None:
        """AWS/ECS MemoryReservation; None without container instances."""
        return _percent(self.memory_mib_reserved, self.memory_mib_registered)


def cluster_usage(cluster: Cluster) -> Usage:
    """The whole cluster: its active and draining container instances."""
    hosts = [host for host in cluster.hosts.values() if host.here]
    running, pending = count(cluster.tasks.values())
    return Usage(
        desired_count=sum(s.desired_count for s in cluster.services.values() if s.status == "ACTIVE"),
        running_count=running,
        pending_count=pending,
        cpu_units_reserved=sum(host.cpu_used for host in hosts),
        memory_mib_reserved=sum(host.memory_used_mib for host in hosts),
        cpu_units_registered=sum(host.cpu_units for host in hosts),
        memory_mib_registered=sum(host.memory_mib for host in hosts),
    )


def service_usage(service: Service) -> Usage:
    """One service: what its tasks reserve wherever they are."""
    running, pending = count(service.tasks.values())
    return Usage(
        desired_count=service.desired_count,
        running_count=running,
        pending_count=pending,
        cpu_units_reserved=sum(task.definition.cpu_units for task in service.tasks.values()),
        memory_mib_reserved=sum(task.definition.memory_mib for task in service.tasks.values()),
    )


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None
