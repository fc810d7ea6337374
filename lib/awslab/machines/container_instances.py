"""A host as ECS sees it: what it has, what is taken, and whether tasks may come."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from awslab.machines.events import LaunchSpec
from awslab.machines.task_definitions import TaskDefinition

RESERVED_PORTS = frozenset({22, 2375, 2376, 51678, 51679, 51680})  # AWS: SSH, Docker, the agent
CPU_UNITS_PER_VCPU = 1024  # AWS: CPU units of one vCPU


class InstanceStatus(StrEnum):
    """Container-instance status."""

    REGISTERING = "REGISTERING"
    ACTIVE = "ACTIVE"
    DRAINING = "DRAINING"
    DEREGISTERING = "DEREGISTERING"
    INACTIVE = "INACTIVE"


I = InstanceStatus  # noqa: E741
TRANSITIONS: dict[InstanceStatus, tuple[InstanceStatus, ...]] = {
    I.REGISTERING: (I.ACTIVE,),
    I.ACTIVE: (I.DRAINING, I.DEREGISTERING),
    I.DRAINING: (I.ACTIVE, I.DEREGISTERING),
    I.DEREGISTERING: (I.INACTIVE,),
    I.INACTIVE: (),
}


@dataclass(slots=True, eq=False)
class ContainerInstance:
    """One EC2 instance whose agent registered with a cluster.

    `hook_name` is the terminate hook that waits for it to be empty; `protected` what managed termination protection
    last asked of Auto Scaling, None before it asked anything.
    """

    container_instance_id: str
    instance_id: str
    availability_zone: str
    subnet_id: str
    group_name: str
    spec: LaunchSpec
    registered_at: float
    status: InstanceStatus = I.REGISTERING
    agent_connected: bool = True
    cpu_used: int = 0
    memory_used_mib: int = 0
    ports_used: set[int] = field(default_factory=lambda: set(RESERVED_PORTS))
    task_ids: dict[str, None] = field(default_factory=dict)
    hook_name: str = ""
    protected: bool | None = None
    version: int = 1
    attributes: dict[str, str] = field(init=False)  # the built-in ones that placement can use

    def __post_init__(self) -> None:
        self.attributes = {
            "ecs.ami-id": self.spec.image_id,
            "ecs.availability-zone": self.availability_zone,
            "ecs.instance-type": self.spec.instance_type,
            "ecs.os-type": "linux",
            "ecs.subnet-id": self.subnet_id,
        }

    @property
    def cpu_units(self) -> int:
        """CPU units it registered with."""
        return self.spec.vcpus * CPU_UNITS_PER_VCPU

    @property
    def memory_mib(self) -> int:
        """Memory it registered with."""
        return self.spec.memory_mib

    @property
    def here(self) -> bool:
        """It is one of the cluster's: active or draining."""
        return self.status in (I.ACTIVE, I.DRAINING)

    def move(self, status: InstanceStatus) -> None:
        """Change status; an illegal change is a bug in the lab and changes nothing."""
        assert status in TRANSITIONS[self.status], f"{self.instance_id}: {self.status} -> {status}"
        self.status = status
        self.version += 1

    def lacks(self, definition: TaskDefinition) -> str:
        """Why one more task does not fit, as RunTask's failures say it; empty when it fits."""
        if not self.agent_connected:
            return "AGENT"
        if self.cpu_used + definition.cpu_units > self.cpu_units:
            return "RESOURCE:CPU"
        if self.memory_used_mib + definition.memory_mib > self.memory_mib:
            return "RESOURCE:MEMORY"
        return "RESOURCE:PORTS" if self.ports_used & definition.static_ports else ""

    def take(self, task_id: str, definition: TaskDefinition) -> None:
        """Hold room for a task from its placement until it is STOPPED."""
        self.task_ids[task_id] = None
        self.cpu_used += definition.cpu_units
        self.memory_used_mib += definition.memory_mib
        self.ports_used |= definition.static_ports

    def give_back(self, task_id: str, definition: TaskDefinition) -> None:
        """A task here is STOPPED."""
        del self.task_ids[task_id]
        self.cpu_used -= definition.cpu_units
        self.memory_used_mib -= definition.memory_mib
        self.ports_used -= definition.static_ports
