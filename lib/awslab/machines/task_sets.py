"""A task set: one revision of a service at one scale.

A CODE_DEPLOY service shows its task sets as such; for the ECS controller the same thing is called a deployment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from awslab.machines.task_definitions import LoadBalancer, TaskDefinition

THROTTLE_AFTER = 3  # failed starts in a row before the scheduler slows down; AWS documents no number
THROTTLE_FIRST_S = 15.0  # then doubling; AWS documents only that the delay grows
THROTTLE_MAX_S = 27 * 60.0  # AWS: service throttle logic, 27 minutes at most
BREAKER_MIN, BREAKER_MAX = 3, 200  # AWS: circuit breaker threshold = clamp(ceil(desired / 2), 3, 200)


@dataclass(frozen=True, slots=True)
class ProviderShare:
    """One item of a capacityProviderStrategy."""

    name: str
    weight: int
    base: int = 0


@dataclass(slots=True, eq=False)
class TaskSet:
    """One revision of a service.

    `status` is PRIMARY, ACTIVE or DRAINING; `rollout_state` (ECS controller only) IN_PROGRESS, COMPLETED or FAILED.
    """

    task_set_id: str
    definition: TaskDefinition
    load_balancers: tuple[LoadBalancer, ...]
    created_at: float
    updated_at: float
    provider_shares: tuple[ProviderShare, ...] = ()
    status: str = "PRIMARY"
    scale_percent: float = 100.0
    external_id: str = ""
    stability_status: str = "STABILIZING"
    stability_status_at: float = 0.0
    rollout_state: str = "IN_PROGRESS"
    rollout_reason: str = ""
    failed_tasks: int = 0
    failed_starts: int = 0
    no_start_before: float = 0.0

    def computed_desired_count(self, desired_count: int) -> int:
        """AWS: the service's desired count times the scale, always rounded up."""
        return math.ceil(desired_count * self.scale_percent / 100)

    def start_failed(self, now: float) -> bool:
        """A task never got going. Returns whether the scheduler now slows down (AWS's service throttle logic)."""
        self.failed_starts += 1
        over = self.failed_starts - THROTTLE_AFTER
        if over >= 0:
            self.no_start_before = now + min(THROTTLE_MAX_S, THROTTLE_FIRST_S * 2**over)
        return over >= 0

    def got_healthy(self) -> None:
        """A task of it is healthy: failures are counted anew."""
        self.failed_starts = self.failed_tasks = 0
        self.no_start_before = 0.0

    def breaker_trips(self, desired_count: int) -> bool:
        """Whether enough tasks failed for the deployment circuit breaker."""
        return self.failed_tasks >= min(BREAKER_MAX, max(BREAKER_MIN, math.ceil(desired_count / 2)))
