"""A lab on the virtual clock with a load balancer, two listeners, two target groups and running hosts."""

import random
from functools import cached_property

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

from awslab.dataplane.simulated import SimulatedPlane
from awslab.faces.inventory import ACCOUNT_ID
from awslab.lab import Lab
from awslab.machines.cluster import Cluster
from awslab.machines.events import TaskStartRequested
from awslab.machines.services import Service

IMAGE_ID = "ami-0a10000000000ec51"


class Front:
    """What an operator sees of a service's front door."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.elb = lab.client("elbv2")
        subnets = list(ec2_backends[ACCOUNT_ID][lab.region].describe_subnets())[:2]
        self.vpc_id, self.subnet_ids = subnets[0].vpc_id, [subnet.id for subnet in subnets]
        made = self.elb.create_load_balancer(Name="web", Subnets=self.subnet_ids)
        self.lb_arn = made["LoadBalancers"][0]["LoadBalancerArn"]
        self.blue, self.green = self.target_group("blue"), self.target_group("green")
        self.prod, self.test = self.listener(80, self.blue), self.listener(8080, self.blue)

    @cached_property
    def ec2(self):
        return self.lab.client("ec2")

    @cached_property
    def cloudwatch(self):
        return self.lab.client("cloudwatch")

    @cached_property
    def codedeploy(self):
        return self.lab.client("codedeploy")

    def target_group(self, name: str, **settings) -> str:
        wanted = {"Protocol": "HTTP", "Port": 80, "VpcId": self.vpc_id, "HealthCheckPath": "/healthz", **settings}
        return self.elb.create_target_group(Name=name, **wanted)["TargetGroups"][0]["TargetGroupArn"]

    def listener(self, port: int, *groups: str) -> str:
        made = self.elb.create_listener(
            LoadBalancerArn=self.lb_arn, Protocol="HTTP", Port=port, DefaultActions=[self.forward(*groups)]
        )
        return made["Listeners"][0]["ListenerArn"]

    def forward(self, *groups: str | tuple[str, int]) -> dict:
        if len(groups) == 1 and isinstance(groups[0], str):
            return {"Type": "forward", "TargetGroupArn": groups[0]}
        tuples = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
        return {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}

    def host(self) -> str:
        return self.ec2.run_instances(ImageId=IMAGE_ID, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]

    def task(self, instance_id: str, number: int, **environment: str) -> int:
        """Start a task on a host; its port."""
        task_id = f"{number:032x}"
        request = TaskStartRequested(
            task_id=task_id,
            image="app",
            environment=tuple(environment.items()),
            command=(),
            container_port=8080,
            instance_id=instance_id,
            availability_zone="us-east-1a",
        )
        self.lab.world.hear(request)
        self.sleep(10)
        return self.lab.plane.task(task_id).host_port

    def register(self, group: str, *targets: tuple[str, int]) -> None:
        self.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": i, "Port": p} for i, p in targets])

    def deregister(self, group: str, *targets: tuple[str, int]) -> None:
        self.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": i, "Port": p} for i, p in targets])

    def health(self, group: str, **named) -> dict[int, str]:
        """{port: state}."""
        answer = self.elb.describe_target_health(TargetGroupArn=group, **named)["TargetHealthDescriptions"]
        return {one["Target"]["Port"]: one["TargetHealth"]["State"] for one in answer}

    def action(self, listener_arn: str) -> dict:
        return self.elb.describe_listeners(ListenerArns=[listener_arn])["Listeners"][0]["DefaultActions"][0]

    def service(self, name: str = "web", controller: str = "CODE_DEPLOY") -> None:
        cluster = next(iter(self.lab.world.of(Cluster)), None) or self.lab.world.add(
            Cluster("dev", self.lab.world.random("dev"))
        )
        cluster.services[name] = Service(name, controller, 0, self.lab.world.now)

    def sleep(self, seconds: float) -> None:
        self.lab.clock.sleep(seconds)
        self.lab.world.settle()


@pytest.fixture
def front():
    lab = Lab(seed=5, plane=SimulatedPlane(random.Random(5), traffic={80: 10.0}))
    yield Front(lab)
    lab.close()


@pytest.fixture
def refused():
    """Call something AWS refuses; its error code."""

    def call(action, **arguments) -> str:
        with pytest.raises(ClientError) as caught:
            action(**arguments)
        return caught.value.response["Error"]["Code"]

    return call
