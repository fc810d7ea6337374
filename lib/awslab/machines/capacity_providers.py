"""What a capacity provider does to the hosts of its Auto Scaling group: drains them, and guards the busy ones."""

from __future__ import annotations

from dataclasses import dataclass

DRAINING_HOOK = "ecs-managed-draining-termination-hook"  # AWS: the hook managed draining installs
DRAINING_HEARTBEAT_S = 3600.0  # AWS: its heartbeat timeout; default result CONTINUE
DRAINING_MAX_S = 48 * 3600.0  # AWS: managed draining gives up after 48 hours


@dataclass(frozen=True, slots=True)
class Provider:
    """One Auto Scaling group capacity provider associated with the cluster."""

    name: str
    group_name: str
    managed_draining: bool = True
    managed_termination_protection: bool = False
