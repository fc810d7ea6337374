"""What AWS refuses of CreateService and UpdateService, and what the lab does not imitate."""

from __future__ import annotations

from collections.abc import Iterable

from awslab.faces.ecs_parse import invalid
from awslab.machines.services import MAX_PERCENT, MIN_HEALTHY_PERCENT
from awslab.machines.targets import TargetGroup
from awslab.world import World

NOT_IMITATED = (
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "gatewayConnectors",
    "platformVersion",
    "role",
)
SWITCH = (
    "When switching from launch type to capacity provider strategy on an existing service, or making a change to a "
    "capacity provider strategy on a service that is already using one, you must force a new deployment."
)
CODE_DEPLOY_REFUSES = {  # AWS: UpdateService of a CODE_DEPLOY service
    "taskDefinition": "Unable to update task definition on services",
    "forceNewDeployment": "Cannot force a new deployment on services",
    "networkConfiguration": "Unable to update network parameters on services",
    "loadBalancers": "Unable to update load balancers on services",
    "platformVersion": "Unable to update platform version on services",
    "capacityProviderStrategy": "Unable to update capacity provider strategy on services",
}


def check_new_service(given: dict) -> None:
    """CreateService's parameters by themselves."""
    check_imitated(given)
    if given.get("schedulingStrategy", "REPLICA") != "REPLICA":
        raise invalid("The lab does not imitate the DAEMON scheduling strategy; use REPLICA.")
    if given.get("launchType") and given.get("capacityProviderStrategy"):
        raise invalid("Specify either Launch Type or Capacity Provider Strategy, but not both.")
    if not given.get("taskDefinition"):
        raise invalid("TaskDefinition can not be blank.")
    if given.get("desiredCount") is None:
        raise invalid("desiredCount must be specified for a REPLICA service.")
    controller = (given.get("deploymentController") or {}).get("type", "ECS")
    if controller not in ("ECS", "CODE_DEPLOY"):
        raise invalid(f"The lab does not imitate the deployment controller {controller}.")
    if controller == "CODE_DEPLOY" and len(given.get("loadBalancers") or ()) != 1:
        raise invalid("A service with a CODE_DEPLOY deployment controller needs exactly one load balancer.")
    check_deployment_configuration(given.get("deploymentConfiguration"), controller)


def check_imitated(given: dict) -> None:
    """Parameters the lab has no machine for are refused, not dropped."""
    for field in NOT_IMITATED:
        if given.get(field):
            raise invalid(f"The lab does not imitate {field} of a service.")
    if (given.get("serviceConnectConfiguration") or {}).get("enabled"):
        raise invalid("The lab does not imitate Service Connect.")
    if given.get("launchType", "EC2") != "EC2":
        raise invalid("The lab runs tasks on container instances only; use launch type EC2.")
    if given.get("networkConfiguration"):
        raise invalid("The lab does not imitate awsvpc networking; leave networkConfiguration out.")
    if int(given.get("desiredCount") or 0) < 0:
        raise invalid("desiredCount cannot be negative.")


def check_deployment_configuration(given: dict | None, controller: str) -> None:
    """Percentages of a REPLICA service; only their defaults for CODE_DEPLOY on EC2."""
    if not given:
        return
    if given.get("strategy", "ROLLING") != "ROLLING" or given.get("lifecycleHooks"):
        raise invalid("The lab imitates the ECS controller's rolling deployments only.")
    if (given.get("alarms") or {}).get("enable"):
        raise invalid("The lab does not imitate deployment alarms of the ECS controller.")
    if (given.get("deploymentCircuitBreaker") or {}).get("thresholdConfiguration"):
        raise invalid("The lab does not imitate a circuit breaker's threshold configuration.")
    low, high = percents(given)
    if not 0 <= low <= 100 or high < 100:
        raise invalid("minimumHealthyPercent must be 0 to 100, maximumPercent at least 100.")
    if controller != "ECS" and (low, high) != (MIN_HEALTHY_PERCENT, MAX_PERCENT):
        raise invalid(
            "You can't specify a custom minimumHealthyPercent or maximumPercent for a service with a "
            f"{controller} deployment controller whose tasks use the EC2 launch type."
        )


def percents(given: dict | None) -> tuple[int, int]:
    """(minimumHealthyPercent, maximumPercent), AWS's defaults where absent."""
    given = given or {}
    low, high = given.get("minimumHealthyPercent"), given.get("maximumPercent")
    return (MIN_HEALTHY_PERCENT if low is None else int(low), MAX_PERCENT if high is None else int(high))


def check_target_groups(world: World, arns: Iterable[str]) -> None:
    """AWS takes a target group only when some listener forwards to it."""
    groups = {group.arn: group for group in world.of(TargetGroup)}
    for arn in arns:
        if arn not in groups:
            raise invalid(f"The target group with targetGroupArn {arn} does not exist.")
        if not groups[arn].in_use:
            raise invalid(f"The target group with targetGroupArn {arn} does not have an associated load balancer.")


def check_code_deploy_update(given: dict) -> None:
    """What only CodeDeploy may change."""
    for field, message in CODE_DEPLOY_REFUSES.items():
        if given.get(field):
            raise invalid(
                f"{message} with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
            )
