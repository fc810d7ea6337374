"""The stack the asks are about, made with boto3 alone: hosts, load balancer, cluster, service, releases."""

from __future__ import annotations

import base64
from typing import Any, Protocol

from botocore.exceptions import ClientError

AMI = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
USER_DATA = base64.b64encode(b"#!/bin/sh\necho ECS_CLUSTER=dev >> /etc/ecs/ecs.config\n").decode()
DELAY = [{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}]
LOOKS = 100  # looks without a change, after which it is not going to come
LOOKS_MAX = 2000
ROLE = "arn:aws:iam::123456789012:role/codedeploy"


class Stuck(Exception):
    """Nothing changes any more, and what was asked for has not come."""


class Users(Protocol):
    """Requests at a constant rate from now on."""

    sent: int
    failed: int


class Ground(Protocol):
    """One emulator.

    Attributes:
        lacks: What it could not make, in words.
    """

    lacks: list[str]

    def client(self, service: str) -> Any:
        """A boto3 client."""

    def pause(self) -> None:
        """Until the next look."""

    def image(self) -> str:
        """The app's image, as far as there can be one."""

    def users(self, listener_arn: str) -> Users:
        """Send users to a listener; `Stuck` when nothing answers there."""


class Stack:
    """Makes it part by part; whatever a part was asked to be is noted in `asked`, for reading it back.

    Args:
        ground: Where.
        hosts: How many.
        tasks: How many.
        controller: Who rolls the service.
    """

    def __init__(self, ground: Ground, hosts: int = 4, tasks: int = 4, controller: str = "CODE_DEPLOY") -> None:
        self.ground, self.hosts, self.tasks, self.controller = ground, hosts, tasks, controller
        self.asked: dict[str, dict] = {}
        self.arns: dict[str, str] = {}
        self.template_id = self.balancer_arn = self.prod = ""
        names = ("autoscaling", "ec2", "elbv2", "ecs", "codedeploy", "cloudwatch")
        self.asg, self.ec2, self.elb, self.ecs, self.cd, self.cw = map(ground.client, names)

    def until(self, look, wanted, what: str):
        """Look until it is so; `Stuck` when nothing changes any more."""
        before, same = None, 0
        for _ in range(LOOKS_MAX):
            seen = look()
            if wanted(seen):
                return seen
            same = same + 1 if seen == before else 0
            if same > LOOKS:
                break
            before = seen
            self.ground.pause()
        raise Stuck(f"{what}: stays {seen}")

    # ---- parts

    def make_hosts(self) -> None:
        self.subnets = [s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"][:2]]
        data = {"ImageId": self._ami(), "InstanceType": "t3.medium", "UserData": USER_DATA}
        made = self.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
        self.template_id = made["LaunchTemplate"]["LaunchTemplateId"]
        wanted = {"MinSize": 0, "MaxSize": 2 * self.hosts, "DesiredCapacity": self.hosts, "DefaultInstanceWarmup": 60}
        wanted["VPCZoneIdentifier"] = ",".join(self.subnets)
        wanted["LaunchTemplate"] = {"LaunchTemplateId": self.template_id, "Version": "1"}
        self.asg.create_auto_scaling_group(AutoScalingGroupName="hosts", **wanted)
        self.asked["group"] = wanted
        in_service = lambda: sum(one["LifecycleState"] == "InService" for one in self.instances())  # noqa: E731
        self.until(in_service, lambda n: n == self.hosts, f"hosts in service, of {self.hosts}")

    def _ami(self) -> str:
        try:
            return self.ground.client("ssm").get_parameter(Name=AMI)["Parameter"]["Value"]
        except ClientError:
            return "ami-12345678"

    def make_balancer(self) -> None:
        vpc_id = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.arns = {name: self._target_group(name, vpc_id) for name in ("blue", "green")}
        made = self.elb.create_load_balancer(Name="web", Subnets=self.subnets)["LoadBalancers"][0]
        self.balancer_arn = made["LoadBalancerArn"]
        listener = {"LoadBalancerArn": self.balancer_arn, "Protocol": "HTTP", "Port": 80}
        forward = [{"Type": "forward", "TargetGroupArn": self.arns["blue"]}]
        self.prod = self.elb.create_listener(**listener, DefaultActions=forward)["Listeners"][0]["ListenerArn"]
        self.asked["listener"] = {"Protocol": "HTTP", "Port": 80}

    def _target_group(self, name: str, vpc_id: str) -> str:
        wanted = {"Protocol": "HTTP", "Port": 80, "HealthCheckPath": "/healthz", "HealthCheckIntervalSeconds": 10}
        wanted |= {"HealthCheckTimeoutSeconds": 5, "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 3}
        made = self.elb.create_target_group(Name=name, VpcId=vpc_id, **wanted)["TargetGroups"][0]
        self.elb.modify_target_group_attributes(TargetGroupArn=made["TargetGroupArn"], Attributes=DELAY)
        self.asked[f"target group {name}"] = wanted
        return made["TargetGroupArn"]

    def make_cluster(self) -> None:
        group = self.asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]
        wanted = {"autoScalingGroupArn": group["AutoScalingGroupARN"], "managedDraining": "ENABLED"}
        self.ecs.create_capacity_provider(name="hosts", autoScalingGroupProvider=wanted)
        self.asked["capacity provider"] = wanted
        self.ecs.create_cluster(clusterName="dev")
        share = [{"capacityProvider": "hosts", "weight": 1, "base": 0}]
        self.ecs.put_cluster_capacity_providers(
            cluster="dev", capacityProviders=["hosts"], defaultCapacityProviderStrategy=share
        )

    def make_service(self) -> None:
        self.first = self.register()
        target = {"targetGroupArn": self.arns["blue"], "containerName": "app", "containerPort": 8080}
        wanted = {"desiredCount": self.tasks, "deploymentController": {"type": self.controller}}
        wanted |= {
            "healthCheckGracePeriodSeconds": 30,
            "placementStrategy": [{"type": "spread", "field": "instanceId"}],
        }
        self.ecs.create_service(
            cluster="dev", serviceName="web", taskDefinition=self.first, loadBalancers=[target], **wanted
        )
        self.asked["service"] = wanted
        self.until(self.healthy, lambda found: len(found) == self.tasks, f"healthy targets, of {self.tasks}")

    def make_alarm(self) -> None:
        balancer = self.balancer_arn.split(":loadbalancer/")[1]
        wanted = {"Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count", "Statistic": "Sum"}
        wanted |= {"Period": 60, "EvaluationPeriods": 1, "Threshold": 0.0, "TreatMissingData": "notBreaching"}
        wanted["ComparisonOperator"] = "GreaterThanThreshold"
        wanted["Dimensions"] = [{"Name": "LoadBalancer", "Value": balancer}]
        self.cw.put_metric_alarm(AlarmName="bad", **wanted)
        self.asked["alarm"] = wanted

    def make_releases(self) -> None:
        self.cd.create_application(applicationName="web", computePlatform="ECS")
        groups = [{"name": "blue"}, {"name": "green"}]
        pair = {"targetGroups": groups, "prodTrafficRoute": {"listenerArns": [self.prod]}}
        ready = {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}
        terminate = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 1}
        wanted = {
            "deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent5Minutes",
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "ecsServices": [{"serviceName": "web", "clusterName": "dev"}],
            "loadBalancerInfo": {"targetGroupPairInfoList": [pair]},
            "blueGreenDeploymentConfiguration": {
                "deploymentReadyOption": ready,
                "terminateBlueInstancesOnDeploymentSuccess": terminate,
            },
            "alarmConfiguration": {"enabled": True, "ignorePollAlarmFailure": False, "alarms": [{"name": "bad"}]},
            "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]},
        }
        self.cd.create_deployment_group(applicationName="web", deploymentGroupName="web", serviceRoleArn=ROLE, **wanted)
        self.asked["deployment group"] = wanted

    # ---- looking

    def register(self, **environment: object) -> str:
        pairs = [{"name": name, "value": str(value)} for name, value in environment.items()]
        container = {"name": "app", "image": self.ground.image(), "cpu": 256, "memory": 256, "stopTimeout": 60}
        container |= {"portMappings": [{"containerPort": 8080}], "environment": pairs}
        made = self.ecs.register_task_definition(family="web", networkMode="bridge", containerDefinitions=[container])
        return made["taskDefinition"]["taskDefinitionArn"]

    def instances(self) -> list[dict]:
        return self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=["hosts"])["AutoScalingGroups"][0][
            "Instances"
        ]

    def healthy(self, group: str = "blue") -> list[tuple[str, int]]:
        found = self.elb.describe_target_health(TargetGroupArn=self.arns[group])["TargetHealthDescriptions"]
        well = [one["Target"] for one in found if one["TargetHealth"]["State"] == "healthy"]
        return sorted((one["Id"], one["Port"]) for one in well)

    def weights(self) -> dict[str, int]:
        action = self.elb.describe_listeners(ListenerArns=[self.prod])["Listeners"][0]["DefaultActions"][0]
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or [
            {"TargetGroupArn": action["TargetGroupArn"], "Weight": 100}
        ]
        return {group["TargetGroupArn"].split("/")[-2]: group["Weight"] for group in groups if group["Weight"]}
