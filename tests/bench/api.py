"""How many calls a second the lab's endpoint answers, beside a stock moto server, asked in turns.

    python tests/bench/api.py [--turns 3] [--seconds 2]

Both hold the same: a group of four hosts, a cluster, a target group. The calls are those that a watched change makes.
They are asked twice: as one boto3 client asks, which needs as long for itself as a server does; and with what it would
send, recorded and sent again by a client that costs next to nothing, which tells of the servers. The latter is held to
the limit.
"""

import argparse
import base64
import functools
import http.client
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest
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


def by_boto3(endpoint_url: str, service: str, operation: str, arguments: dict) -> Callable[[], object]:
    """A call as boto3 makes it."""
    return functools.partial(getattr(client(service, endpoint_url), operation), **arguments)


def recorded(endpoint_url: str, service: str, operation: str, arguments: dict) -> Callable[[], object]:
    """The same call, sent as it was recorded, over a connection that is kept where the server keeps it."""
    sent: list[AWSPreparedRequest] = []
    asking = client(service, endpoint_url)
    asking.meta.events.register("before-send", lambda request, **_: sent.append(request))
    getattr(asking, operation)(**arguments)
    (request,) = sent
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    parts = urlsplit(endpoint_url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)

    def call() -> None:
        connection.request(request.method, urlsplit(request.url).path or "/", request.body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    return call


def count(call: Callable[[], object], seconds: float) -> float:
    """Calls a second."""
    call()
    began, calls = monotonic_s(), 0
    while monotonic_s() < began + seconds:
        call()
        calls += 1
    return calls / (monotonic_s() - began)


def compare(way: Callable[..., Callable[[], object]], ours: str, theirs: str, settings: argparse.Namespace) -> float:
    """Print each call's figures; the geometric mean of our multiples of theirs."""
    ratios = []
    for service, operations in CALLS.items():
        for operation, arguments in operations.items():
            calls = [way(endpoint_url, service, operation, arguments) for endpoint_url in (ours, theirs)]
            turns = [[count(call, settings.seconds) for call in calls] for _ in range(settings.turns)]
            lab_s, moto_s = map(statistics.median, zip(*turns, strict=True))
            ratios.append(lab_s / moto_s)
            said = f"lab {lab_s:6.0f}/s  moto {moto_s:6.0f}/s  {ratios[-1]:.2f}x"
            print(f"{way.__name__:<9} {service}:{operation:30} {said}")
    return statistics.geometric_mean(ratios)


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    settings = parser.parse_args()
    limits = Limits()
    began = monotonic_s()
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder), 1, 1) as lab:
        limits.at_most("the lab is ready after", monotonic_s() - began, 2, "s")
        ours = lab.endpoint_url
        os.environ.pop("AWS_ENDPOINT_URL", None)
        with moto() as theirs:
            fill(ours)
            fill(theirs)
            asked = compare(by_boto3, ours, theirs, settings)
            print(f"all together, asked by one boto3 client: {asked:.2f}x")
            able = compare(recorded, ours, theirs, settings)
    limits.at_least("all together, of moto's calls a second", able, 3, "x")
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
