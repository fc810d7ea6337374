"""Deployments and targets as AWS shows them."""

from __future__ import annotations

from datetime import UTC, datetime

from awslab.faces.autoscaling_groups import utc
from awslab.faces.codedeploy_revisions import location
from awslab.faces.inventory import ACCOUNT_ID
from awslab.machines.deployment import Deployment, Status, TaskSetInfo
from awslab.machines.deployment_events import EventStatus, LifecycleEvent
from awslab.machines.deployment_words import rolled_back, rolls_back

TARGET = {  # the one target's status, by the deployment's
    Status.CREATED: "Pending",
    Status.IN_PROGRESS: "InProgress",
    Status.READY: "Ready",
    Status.SUCCEEDED: "Succeeded",
    Status.FAILED: "Failed",
    Status.STOPPED: "Failed",
}
COUNTED = ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready")


def describe_deployment(deployment: Deployment) -> dict:
    """One DeploymentInfo."""
    order, group = deployment.order, deployment.order.group
    seen = {
        "applicationName": group.application_name,
        "deploymentGroupName": group.name,
        "deploymentConfigName": order.config.name,
        "deploymentId": deployment.deployment_id,
        "previousRevision": location(deployment.previous_sha256) if deployment.previous_sha256 else None,
        "revision": location(order.sha256),
        "status": deployment.status.value,
        "errorInformation": {"code": deployment.error.code, "message": deployment.error.message}
        if deployment.error
        else None,
        "createTime": utc(deployment.created_at),
        "startTime": _time(deployment.started_at),
        "completeTime": _time(deployment.completed_at),
        "deploymentOverview": _overview(deployment),
        "description": order.description or None,
        "creator": deployment.creator,
        "ignoreApplicationStopFailures": False,
        "autoRollbackConfiguration": dict(order.rollback) or {"enabled": False},
        "updateOutdatedInstancesOnly": False,
        "rollbackInfo": _rollback(deployment),
        "deploymentStyle": group.settings.get("deploymentStyle"),
        "instanceTerminationWaitTimeStarted": deployment.termination_at is not None and not deployment.over,
        "blueGreenDeploymentConfiguration": group.settings.get("blueGreenDeploymentConfiguration"),
        "loadBalancerInfo": group.settings.get("loadBalancerInfo"),
        "fileExistsBehavior": "DISALLOW",
        "deploymentStatusMessages": [],
        "computePlatform": "ECS",
        "overrideAlarmConfiguration": dict(order.alarms) if order.overrides_alarms else None,
    }
    return {name: value for name, value in seen.items() if value is not None}


def describe_target(deployment: Deployment, task_sets: tuple[TaskSetInfo, ...], region: str) -> dict:
    """One DeploymentTarget; an ECS deployment has exactly one."""
    cluster_name, service_name = deployment.order.group.service
    return {
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": deployment.deployment_id,
            "targetId": target_id(deployment),
            "targetArn": f"arn:aws:ecs:{region}:{ACCOUNT_ID}:service/{cluster_name}/{service_name}",
            "lastUpdatedAt": utc(deployment.updated_at),
            "lifecycleEvents": [_event(event) for event in deployment.events],
            "status": target_status(deployment),
            "taskSetsInfo": [_task_set(info) for info in task_sets],
        },
    }


def target_id(deployment: Deployment) -> str:
    """`<cluster>:<service>`."""
    return ":".join(deployment.order.group.service)


def target_status(deployment: Deployment) -> str:
    """AWS's TargetStatus."""
    skipped = all(event.status is EventStatus.SKIPPED for event in deployment.events)
    return "Skipped" if skipped else TARGET[deployment.status]


def seconds(given: datetime | float | str) -> float:
    """A time of the API as lab time; without a zone it is UTC."""
    if isinstance(given, int | float):
        return float(given)
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _time(at: float | None) -> datetime | None:
    return None if at is None else utc(at)


def _overview(deployment: Deployment) -> dict | None:
    """It counts targets, of which there is one; null while the deployment runs."""
    if not deployment.over:
        return None
    status = target_status(deployment)
    return {name: int(name == status) for name in COUNTED}


def _rollback(deployment: Deployment) -> dict | None:
    if deployment.rolls_back:
        failed_id = deployment.rolls_back.deployment_id
        return {
            "rollbackTriggeringDeploymentId": failed_id,
            "rollbackMessage": rolls_back(failed_id, deployment.deployment_id),
        }
    if deployment.rollback_id:
        return {
            "rollbackDeploymentId": deployment.rollback_id,
            "rollbackMessage": rolled_back(deployment.deployment_id, deployment.rollback_id),
        }
    return None


def _event(event: LifecycleEvent) -> dict:
    seen = {
        "lifecycleEventName": event.name,
        "status": event.status.value,
        "startTime": _time(event.started_at),
        "endTime": _time(event.ended_at),
        "diagnostics": {"errorCode": "UnknownError", "scriptName": "", "message": event.trouble, "logTail": ""}
        if event.trouble
        else None,
    }
    return {name: value for name, value in seen.items() if value is not None}


def _task_set(info: TaskSetInfo) -> dict:
    return {
        "identifer": info.task_set_id,  # AWS's spelling
        "desiredCount": info.desired_count,
        "pendingCount": info.pending_count,
        "runningCount": info.running_count,
        "status": info.status,
        "trafficWeight": info.traffic_weight,
        "targetGroup": {"name": info.target_group_name},
        "taskSetLabel": info.label,
    }
