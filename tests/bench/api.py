"""How many calls a second the lab's endpoint answers, beside a stock moto server, asked by one boto3 client in turns.

    python tests/bench/api.py [--turns 3] [--seconds 2]

Both hold the same: a group of four hosts, a cluster, a target group. The calls are those that a watched change makes.
"""

import argparse
import base64
import os
import statistics
import sys
import tempfile
from pathlib import Path

import boto3
from botocore.config import Config
from emulators import moto
from limits import Limits

from hitless.clock import monotonic_s
from hitless.lab import Lab

USER_DATA = base64.b64encode(b"echo ECS_CLUSTER=web >> /etc/ecs/ecs.config").decode()
CALLS = {  # service: operation: arguments
    "autoscaling": {
        "describe_auto_scaling_groups": {"AutoScalingGroupNames": ["web"]},
        "describe_scaling_activities": {"AutoScalingGroupName": "web"},
    },
    "ecs": {"describe_clusters": {"clusters": ["web"]}, "list_container_instances": {"cluster": "web"}},
    "elbv2": {"describe_target_groups": {}, "describe_load_balancers": {}},
}


def client(service: str, endpoint_url: str):
    """A client that asks once, as the given server's guest."""
    session = boto3.Session("lab", "lab", region_name="us-east-1")
    once = Config(retries={"max_attempts": 0}, max_pool_connections=1)
    return session.client(service, endpoint_url=endpoint_url, config=once)


def fill(endpoint_url: str) -> None:
    """A group, a cluster and a target group."""
    ec2, asg, ecs, elb = (client(name, endpoint_url) for name in ("ec2", "autoscaling", "ecs", "elbv2"))
    subnets = ec2.describe_subnets()["Subnets"][:2]
    data = {"ImageId": "ami-0a10000000000ec51", "InstanceType": "t3.medium", "UserData": USER_DATA}
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    ecs.create_cluster(clusterName="web")
    asg.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
        MinSize=4,
        MaxSize=8,
        DesiredCapacity=4,
        VPCZoneIdentifier=",".join(one["SubnetId"] for one in subnets),
    )
    elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"])


def count(endpoint_url: str, service: str, operation: str, arguments: dict, seconds: float) -> float:
    """Calls a second."""
    call = getattr(client(service, endpoint_url), operation)
    call(**arguments)
    began, calls = monotonic_s(), 0
    while monotonic_s() < began + seconds:
        call(**arguments)
        calls += 1
    return calls / (monotonic_s() - began)


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    settings = parser.parse_args()
    ratios, limits = [], Limits()
    began = monotonic_s()
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder), 1, 1) as lab:
        limits.at_most("the lab is ready after", monotonic_s() - began, 2, "s")
        ours = lab.endpoint_url
        os.environ.pop("AWS_ENDPOINT_URL", None)
        with moto() as theirs:
            fill(ours)
            fill(theirs)
            for service, operations in CALLS.items():
                for operation, arguments in operations.items():
                    wanted = (service, operation, arguments, settings.seconds)
                    turns = [(count(ours, *wanted), count(theirs, *wanted)) for _ in range(settings.turns)]
                    lab_s, moto_s = (statistics.median(turn[of] for turn in turns) for of in (0, 1))
                    ratios.append(lab_s / moto_s)
                    print(f"{service}:{operation:30} lab {lab_s:6.0f}/s  moto {moto_s:6.0f}/s  {ratios[-1]:.2f}x")
    limits.at_least("all together, of moto's calls a second", statistics.geometric_mean(ratios), 3, "x")
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
