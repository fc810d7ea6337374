"""One CodeDeploy deployment: what was asked for, how far it is, how it ended. `Deployments` moves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from awslab.machines.applications import DeploymentGroup
from awslab.machines.appspecs import AppSpec
from awslab.machines.deployment_configs import DeploymentConfig
from awslab.machines.deployment_events import EventStatus, LifecycleEvent, all_pending
from awslab.machines.deployment_words import Trouble

ROLLBACK_CREATOR = "codeDeployRollback"
ON_FAILURE, ON_ALARM, ON_REQUEST = "DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"


class Status(StrEnum):
    """AWS's DeploymentStatus, as far as ECS deployments show it."""

    CREATED = "Created"
    IN_PROGRESS = "InProgress"
    READY = "Ready"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


S = Status
TRANSITIONS: dict[Status, tuple[Status, ...]] = {
    S.CREATED: (S.IN_PROGRESS, S.STOPPED),
    S.IN_PROGRESS: (S.READY, S.SUCCEEDED, S.FAILED, S.STOPPED),
    S.READY: (S.IN_PROGRESS, S.FAILED, S.STOPPED),
    S.SUCCEEDED: (),
    S.FAILED: (),
    S.STOPPED: (),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What CreateDeployment asks for, the group's settings filled in.

    Attributes:
        group: The deployment group as it was then.
        config: How traffic shifts.
        appspec: None when the revision can't be used.
        revision_error: Then why.
        sha256: Of the revision's content, hexadecimal.
        description: Free text.
        rollback: autoRollbackConfiguration.
        alarms: alarmConfiguration that counts.
        overrides_alarms: `alarms` came with CreateDeployment.
    """

    group: DeploymentGroup
    config: DeploymentConfig
    appspec: AppSpec | None
    revision_error: str
    sha256: str
    description: str = ""
    rollback: Mapping = field(default_factory=dict)
    alarms: Mapping = field(default_factory=dict)
    overrides_alarms: bool = False

    @property
    def ready_wait_minutes(self) -> int | None:
        """How long to wait for ContinueDeployment before production traffic; None for not at all."""
        option = self._blue_green.get("deploymentReadyOption") or {}
        waits = option.get("actionOnTimeout") == "STOP_DEPLOYMENT"
        return int(option.get("waitTimeInMinutes") or 0) if waits else None

    @property
    def termination_wait_s(self) -> float:
        """How long the original task set runs on after the shift."""
        option = self._blue_green.get("terminateBlueInstancesOnDeploymentSuccess") or {}
        return 60.0 * int(option.get("terminationWaitTimeInMinutes") or 0)

    @property
    def alarm_names(self) -> tuple[str, ...]:
        """The alarms to watch."""
        return tuple(a["name"] for a in self.alarms.get("alarms") or ()) if self.alarms.get("enabled") else ()

    def rolls_back_on(self, event: str) -> bool:
        """Whether autoRollbackConfiguration names this event."""
        return bool(self.rollback.get("enabled")) and event in (self.rollback.get("events") or ())

    @property
    def _blue_green(self) -> Mapping:
        return self.group.settings.get("blueGreenDeploymentConfiguration") or {}


@dataclass(frozen=True, slots=True)
class TaskSetInfo:
    """One of ecsTarget.taskSetsInfo; `label` Blue is the original, Green the replacement."""

    task_set_id: str
    label: str
    status: str
    desired_count: int
    pending_count: int
    running_count: int
    traffic_weight: float
    target_group_name: str


@dataclass(slots=True, eq=False)
class Deployment:
    """A deployment.

    Attributes:
        rolls_back: The deployment it takes back; None for one that creates a task set.
        rollback_id: The deployment that takes this one back; "" for none.
        original_id: Id of the task set that was PRIMARY when it began; "" until Install.
        original_arn: The target group of that one.
        replacement_arn: The other target group of the pair.
        installed: It has changed something in ECS or the load balancer.
        shift_at: When the first increment landed.
        shifts_done: How many increments have landed.
        unsteady_since: Since when, during the shift, a task set is not steady.
        termination_at: When the termination wait began.
        executions: Hook execution id to lifecycle event.
        last_seen: The task sets when it ended.
    """

    deployment_id: str
    order: Order
    created_at: float
    creator: str = "user"
    previous_sha256: str = ""
    status: Status = S.CREATED
    started_at: float | None = None
    completed_at: float | None = None
    updated_at: float = 0.0
    error: Trouble | None = None
    events: tuple[LifecycleEvent, ...] = field(default_factory=all_pending)
    rolls_back: Deployment | None = None
    rollback_id: str = ""
    original_id: str = ""
    original_arn: str = ""
    replacement_arn: str = ""
    installed: bool = False
    shift_at: float | None = None
    shifts_done: int = 0
    unsteady_since: float | None = None
    termination_at: float | None = None
    stop_rolls_back: bool | None = None
    executions: dict[str, str] = field(default_factory=dict)
    last_seen: tuple[TaskSetInfo, ...] | None = None

    @property
    def over(self) -> bool:
        """It has ended."""
        return not TRANSITIONS[self.status]

    @property
    def task_set_owner(self) -> str:
        """externalId of the replacement task set."""
        return self.rolls_back.deployment_id if self.rolls_back else self.deployment_id

    @property
    def current(self) -> LifecycleEvent | None:
        """The lifecycle event under way."""
        return next((e for e in self.events if e.status is EventStatus.IN_PROGRESS), None)

    @property
    def following(self) -> LifecycleEvent | None:
        """The next one to begin."""
        return next((e for e in self.events if e.status is EventStatus.PENDING), None)

    def event(self, name: str) -> LifecycleEvent:
        """One of the eight."""
        return next(e for e in self.events if e.name == name)

    def move(self, status: Status, now: float) -> None:
        """Change status; an illegal change is a bug in the lab and changes nothing."""
        assert status in TRANSITIONS[self.status], f"{self.deployment_id}: {self.status} -> {status}"
        self.status, self.updated_at = status, now
        if status is S.IN_PROGRESS and self.started_at is None:
            self.started_at = now
        if self.over:
            self.completed_at = now
