"""Create, read, continue and stop one CodeDeploy deployment of an ECS service."""

from __future__ import annotations

from dataclasses import dataclass, field

from hitless.connect import Connection
from hitless.step import Step

SUCCEEDED, READY = "Succeeded", "Ready"
ENDED = (SUCCEEDED, "Failed", "Stopped")
READY_WAIT, TERMINATION_WAIT = "READY_WAIT", "TERMINATION_WAIT"


@dataclass(frozen=True)
class TaskSet:
    """One side of a blue/green deployment."""

    task_set_id: str
    label: str  # Blue or Green
    status: str  # PRIMARY ACTIVE DRAINING
    running_count: int
    weight_percent: float
    target_group_name: str


@dataclass(frozen=True)
class Deployment:
    """A CodeDeploy deployment at one moment."""

    deployment_id: str
    status: str
    creator: str
    events: tuple[tuple[str, str], ...] = ()  # (lifecycle event, status), in order
    task_sets: tuple[TaskSet, ...] = ()
    error_code: str = ""
    error_message: str = ""
    rollback_id: str = ""  # the deployment that rolls this one back
    terminating: bool = False  # it only waits before the old task set is ended

    @property
    def ended(self) -> bool:
        """It is over, well or badly."""
        return self.status in ENDED

    @property
    def event(self) -> tuple[str, str]:
        """The lifecycle event it is at: the last one that has begun."""
        begun = [e for e in self.events if e[1] not in ("Pending", "Skipped")]
        return begun[-1] if begun else ("", "")

    @property
    def green_percent(self) -> float:
        """Share of the traffic that the replacement gets."""
        return sum(one.weight_percent for one in self.task_sets if one.label == "Green")

    @property
    def words(self) -> str:
        """One line: "InProgress  AllowTraffic InProgress  green 10 %"."""
        at = "waiting to end the old tasks" if self.terminating else " ".join(self.event)
        reason = f"  {self.error_code}: {self.error_message}" if self.error_code else ""
        return f"{self.status}  {at}  green {self.green_percent:g} %{reason}"


@dataclass(frozen=True)
class DeploymentGroup:
    """What CodeDeploy is set up to do for a service."""

    application_name: str
    group_name: str
    config_name: str
    alarm_names: tuple[str, ...] = field(default=())
    alarms_enabled: bool = False
    rollback_events: tuple[str, ...] = ()
    has_test_listener: bool = False
    waits_when_ready: bool = False


def read_group(here: Connection, application_name: str, group_name: str) -> DeploymentGroup:
    """How releases of a service are made.

    Calls:
        codedeploy:GetDeploymentGroup.
    """
    info = here.client("codedeploy").get_deployment_group(
        applicationName=application_name, deploymentGroupName=group_name
    )["deploymentGroupInfo"]
    alarms, rollback = info.get("alarmConfiguration") or {}, info.get("autoRollbackConfiguration") or {}
    pairs = info["loadBalancerInfo"]["targetGroupPairInfoList"]
    ready = (info.get("blueGreenDeploymentConfiguration") or {}).get("deploymentReadyOption") or {}
    return DeploymentGroup(
        application_name,
        group_name,
        info["deploymentConfigName"],
        tuple(alarm["name"] for alarm in alarms.get("alarms", [])),
        bool(alarms.get("enabled")),
        tuple(rollback.get("events", [])) if rollback.get("enabled") else (),
        any(pair.get("testTrafficRoute") for pair in pairs),
        ready.get("actionOnTimeout") == "STOP_DEPLOYMENT",
    )


def create_step(group: DeploymentGroup, content: str, sha256: str, config_name: str, reason: str) -> Step:
    """The call that starts a deployment of one revision.

    Args:
        group: Where.
        content: The AppSpec as text.
        sha256: Of exactly that text.
        config_name: How traffic shifts; "" takes the group's own.
        reason: Kept as the deployment's description.
    """
    revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": sha256}}
    arguments = {
        "applicationName": group.application_name,
        "deploymentGroupName": group.group_name,
        "revision": revision,
        "description": reason[:250],
    }
    config = config_name or group.config_name
    return Step(
        name="deployment",
        service="codedeploy",
        operation="create_deployment",
        arguments={**arguments, "deploymentConfigName": config},
        changes=f"a second set of tasks is started beside the first and gets its traffic by {config}",
        undo="codedeploy:stop_deployment with automatic rollback while it runs; runbooks/40-roll-back-app.ipynb after",
    )


def read_deployment(here: Connection, deployment_id: str) -> Deployment:
    """A deployment with its events and task sets.

    Calls:
        codedeploy:GetDeployment, ListDeploymentTargets, BatchGetDeploymentTargets.
    """
    client = here.client("codedeploy")
    info = client.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
    target = _target(client, deployment_id) if info["status"] not in ("Created", "Queued") else {}
    error, rollback = info.get("errorInformation") or {}, info.get("rollbackInfo") or {}
    return Deployment(
        deployment_id,
        info["status"],
        info.get("creator", ""),
        tuple((e["lifecycleEventName"], e["status"]) for e in target.get("lifecycleEvents", [])),
        tuple(_task_set(one) for one in target.get("taskSetsInfo", [])),
        error.get("code", ""),
        error.get("message", ""),
        rollback.get("rollbackDeploymentId", ""),
        bool(info.get("instanceTerminationWaitTimeStarted")),
    )


def _target(client, deployment_id: str) -> dict:
    ids = client.list_deployment_targets(deploymentId=deployment_id)["targetIds"]
    if not ids:
        return {}
    answer = client.batch_get_deployment_targets(deploymentId=deployment_id, targetIds=ids[:1])
    return answer["deploymentTargets"][0]["ecsTarget"]


def _task_set(one: dict) -> TaskSet:
    return TaskSet(
        one["identifer"],  # the API's own spelling
        one.get("taskSetLabel", ""),
        one["status"],
        one["runningCount"],
        one.get("trafficWeight", 0.0),
        (one.get("targetGroup") or {}).get("name", ""),
    )


def find_running(here: Connection, group: DeploymentGroup) -> str:
    """The deployment that runs now, so that it can be adopted instead of a second one started; "" when none does.

    Calls:
        codedeploy:ListDeployments.
    """
    answer = here.client("codedeploy").list_deployments(
        applicationName=group.application_name,
        deploymentGroupName=group.group_name,
        includeOnlyStatuses=["Created", "Queued", "InProgress", "Baking", "Ready"],
    )
    return next(iter(answer["deployments"]), "")


def continue_deployment(here: Connection, deployment_id: str, wait: str = READY_WAIT) -> None:
    """End the wait a deployment is in: `READY_WAIT` lets traffic go, `TERMINATION_WAIT` ends the old tasks now.

    Calls:
        codedeploy:ContinueDeployment.
    """
    here.client("codedeploy").continue_deployment(deploymentId=deployment_id, deploymentWaitType=wait)


def stop_deployment(here: Connection, deployment_id: str) -> None:
    """Stop a deployment and have its traffic put back.

    Calls:
        codedeploy:StopDeployment.
    """
    here.client("codedeploy").stop_deployment(deploymentId=deployment_id, autoRollbackEnabled=True)
