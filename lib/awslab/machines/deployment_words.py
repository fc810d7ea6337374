"""Why deployments end, in AWS's codes and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """A deployment's errorInformation."""

    code: str
    message: str


HOOK_FAILED = Trouble(
    "HOOK_EXECUTION_FAILURE",
    "The deployment failed because one or more of the lifecycle event validation functions failed.",
)
HOOK_TIMEOUT = Trouble(
    "TIMEOUT",
    "The deployment timed out while waiting for a status callback. CodeDeploy expects a status callback within one "
    "hour after a deployment hook is invoked.",
)
INSTALL_TIMEOUT = Trouble(
    "TIMEOUT",
    "The deployment timed out while waiting for the replacement task set to become healthy. This time out period is 60 "
    "minutes.",
)
SHIFT_TIMEOUT = Trouble(  # the words are the lab's: AWS documents the rule, not the message
    "TIMEOUT",
    "The deployment timed out while waiting for the ECS service to reach a steady state during the traffic shift. This "
    "time out period is 5 minutes.",
)
NOT_BEHIND = Trouble(
    "ELASTIC_LOAD_BALANCING_INVALID",
    "The ELB could not be updated due to the following error: Primary taskset target group must be behind listener",
)
MANUAL_STOP = Trouble("MANUAL_STOP", "The deployment was stopped by a user.")  # AWS documents the code alone


def ready_timeout(minutes: int) -> Trouble:
    """Nobody called ContinueDeployment in time."""
    return Trouble(
        "TIMEOUT",
        "The deployment timed out while waiting for a notification to continue. This time out period is "
        f"{minutes} minutes.",
    )


def alarm_active(names: Sequence[str]) -> Trouble:
    """Alarms are in ALARM."""
    return Trouble(
        "ALARM_ACTIVE",
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
        f"affected deployments have been stopped. Activated alarms: {' '.join(f'<{name}>' for name in names)}",
    )


def alarm_unknown(names: Sequence[str]) -> Trouble:
    """CloudWatch does not know the alarms (AWS documents that this stops, not the words)."""
    message = f"The state of these alarms could not be retrieved from Amazon CloudWatch: {' '.join(names)}"
    return Trouble("CODEDEPLOY_RESOURCE_CANNOT_BE_FOUND", message)


def bad_revision(why: str) -> Trouble:
    """The AppSpec can't be used."""
    return Trouble(
        "INVALID_REVISION",
        "The deployment failed because the AppSpec file that specifies the deployment configuration is missing or has "
        f"an invalid configuration. {why}",
    )


def ecs_refused(why: str) -> Trouble:
    """ECS would not create the task set."""
    return Trouble("ECS_UPDATE_ERROR", f"The ECS service could not be updated due to the following error: {why}")


def no_service(cluster_name: str, service_name: str) -> Trouble:
    """The service is gone."""
    message = f"The ECS service {service_name} of cluster {cluster_name} could not be found or is not active."
    return Trouble("INVALID_ECS_SERVICE", message)


def rolled_back(failed_id: str, rollback_id: str) -> str:
    """rollbackMessage of the deployment that ended badly."""
    return f"Deployment {failed_id} terminated. Automatic rollback is triggered with a DeploymentId {rollback_id}."


def rolls_back(failed_id: str, rollback_id: str) -> str:
    """rollbackMessage of the deployment that rolls back."""
    return f"Deployment {rollback_id} is triggered to roll back deployment {failed_id}."
