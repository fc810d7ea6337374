"""One ECS task: where it is in AWS's lifecycle, what stopped it, who sends it requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from awslab.machines.task_definitions import LoadBalancer, PortMapping, TaskDefinition

TargetKey = tuple[str, str, int]  # target group ARN, instance id, host port
NOT_IN_USE = "Target.NotInUse"


class TaskStatus(StrEnum):
    """AWS's lastStatus."""

    PROVISIONING = "PROVISIONING"
    PENDING = "PENDING"
    ACTIVATING = "ACTIVATING"
    RUNNING = "RUNNING"
    DEACTIVATING = "DEACTIVATING"
    STOPPING = "STOPPING"
    DEPROVISIONING = "DEPROVISIONING"
    STOPPED = "STOPPED"


T = TaskStatus
TRANSITIONS: dict[TaskStatus, tuple[TaskStatus, ...]] = {
    T.PROVISIONING: (T.PENDING, T.DEPROVISIONING),
    T.PENDING: (T.ACTIVATING, T.DEPROVISIONING),
    T.ACTIVATING: (T.RUNNING, T.STOPPING, T.DEPROVISIONING),
    T.RUNNING: (T.DEACTIVATING, T.STOPPING, T.DEPROVISIONING),
    T.DEACTIVATING: (T.STOPPING, T.DEPROVISIONING),
    T.STOPPING: (T.DEPROVISIONING,),
    T.DEPROVISIONING: (T.STOPPED,),
    T.STOPPED: (),
}
STARTING = (T.PROVISIONING, T.PENDING, T.ACTIVATING)
HAS_PROCESS = (T.ACTIVATING, T.RUNNING, T.DEACTIVATING, T.STOPPING)


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """What somebody wants run: a service's task set, or RunTask."""

    definition: TaskDefinition
    group: str
    started_by: str = ""
    service_name: str = ""
    task_set_id: str = ""
    load_balancers: tuple[LoadBalancer, ...] = ()
    environment: tuple[tuple[str, str], ...] | None = None  # RunTask's, on top of the definition's
    command: tuple[str, ...] | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, eq=False)
class Task:
    """A task from placement to oblivion. `targets` holds each target's state as the load balancer last told it."""

    task_id: str
    order: TaskOrder
    instance_id: str
    container_instance_id: str
    availability_zone: str
    provider_name: str
    created_at: float
    last_status: TaskStatus = T.PROVISIONING
    desired_status: str = "RUNNING"
    image_digest: str = ""
    host_port: int | None = None
    targets: dict[TargetKey, str] = field(default_factory=dict)
    settled: bool = False
    unhealthy: bool = False
    was_healthy: bool = False
    host_lost: bool = False
    pull_started_at: float | None = None
    started_at: float | None = None
    stopping_at: float | None = None
    execution_stopped_at: float | None = None
    stopped_at: float | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    exit_code: int | None = None
    container_reason: str = ""
    version: int = 1

    @property
    def definition(self) -> TaskDefinition:
        """The revision it runs."""
        return self.order.definition

    @property
    def port(self) -> PortMapping:
        """The port the load balancer uses, else the first one; container port 0 when it listens on none."""
        balanced = {balancer.container_port for balancer in self.order.load_balancers}
        ports = self.definition.container.ports
        first = ports[0] if ports else PortMapping(0)
        return next((port for port in ports if port.container_port in balanced), first)

    @property
    def wanted(self) -> bool:
        """Nobody has asked it to stop."""
        return self.desired_status == "RUNNING"

    @property
    def starting(self) -> bool:
        """It is what AWS counts as pending."""
        return self.wanted and self.last_status in STARTING

    @property
    def running(self) -> bool:
        """It is what AWS counts as running."""
        return self.last_status is T.RUNNING

    @property
    def healthy(self) -> bool:
        """It counts towards the minimum healthy percent.

        AWS: behind a load balancer when every target is healthy (a target of a group no listener uses is not checked
        and holds nothing up); without one 40 s after RUNNING.
        """
        if not (self.wanted and self.running) or self.unhealthy:
            return False
        if self.order.load_balancers:
            return all(state in ("healthy", NOT_IN_USE) for state in self.targets.values())
        return self.settled

    def move(self, status: TaskStatus) -> None:
        """Change lastStatus; an illegal change is a bug in the lab and changes nothing."""
        assert status in TRANSITIONS[self.last_status], f"{self.task_id}: {self.last_status} -> {status}"
        self.last_status = status
        self.version += 1

    def stop_wanted(self, code: str, reason: str, now: float) -> None:
        """Remember why it stops; the first reason stays."""
        self.desired_status, self.stopping_at = "STOPPED", now
        self.stop_code, self.stopped_reason = code, reason


def count(tasks: Iterable[Task]) -> tuple[int, int]:
    """AWS's (runningCount, pendingCount)."""
    running = pending = 0
    for task in tasks:
        running += task.running
        pending += task.starting
    return running, pending
