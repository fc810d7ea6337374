"""What an AppSpec for ECS says: which task set to create, and which functions to call on the way."""

from __future__ import annotations

from dataclasses import dataclass

from awslab.machines.task_definitions import LoadBalancer, TaskDefinition
from awslab.machines.task_sets import ProviderShare


@dataclass(frozen=True, slots=True)
class AppSpec:
    """One AppSpec.

    Attributes:
        task_definition: As written: an ARN, or family:revision.
        container_name: Which container gets requests.
        container_port: On which of its ports.
        provider_shares: CapacityProviderStrategy; without one the new task set has launch type EC2, as on AWS, whatever
            the service had before.
        hooks: (lifecycle event, function name or ARN), …
    """

    task_definition: str
    container_name: str
    container_port: int
    provider_shares: tuple[ProviderShare, ...] = ()
    hooks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an AppSpec comes to in a cluster: all that a task set needs."""

    definition: TaskDefinition
    load_balancer: LoadBalancer
    provider_shares: tuple[ProviderShare, ...]


class PlanRefused(Exception):
    """ECS would not create this task set; says why in ECS's words."""
