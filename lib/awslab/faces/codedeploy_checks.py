"""What CodeDeploy refuses when a deployment group of the ECS platform is created or updated."""

from __future__ import annotations

import re

from awslab.faces.elbv2_books import backend, find_listener, load_balancers_of
from awslab.faces.inventory import AwsError
from awslab.machines.cluster import Cluster
from awslab.world import World

NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,100}")
ALARMS_MAX = 10
TERMINATION_WAIT_MAX_MINUTES = 2880
ROLLBACK_EVENTS = ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")
EC2_ONLY = {
    "autoScalingGroups": "InvalidAutoScalingGroupException",
    "ec2TagFilters": "InvalidEC2TagException",
    "ec2TagSet": "InvalidEC2TagException",
    "onPremisesInstanceTagFilters": "InvalidTagException",
    "onPremisesTagSet": "InvalidTagException",
}


def check_group(settings: dict, world: World, region: str) -> None:
    """Refuse the settings of a deployment group that AWS, or the lab, does not accept.

    Raises:
        AwsError: The first thing that is wrong.
    """
    for field, code in EC2_ONLY.items():
        if settings.get(field):
            raise AwsError(code, f"For ECS deployment group, {field} can not be specified")
    if settings.get("triggerConfigurations"):
        raise AwsError("InvalidTriggerConfigException", "The lab sends no notifications; leave out triggers.")
    _check_style(settings.get("deploymentStyle") or {})
    _check_service(settings.get("ecsServices") or [], world)
    _check_load_balancer(settings.get("loadBalancerInfo") or {}, region)
    _check_blue_green(settings.get("blueGreenDeploymentConfiguration") or {})
    check_alarms(settings.get("alarmConfiguration") or {})
    check_rollback(settings.get("autoRollbackConfiguration") or {})


def check_name(name: str | None, what: str) -> str:
    """A name of an application, deployment group or configuration; `what` as the exceptions spell it."""
    if not name:
        raise AwsError(f"{what}NameRequiredException", f"{what} name is required")
    if not NAME.fullmatch(name):
        raise AwsError(f"Invalid{what}NameException", f"Invalid {what} name: {name}")
    return name


def _check_style(style: dict) -> None:
    if (style.get("deploymentType"), style.get("deploymentOption")) != ("BLUE_GREEN", "WITH_TRAFFIC_CONTROL"):
        raise AwsError(
            "InvalidDeploymentStyleException",
            "For ECS deployment, the deployment type must be BLUE_GREEN, and deployment option must be "
            "WITH_TRAFFIC_CONTROL.",
        )


def _check_service(services: list[dict], world: World) -> None:
    if len(services) != 1:
        raise _service("For ECS deployment group, exactly one ECS service must be specified")
    cluster_name, name = services[0].get("clusterName"), services[0].get("serviceName")
    cluster = next((c for c in world.of(Cluster) if c.cluster_name == cluster_name), None)
    service = cluster.services.get(name) if cluster else None
    if service is None or service.status != "ACTIVE":
        raise _service(f"The ECS service {name} of cluster {cluster_name} could not be found or is not active")
    if service.controller != "CODE_DEPLOY":
        raise _service("Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller.")


def _service(message: str) -> AwsError:
    return AwsError("InvalidECSServiceException", message)


def _check_load_balancer(info: dict, region: str) -> None:
    pairs = info.get("targetGroupPairInfoList") or []
    if not pairs:
        raise _balancer("For ECS deployment group, loadBalancerInfo must be specified")
    groups = [group.get("name") for group in pairs[0].get("targetGroups") or []]
    if len(pairs) != 1 or len(groups) != 2 or groups[0] == groups[1]:
        raise _pair("For ECS deployment group, exactly one pair of two different target groups must be specified")
    prod = (pairs[0].get("prodTrafficRoute") or {}).get("listenerArns") or []
    test = (pairs[0].get("testTrafficRoute") or {}).get("listenerArns") or []
    if len(prod) != 1 or len(test) > 1:
        raise _pair("A traffic route takes exactly one listener, and the production route is required")
    balancers = {_listener(arn, region).load_balancer_arn for arn in prod + test}
    if len(balancers) != 1:
        raise _pair("The production and test listeners must belong to the same load balancer")
    for name in groups:
        if load_balancers_of(target_group_arn(name, region), region) - balancers:
            raise _pair(f"Target group {name} is attached to another load balancer")


def target_group_arn(name: str, region: str) -> str:
    """The ARN of a target group by name; InvalidTargetGroupPairException when there is none."""
    found = next((group.arn for group in backend(region).target_groups.values() if group.name == name), None)
    if found is None:
        raise _pair(f"The target group {name} could not be found")
    return found


def _listener(arn: str, region: str):
    listener = find_listener(arn, region)
    if listener is None:
        raise _balancer(f"The listener {arn} could not be found")
    return listener


def _pair(message: str) -> AwsError:
    return AwsError("InvalidTargetGroupPairException", message)


def _balancer(message: str) -> AwsError:
    return AwsError("InvalidLoadBalancerInfoException", message)


def _check_blue_green(config: dict) -> None:
    if not config:
        raise _blue_green("For ECS deployment group, blueGreenDeploymentConfiguration must be specified")
    if config.get("greenFleetProvisioningOption"):
        raise _blue_green("For ECS deployment group, greenFleetProvisioningOption can not be specified")
    ready = config.get("deploymentReadyOption") or {}
    if ready.get("actionOnTimeout", "CONTINUE_DEPLOYMENT") == "CONTINUE_DEPLOYMENT" and ready.get("waitTimeInMinutes"):
        raise _blue_green("Deployment ready action cannot be set to 'CONTINUE_DEPLOYMENT' when timeout is specified")
    terminate = config.get("terminateBlueInstancesOnDeploymentSuccess") or {}
    if terminate.get("action", "TERMINATE") != "TERMINATE":
        raise _blue_green("For ECS deployment group, the original task set must be terminated")
    if not 0 <= int(terminate.get("terminationWaitTimeInMinutes") or 0) <= TERMINATION_WAIT_MAX_MINUTES:
        raise _blue_green(f"The termination wait time must be from 0 to {TERMINATION_WAIT_MAX_MINUTES} minutes")


def _blue_green(message: str) -> AwsError:
    return AwsError("InvalidBlueGreenDeploymentConfigurationException", message)


def check_alarms(config: dict) -> None:
    """An alarmConfiguration."""
    names = [alarm.get("name") for alarm in config.get("alarms") or []]
    if len(names) > ALARMS_MAX:
        raise AwsError("AlarmsLimitExceededException", f"The maximum number of alarms ({ALARMS_MAX}) was exceeded")
    if not all(names) or len(set(names)) < len(names) or (config.get("enabled") and not names):
        message = "An alarm configuration needs alarms, each with a name of its own, when it is enabled"
        raise AwsError("InvalidAlarmConfigException", message)


def check_rollback(config: dict) -> None:
    """An autoRollbackConfiguration."""
    events = config.get("events") or []
    if (config.get("enabled") and not events) or not set(events) <= set(ROLLBACK_EVENTS):
        message = f"Automatic rollback takes events out of {', '.join(ROLLBACK_EVENTS)}"
        raise AwsError("InvalidAutoRollbackConfigException", message)
