"""One EC2 instance as its Auto Scaling group sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from awslab.machines.events import LaunchSpec


class LifecycleState(StrEnum):
    """Auto Scaling's lifecycle states that the lab imitates."""

    PENDING = "Pending"
    PENDING_WAIT = "Pending:Wait"
    PENDING_PROCEED = "Pending:Proceed"
    IN_SERVICE = "InService"
    STANDBY = "Standby"
    TERMINATING = "Terminating"
    TERMINATING_WAIT = "Terminating:Wait"
    TERMINATING_PROCEED = "Terminating:Proceed"
    TERMINATED = "Terminated"


S = LifecycleState
TRANSITIONS: dict[LifecycleState, tuple[LifecycleState, ...]] = {
    S.PENDING: (S.PENDING_WAIT, S.IN_SERVICE, S.TERMINATING),
    S.PENDING_WAIT: (S.PENDING_PROCEED, S.TERMINATING),
    S.PENDING_PROCEED: (S.IN_SERVICE, S.TERMINATING),
    S.IN_SERVICE: (S.STANDBY, S.TERMINATING),
    S.STANDBY: (S.PENDING, S.TERMINATING),
    S.TERMINATING: (S.TERMINATING_WAIT, S.TERMINATED),
    S.TERMINATING_WAIT: (S.TERMINATING_PROCEED,),
    S.TERMINATING_PROCEED: (S.TERMINATED,),
    S.TERMINATED: (),
}
LEAVING = (S.TERMINATING, S.TERMINATING_WAIT, S.TERMINATING_PROCEED, S.TERMINATED)
ARRIVING = (S.PENDING, S.PENDING_WAIT, S.PENDING_PROCEED)


@dataclass(slots=True)
class HookWait:
    """One lifecycle hook an instance waits for."""

    token: str
    transition: str
    heartbeat_s: float
    ceiling_at: float
    default_result: str


@dataclass(slots=True, eq=False)
class Instance:
    """An instance of a group, from launch to termination."""

    instance_id: str
    availability_zone: str
    subnet_id: str
    spec: LaunchSpec
    launched_at: float
    activity_id: str
    lifecycle_state: LifecycleState = S.PENDING
    health_status: str = "Healthy"
    protected: bool = False
    in_service_at: float | None = None
    hooks: dict[str, HookWait] = field(default_factory=dict)

    @property
    def leaving(self) -> bool:
        """It terminates, so it counts for nothing any more."""
        return self.lifecycle_state in LEAVING

    @property
    def counted(self) -> bool:
        """It counts towards the group's capacity (standby and leaving instances do not)."""
        return not self.leaving and self.lifecycle_state is not S.STANDBY

    @property
    def available(self) -> bool:
        """In service and healthy; warm-up is the refresh's business."""
        return self.lifecycle_state is S.IN_SERVICE and self.health_status == "Healthy"

    def move(self, state: LifecycleState) -> None:
        """Change the lifecycle state; an illegal change is a bug in the lab and changes nothing."""
        assert state in TRANSITIONS[self.lifecycle_state], f"{self.instance_id}: {self.lifecycle_state} -> {state}"
        self.lifecycle_state = state
