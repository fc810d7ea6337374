"""A whole stack on the virtual clock: hosts, load balancer, cluster, service; spoken to with boto3."""

import base64
import random

import pytest
from botocore.exceptions import ClientError

from awslab.dataplane.simulated import SimulatedPlane
from awslab.lab import Lab

IMAGE = "ami-0a10000000000ec51"
CONTAINER = {
    "name": "app",
    "image": "app:1",
    "cpu": 256,
    "memory": 512,
    "environment": [{"name": "COLOUR", "value": "blue"}],
    "portMappings": [{"containerPort": 8080}],
}


class Stack:
    """What Terraform makes, and what operators and clients do to it."""

    def __init__(self, *, managed_draining="ENABLED", protection="DISABLED") -> None:
        self.plane = SimulatedPlane(random.Random(1))
        self.lab = Lab(plane=self.plane)
        names = ("ecs", "autoscaling", "elbv2", "ec2")
        self.ecs, self.asg, self.elb, self.ec2 = map(self.lab.client, names)
        self.subnets = [s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"][:2]]
        self.group_arn = self._group(protection == "ENABLED")
        self.blue, self.green = self._balance("blue"), self._target_group("green")
        provider = {
            "autoScalingGroupArn": self.group_arn,
            "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
            "managedTerminationProtection": protection,
            "managedDraining": managed_draining,
        }
        self.ecs.create_capacity_provider(name="hosts", autoScalingGroupProvider=provider)
        strategy = [{"capacityProvider": "hosts", "weight": 1, "base": 1}]
        self.ecs.create_cluster(clusterName="dev")
        self.ecs.put_cluster_capacity_providers(
            cluster="dev", capacityProviders=["hosts"], defaultCapacityProviderStrategy=strategy
        )
        self.register()
        self.sleep(180)

    def _group(self, protected: bool) -> str:
        user_data = base64.b64encode(b"echo ECS_CLUSTER=dev >> /etc/ecs/ecs.config").decode()
        data = {"ImageId": IMAGE, "InstanceType": "t3.medium", "UserData": user_data}
        template = self.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName="hosts",
            MinSize=0,
            MaxSize=6,
            DesiredCapacity=2,
            VPCZoneIdentifier=",".join(self.subnets),
            LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
            NewInstancesProtectedFromScaleIn=protected,
        )
        return self.asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]["AutoScalingGroupARN"]

    def _target_group(self, name: str) -> str:
        vpc_id = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        made = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=vpc_id, TargetType="instance", HealthCheckPath="/healthz"
        )
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}]
        self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=delay)
        return arn

    def _balance(self, name: str) -> str:
        arn = self._target_group(name)
        made = self.elb.create_load_balancer(Name="web", Subnets=self.subnets, Type="application")
        made_listener = self.elb.create_listener(
            LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
        )
        self.listener_arn = made_listener["Listeners"][0]["ListenerArn"]
        return arn

    def register(self, **changes) -> str:
        made = self.ecs.register_task_definition(
            family="web", networkMode="bridge", containerDefinitions=[{**CONTAINER, **changes}]
        )
        return made["taskDefinition"]["taskDefinitionArn"]

    def create(self, desired=2, **given) -> dict:
        wanted = {
            "cluster": "dev",
            "serviceName": "web",
            "taskDefinition": "web",
            "desiredCount": desired,
            "deploymentController": {"type": "CODE_DEPLOY"},
            "healthCheckGracePeriodSeconds": 30,
            "loadBalancers": [{"targetGroupArn": self.blue, "containerName": "app", "containerPort": 8080}],
            **given,
        }
        return self.ecs.create_service(**{k: v for k, v in wanted.items() if v is not None})["service"]

    def sleep(self, seconds: float) -> None:
        self.lab.clock.sleep(seconds)

    def service(self) -> dict:
        return self.ecs.describe_services(cluster="dev", services=["web"], include=["TAGS"])["services"][0]

    def tasks(self, **wanted) -> list[dict]:
        arns = self.ecs.list_tasks(cluster="dev", **wanted)["taskArns"]
        return self.ecs.describe_tasks(cluster="dev", tasks=arns)["tasks"] if arns else []

    def hosts(self) -> list[dict]:
        arns = self.ecs.list_container_instances(cluster="dev")["containerInstanceArns"]
        answer = self.ecs.describe_container_instances(cluster="dev", containerInstances=arns or ["none"])
        return answer["containerInstances"]

    def send(self, per_second: float = 5.0) -> None:
        """Users come, at a constant rate."""
        world = self.lab.world
        world.call(lambda: world.tell(self.plane.send(self.listener_arn, per_second, now=world.now)))

    def failed_requests(self) -> int:
        """What users saw go wrong."""
        self.lab.world.settle()
        return self.plane.tally(self.listener_arn).failed


@pytest.fixture
def make_stack():
    stacks = []

    def make(**given):
        stacks.append(Stack(**given))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.lab.close()


@pytest.fixture
def stack(make_stack):
    return make_stack()


@pytest.fixture
def refused():
    """Make a call that must be refused; its (code, message)."""

    def call(action, *args, **kwargs):
        with pytest.raises(ClientError) as caught:
            action(*args, **kwargs)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return call
