"""What of an environment is still there: nothing, after a tear-down that worked."""

from __future__ import annotations

from collections.abc import Callable

from hitless.connect import Connection
from hitless.wait import wait_until


def read_leftovers(here: Connection, name: str) -> list[str]:
    """Everything of an environment that costs money or answers requests.

    Args:
        here: Whose account.
        name: The environment's name.

    Calls:
        autoscaling:DescribeAutoScalingGroups, ec2:DescribeInstances, DescribeVpcs, ecs:ListClusters, ListServices,
        elasticloadbalancing:DescribeLoadBalancers, DescribeTargetGroups, ecr:DescribeRepositories,
        codedeploy:ListApplications, cloudwatch:DescribeAlarms.
    """
    groups = here.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    clusters = here.client("ecs").list_clusters()["clusterArns"]
    elb = here.client("elbv2")
    alarms = here.client("cloudwatch").describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]
    found = {
        "Auto Scaling group": [group["AutoScalingGroupName"] for group in groups],
        "instance": _instances(here, name),
        "ECS cluster": [arn.rpartition("/")[2] for arn in clusters],
        "load balancer": [one["LoadBalancerName"] for one in elb.describe_load_balancers()["LoadBalancers"]],
        "target group": [one["TargetGroupName"] for one in elb.describe_target_groups()["TargetGroups"]],
        "repository": [one["repositoryName"] for one in here.client("ecr").describe_repositories()["repositories"]],
        "CodeDeploy application": here.client("codedeploy").list_applications()["applications"],
        "alarm": [alarm["AlarmName"] for alarm in alarms],
        "VPC": _vpcs(here, name),
    }
    return [f"{kind} {one}" for kind, ones in found.items() for one in ones if one.startswith(name) or kind in OWN]


def require_nothing_left(here: Connection, name: str, *, dry_run: bool, say: Callable[[str], object] = print) -> None:
    """Say that nothing is left of an environment, or what is.

    Hosts take a while to shut down after Terraform has let go of them, so this waits for them.

    Raises:
        TimedOut: Something is still there after five minutes.
    """
    if dry_run:
        say("dry run: nothing was removed")
        return
    wait_until(
        lambda: read_leftovers(here, name),
        lambda left: not left,
        what=f"nothing to be left of {name}",
        clock=here.clock,
        timeout_s=300,
        every_s=10,
        usually_s=30,
        show=lambda left: ", ".join(left) or "nothing is left",
        say=say,
    )


OWN = ("instance", "VPC")  # found by their tag, named by their id


def _instances(here: Connection, name: str) -> list[str]:
    wanted = [
        {"Name": "tag:aws:autoscaling:groupName", "Values": [name]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    pages = here.client("ec2").get_paginator("describe_instances").paginate(Filters=wanted)
    return [i["InstanceId"] for page in pages for r in page["Reservations"] for i in r["Instances"]]


def _vpcs(here: Connection, name: str) -> list[str]:
    answer = here.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [name]}])
    return [vpc["VpcId"] for vpc in answer["Vpcs"]]
