"""What a task definition asks for, as far as placing and running its tasks goes."""

from __future__ import annotations

from dataclasses import dataclass

STOP_TIMEOUT_S = 30.0  # AWS: the agent's ECS_CONTAINER_STOP_TIMEOUT when the definition names no stopTimeout


class SecretNotFetched(Exception):
    """The agent could not read a secret; the text is the task's stoppedReason."""


@dataclass(frozen=True, slots=True)
class PortMapping:
    """One port of a container; `host_port` 0 is an ephemeral one."""

    container_port: int
    host_port: int = 0
    protocol: str = "tcp"


@dataclass(frozen=True, slots=True)
class ContainerDefinition:
    """The one container of a task.

    `stop_timeout_s` lies between SIGTERM and SIGKILL; `secrets` are variables and where their values are kept.
    """

    name: str
    image: str
    environment: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    ports: tuple[PortMapping, ...] = ()
    stop_timeout_s: float = STOP_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """One revision: 1024 CPU units are a vCPU, memory is the hard limit or else the reservation."""

    arn: str
    family: str
    revision: int
    cpu_units: int
    memory_mib: int
    container: ContainerDefinition

    @property
    def static_ports(self) -> frozenset[int]:
        """Host ports it insists on: one copy a host."""
        return frozenset(port.host_port for port in self.container.ports if port.host_port)


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """Where a service registers its tasks: one target a task."""

    target_group_arn: str
    container_name: str
    container_port: int
