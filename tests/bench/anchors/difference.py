"""What AWS would describe of a stack, beside what was asked for: what a second `terraform plan` would find."""

from __future__ import annotations

from botocore.exceptions import ClientError

from tests.bench.anchors.stack import DELAY, Stack


def differences(stack: Stack) -> list[str]:
    """Each setting that reads back otherwise, and each part that cannot be read."""
    found: list[str] = []
    for part, wanted in stack.asked.items():
        try:
            read = _read(stack, part)
        except (ClientError, IndexError) as error:
            found.append(f"{part} cannot be read ({type(error).__name__})")
            continue
        wrong = [name for name, value in wanted.items() if not _alike(value, read.get(name))]
        found += [f"{part} {', '.join(wrong)}"] if wrong else []
    return found


def _read(stack: Stack, part: str) -> dict:
    match part.split():
        case ["group"]:
            return stack.asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]
        case ["target", "group", name]:
            return _target_group(stack, name)
        case ["listener"]:
            return stack.elb.describe_listeners(ListenerArns=[stack.prod])["Listeners"][0]
        case ["capacity", "provider"]:
            found = stack.ecs.describe_capacity_providers(capacityProviders=["hosts"])["capacityProviders"][0]
            return found["autoScalingGroupProvider"]
        case ["service"]:
            return stack.ecs.describe_services(cluster="dev", services=["web"])["services"][0]
        case ["alarm"]:
            return stack.cw.describe_alarms(AlarmNames=["bad"])["MetricAlarms"][0]
    name = {"applicationName": "web", "deploymentGroupName": "web"}
    return stack.cd.get_deployment_group(**name)["deploymentGroupInfo"]


def _target_group(stack: Stack, name: str) -> dict:
    read = stack.elb.describe_target_group_attributes(TargetGroupArn=stack.arns[name])["Attributes"]
    kept = {one["Key"]: one["Value"] for one in read}
    found = stack.elb.describe_target_groups(Names=[name])["TargetGroups"][0]
    return found if all(kept.get(one["Key"]) == one["Value"] for one in DELAY) else {}


def _alike(asked: object, read: object) -> bool:
    """Equal where something was asked; AWS may tell more."""
    if isinstance(asked, dict) and isinstance(read, dict):
        return all(_alike(value, read.get(name)) for name, value in asked.items())
    if isinstance(asked, str) and "," in asked and isinstance(read, str):
        return set(asked.split(",")) == set(read.split(","))
    return asked == read
