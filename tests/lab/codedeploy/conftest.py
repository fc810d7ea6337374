"""A service behind a load balancer with a deployment group, on the virtual clock; spoken to with boto3."""

import base64
import json
import random

import pytest
from botocore.exceptions import ClientError

from awslab.dataplane.simulated import SimulatedPlane
from awslab.lab import Lab
from awslab.machines.events import RequestsServed
from awslab.machines.machine import Machine

IMAGE_ID = "ami-0a10000000000ec51"
CONTAINER = {
    "name": "app",
    "image": "app:1",
    "cpu": 256,
    "memory": 512,
    "stopTimeout": 60,
    "portMappings": [{"containerPort": 8080}],
}
STRATEGY = [{"CapacityProvider": "hosts", "Weight": 1, "Base": 0}]
ALARM = {
    "AlarmName": "target-5xx",
    "Namespace": "AWS/ApplicationELB",
    "MetricName": "HTTPCode_Target_5XX_Count",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}
# Functions that exist: those named after the event they check leave the answer to the test.
EVENTS = ("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
FUNCTIONS = {"content": "Succeeded", "unhappy": "Failed", **{f"check-{name}": "silent" for name in EVENTS}}


class Counter(Machine):
    """Who answered how many requests since it was last emptied, by target group name and status."""

    name = "counter"
    hears = (RequestsServed,)

    def __init__(self) -> None:
        self.answers: dict[tuple[str, int], int] = {}

    def on_event(self, event, now):
        name = event.target_group_arn.split("/")[-2] if event.target_group_arn else ""
        for status, count in (*event.statuses, *event.elb_statuses):
            self.answers[name, status] = self.answers.get((name, status), 0) + count
        return ()

    def take(self) -> dict[tuple[str, int], int]:
        taken, self.answers = self.answers, {}
        return taken


class Release:
    """Hosts, load balancer, cluster, service `web`, deployment group; and what operators do."""

    def __init__(
        self,
        *,
        config="ECSLinear10PercentEvery1Minutes",
        desired=1,
        hosts=2,
        test=True,
        wait=5,
        clock=None,
        seed=0,
        **group,
    ) -> None:
        self.plane = SimulatedPlane(random.Random(1), refusal=self._refusal, hooks=FUNCTIONS)
        self.lab = Lab(clock, seed=seed, plane=self.plane)
        self.counter = self.lab.world.add(Counter())
        names = ("ecs", "autoscaling", "elbv2", "ec2", "codedeploy", "cloudwatch")
        self.ecs, self.asg, self.elb, self.ec2, self.cd, self.cw = map(self.lab.client, names)
        self._make_hosts(hosts)
        self._make_balancer(test)
        self._make_cluster()
        self.sleep(180)
        self.first = self.register()
        self._make_service(desired)
        self.sleep(180)
        self._make_group(config, wait, group)

    @staticmethod
    def _refusal(image: str) -> str:
        return "CannotPullContainerError: not found" if "missing" in image else ""

    def _make_hosts(self, hosts: int) -> None:
        self.subnets = [s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"][:2]]
        user_data = base64.b64encode(b"echo ECS_CLUSTER=dev >> /etc/ecs/ecs.config").decode()
        data = {"ImageId": IMAGE_ID, "InstanceType": "t3.medium", "UserData": user_data}
        template = self.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
        self.template_id = template["LaunchTemplate"]["LaunchTemplateId"]
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName="hosts",
            MinSize=0,
            MaxSize=6,
            DesiredCapacity=hosts,
            VPCZoneIdentifier=",".join(self.subnets),
            LaunchTemplate={"LaunchTemplateId": self.template_id, "Version": "1"},
        )

    def _make_balancer(self, test: bool) -> None:
        vpc_id = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.arns = {name: self._target_group(name, vpc_id) for name in ("blue", "green")}
        made = self.elb.create_load_balancer(Name="web", Subnets=self.subnets, Type="application")
        self.balancer_arn = made["LoadBalancers"][0]["LoadBalancerArn"]
        self.prod = self._listener(80)
        self.test = self._listener(8080) if test else ""

    def _target_group(self, name: str, vpc_id: str) -> str:
        made = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=vpc_id, HealthCheckPath="/healthz", HealthCheckIntervalSeconds=10
        )
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
        self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=delay)
        return arn

    def _listener(self, port: int) -> str:
        action = [{"Type": "forward", "TargetGroupArn": self.arns["blue"]}]
        made = self.elb.create_listener(
            LoadBalancerArn=self.balancer_arn, Protocol="HTTP", Port=port, DefaultActions=action
        )
        return made["Listeners"][0]["ListenerArn"]

    def _make_cluster(self) -> None:
        groups = self.asg.describe_auto_scaling_groups()["AutoScalingGroups"]
        provider = {"autoScalingGroupArn": groups[0]["AutoScalingGroupARN"], "managedDraining": "ENABLED"}
        self.ecs.create_capacity_provider(name="hosts", autoScalingGroupProvider=provider)
        self.ecs.create_cluster(clusterName="dev")
        strategy = [{"capacityProvider": "hosts", "weight": 1, "base": 0}]
        self.ecs.put_cluster_capacity_providers(
            cluster="dev", capacityProviders=["hosts"], defaultCapacityProviderStrategy=strategy
        )

    def _make_service(self, desired: int) -> None:
        self.ecs.create_service(
            cluster="dev",
            serviceName="web",
            taskDefinition=self.first,
            desiredCount=desired,
            deploymentController={"type": "CODE_DEPLOY"},
            healthCheckGracePeriodSeconds=30,
            loadBalancers=[{"targetGroupArn": self.arns["blue"], "containerName": "app", "containerPort": 8080}],
        )

    def _make_group(self, config: str, wait: int, changes: dict) -> None:
        self.cd.create_application(applicationName="web", computePlatform="ECS")
        pair = {
            "targetGroups": [{"name": "blue"}, {"name": "green"}],
            "prodTrafficRoute": {"listenerArns": [self.prod]},
        }
        if self.test:
            pair["testTrafficRoute"] = {"listenerArns": [self.test]}
        wanted = {
            "applicationName": "web",
            "deploymentGroupName": "web",
            "serviceRoleArn": "arn:aws:iam::123456789012:role/codedeploy",
            "deploymentConfigName": config if "." in config else f"CodeDeployDefault.{config}",
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "ecsServices": [{"serviceName": "web", "clusterName": "dev"}],
            "loadBalancerInfo": {"targetGroupPairInfoList": [pair]},
            "blueGreenDeploymentConfiguration": {
                "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
                "terminateBlueInstancesOnDeploymentSuccess": {
                    "action": "TERMINATE",
                    "terminationWaitTimeInMinutes": wait,
                },
            },
            **changes,
        }
        if "ready_wait" in wanted:
            ready = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": wanted.pop("ready_wait")}
            wanted["blueGreenDeploymentConfiguration"]["deploymentReadyOption"] = ready
        self.cd.create_deployment_group(**wanted)

    # ---- what an operator does

    def sleep(self, seconds: float) -> None:
        self.lab.clock.sleep(seconds)

    def register(self, image="app:1", **environment) -> str:
        pairs = [{"name": name, "value": str(value)} for name, value in environment.items()]
        made = self.ecs.register_task_definition(
            family="web",
            networkMode="bridge",
            containerDefinitions=[{**CONTAINER, "image": image, "environment": pairs}],
        )
        return made["taskDefinition"]["taskDefinitionArn"]

    def appspec(self, task_definition: str, hooks=(), strategy=STRATEGY) -> str:
        balancer = {"ContainerName": "app", "ContainerPort": 8080}
        properties = {"TaskDefinition": task_definition, "LoadBalancerInfo": balancer}
        if strategy:
            properties["CapacityProviderStrategy"] = strategy
        service = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
        return json.dumps({"version": 0.0, "Resources": [service], "Hooks": [{k: v} for k, v in dict(hooks).items()]})

    def deploy(self, task_definition: str | None = None, *, content=None, hooks=(), **changes) -> str:
        content = content or self.appspec(task_definition or self.register(), hooks)
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        made = self.cd.create_deployment(applicationName="web", deploymentGroupName="web", revision=revision, **changes)
        return made["deploymentId"]

    def watch(self, **changes) -> None:
        """The alarm on errors of either target group, in OK from the start."""
        balancer = self.balancer_arn.split(":loadbalancer/")[1]
        self.cw.put_metric_alarm(**ALARM, Dimensions=[{"Name": "LoadBalancer", "Value": balancer}], **changes)

    def send(self, per_second: float, listener_arn: str | None = None) -> None:
        world, arn = self.lab.world, listener_arn or self.prod
        world.call(lambda: world.tell(self.plane.send(arn, per_second, now=world.now)))

    # ---- what an operator sees

    def deployment(self, deployment_id: str) -> dict:
        return self.cd.get_deployment(deploymentId=deployment_id)["deploymentInfo"]

    def status(self, deployment_id: str) -> str:
        return self.deployment(deployment_id)["status"]

    def target(self, deployment_id: str) -> dict:
        answer = self.cd.get_deployment_target(deploymentId=deployment_id, targetId="dev:web")
        return answer["deploymentTarget"]["ecsTarget"]

    def events(self, deployment_id: str) -> list[str]:
        return [event["status"] for event in self.target(deployment_id)["lifecycleEvents"]]

    def event(self, deployment_id: str) -> str:
        """The lifecycle event under way."""
        events = self.target(deployment_id)["lifecycleEvents"]
        return next((e["lifecycleEventName"] for e in events if e["status"] == "InProgress"), "")

    def weights(self, listener_arn: str | None = None) -> dict[str, int]:
        """What a listener forwards to, by target group name, in the listener's order."""
        found = self.elb.describe_listeners(ListenerArns=[listener_arn or self.prod])["Listeners"][0]
        groups = found["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
        return {group["TargetGroupArn"].split("/")[-2]: group["Weight"] for group in groups}

    def service(self) -> dict:
        return self.ecs.describe_services(cluster="dev", services=["web"])["services"][0]

    def task_sets(self) -> list[tuple[str, float]]:
        return [(s["status"], s["scale"]["value"]) for s in self.service()["taskSets"]]

    def story(self, *kinds) -> list[tuple[float, object]]:
        """What happened of these kinds: (lab time, event)."""
        self.lab.world.settle()
        return [(entry.at, entry.event) for entry in self.lab.world.journal if isinstance(entry.event, kinds)]

    def until(self, wanted, limit_s: float = 7200, step_s: float = 5) -> float:
        """Let time pass until `wanted()`; how long it took."""
        for passed in range(int(limit_s / step_s)):
            if wanted():
                return passed * step_s
            self.sleep(step_s)
        raise AssertionError(f"it did not happen in {limit_s} s")

    def end(self, deployment_id: str, limit_s: float = 7200) -> dict:
        """Let time pass until it is over."""
        self.until(lambda: self.status(deployment_id) in ("Succeeded", "Failed", "Stopped"), limit_s)
        return self.deployment(deployment_id)


@pytest.fixture
def make_release():
    made = []

    def make(**given):
        made.append(Release(**given))
        return made[-1]

    yield make
    for release in made:
        release.lab.close()


@pytest.fixture
def release(make_release):
    return make_release()


@pytest.fixture
def refused():
    """Make a call that must be refused; its error code."""

    def call(action, *args, **kwargs):
        with pytest.raises(ClientError) as caught:
            action(*args, **kwargs)
        return caught.value.response["Error"]["Code"]

    return call
