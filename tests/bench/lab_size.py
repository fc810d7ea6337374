"""How much memory a lab takes, and how long until it is ready: idle, and with hosts and tasks that serve.

    python tests/bench/lab_size.py [--hosts 4] [--tasks 8] [--turns 3]

Memory is the proportional share (PSS), so that what forked tasks share with their parent counts once; where the system
does not tell it, the unique share (USS). Limits: idle 200 MB, with 4 hosts and 8 tasks 500 MB, ready in 2 s.
"""

import argparse
import base64
import statistics
import sys
import tempfile
from pathlib import Path

import boto3
import psutil
from limits import Limits

from hitless import images
from hitless.clock import SystemClock, monotonic_s
from hitless.lab import Lab
from hitless.wait import wait_until

MB = 2**20
APP = Path(__file__).parents[2] / "app"
USER_DATA = base64.b64encode(b"#!/bin/sh\necho ECS_CLUSTER=web >> /etc/ecs/ecs.config\n").decode()
AMI = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"


def sizes(lab: Lab) -> dict[str, float]:
    """MB by part of the lab: `control`, `balancer`, `fork server`, `tasks`."""
    control = psutil.Process(lab._process.pid)
    found = {"control": _mb(control)}
    for child in control.children(recursive=True):
        line = child.cmdline()
        role = "balancer" if "balancer" in line else "fork server" if child.ppid() == control.pid else "tasks"
        found[role] = found.get(role, 0.0) + _mb(child)
    return found


def _mb(process: psutil.Process) -> float:
    full = process.memory_full_info()
    return getattr(full, "pss", full.uss) / MB


def serve(hosts: int, tasks: int) -> None:
    """A service on hosts behind a listener, made with boto3 alone, until all its targets are healthy."""
    ec2, asg, ecs, elb, ecr, ssm = map(boto3.client, ("ec2", "autoscaling", "ecs", "elbv2", "ecr", "ssm"))
    subnets = ec2.describe_subnets()["Subnets"][:2]
    data = {
        "ImageId": ssm.get_parameter(Name=AMI)["Parameter"]["Value"],
        "InstanceType": "t3.medium",
        "UserData": USER_DATA,
    }
    template = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"]
    ecs.create_cluster(clusterName="web")
    asg.create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=0,
        MaxSize=2 * hosts,
        DesiredCapacity=hosts,
        VPCZoneIdentifier=",".join(subnet["SubnetId"] for subnet in subnets),
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
    )
    ecr.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
    container = {
        "name": "app",
        "image": images.push(images.build(APP), "web", ecr=ecr),
        "memory": 256,
        "portMappings": [{"containerPort": 8080}],
        "stopTimeout": 60,
    }
    ecs.register_task_definition(family="web", networkMode="bridge", containerDefinitions=[container])
    group_arn = _listen(elb, subnets)
    balancers = [{"targetGroupArn": group_arn, "containerName": "app", "containerPort": 8080}]
    ecs.create_service(
        cluster="web",
        serviceName="web",
        taskDefinition="web",
        desiredCount=tasks,
        launchType="EC2",
        loadBalancers=balancers,
    )
    wait_until(
        lambda: _healthy(elb, group_arn),
        lambda healthy: healthy == tasks,
        what="all targets to be healthy",
        clock=SystemClock(),
        timeout_s=60,
        every_s=0.5,
        say=lambda _line: None,
    )


def _listen(elb, subnets: list[dict]) -> str:
    made = elb.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"], HealthCheckPath="/healthz"
    )
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    balancer = elb.create_load_balancer(Name="web", Subnets=[subnet["SubnetId"] for subnet in subnets])
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )
    return arn


def _healthy(elb, group_arn: str) -> int:
    found = elb.describe_target_health(TargetGroupArn=group_arn)["TargetHealthDescriptions"]
    return sum(one["TargetHealth"]["State"] == "healthy" for one in found)


def measure(hosts: int, tasks: int) -> tuple[float, dict[str, float], dict[str, float]]:
    """Seconds until ready, sizes when idle, sizes when serving."""
    began = monotonic_s()
    with tempfile.TemporaryDirectory() as data, Lab(Path(data), rate=60, seed=1) as lab:
        ready_s, idle = monotonic_s() - began, sizes(lab)
        serve(hosts, tasks)
        return ready_s, idle, sizes(lab)


def _tell(what: str, parts: dict[str, float]) -> None:
    shown = ", ".join(f"{name} {size:.0f}" for name, size in parts.items())
    print(f"{what:<24} {sum(parts.values()):6.0f} MB  ({shown})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    found = [measure(arguments.hosts, arguments.tasks) for _ in range(arguments.turns)]
    _tell("idle", found[-1][1])
    _tell(f"{arguments.hosts} hosts, {arguments.tasks} tasks", found[-1][2])
    limits = Limits()
    limits.at_most("ready after", statistics.median(ready_s for ready_s, _, _ in found), 2, "s")
    limits.at_most("idle", sum(found[-1][1].values()), 200, "MB")
    if (arguments.hosts, arguments.tasks) == (4, 8):
        limits.at_most("in use", sum(found[-1][2].values()), 500, "MB")
    sys.exit(limits.code)
