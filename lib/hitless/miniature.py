"""The service that Terraform makes, in miniature and within seconds: for rehearsals, where each safety can be left out.

Terraform's AWS provider sleeps for more than a minute of real time however fast a lab is; a rehearsal that is told
twenty times needs the stack twenty times. Names and settings are those of `terraform/`, the network is the default VPC.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from hitless.checkout import CHECKOUT
from hitless.connect import Connection
from hitless.images import build_release, push
from hitless.rehearsal import REGION
from hitless.stack import Stack, read_stack

NAME = "web"
APP = CHECKOUT / "app"
ROLE = "arn:aws:iam::123456789012:role/web"
AMI_ID, NEWER_AMI_ID, BROKEN_AMI_ID = "ami-0a10000000000ec51", "ami-0a10000000000ec52", "ami-0bad000000000ec50"
CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"
ALL_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
BOOT_S, READY_S = 240.0, 180.0
LAUNCH_HOOK = {
    "LifecycleHookName": "agent-ready",
    "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "HeartbeatTimeout": 600,
    "DefaultResult": "ABANDON",
}
USER_DATA = f"""echo ECS_CLUSTER={NAME} >> /etc/ecs/ecs.config
aws autoscaling complete-lifecycle-action --lifecycle-hook-name agent-ready --lifecycle-action-result CONTINUE
"""


@dataclass(frozen=True)
class Settings:
    """What the service is made of; the defaults are safe.

    Args:
        hosts: Desired hosts.
        tasks: Desired tasks.
        task_memory_mib: What one task reserves; it decides how many fit.
        managed_draining: Whether ECS moves tasks off a host before it is terminated.
        deregistration_delay_s: How long a leaving target may finish its requests.
        test_listener: Whether a release answers a test port, and is health-checked, before it gets users.
        check_interval_s: Seconds between two health checks of a target.
        zones: Availability zones, 1 or 2.
        alarm: Whether target errors stop a release.
        config_name: How releases shift the traffic.
        faults: Settings of the app, e.g. `LATENCY_MS=2000`.
    """

    hosts: int = 4
    tasks: int = 6
    task_memory_mib: int = 256
    managed_draining: bool = True
    deregistration_delay_s: int = 60
    test_listener: bool = True
    check_interval_s: int = 10
    zones: int = 2
    alarm: bool = True
    config_name: str = CANARY
    faults: str = ""


class Miniature:
    """One small service on a connection to a lab.

    Args:
        here: A rehearsal's connection; the account must be empty.
        settings: What to make.
    """

    def __init__(self, here: Connection, settings: Settings) -> None:
        self.here, self.settings = here, settings
        self._subnets = [s["SubnetId"] for s in here.client("ec2").describe_subnets()["Subnets"][:2]]
        make_hosts(here, settings.hosts, self._subnets[: settings.zones])
        self._cluster()
        self._traffic()
        here.clock.sleep(BOOT_S)  # else every task would be placed on the first host that joins
        self._service()
        self._deployment_group()
        here.clock.sleep(READY_S)
        self.stack: Stack = read_stack(here, NAME, NAME)

    def _cluster(self) -> None:
        groups = self.here.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])
        ecs = self.here.client("ecs")
        ecs.create_capacity_provider(
            name=NAME,
            autoScalingGroupProvider={
                "autoScalingGroupArn": groups["AutoScalingGroups"][0]["AutoScalingGroupARN"],
                "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
                "managedDraining": "ENABLED" if self.settings.managed_draining else "DISABLED",
            },
        )
        ecs.create_cluster(clusterName=NAME)
        ecs.put_cluster_capacity_providers(
            cluster=NAME, capacityProviders=[NAME], defaultCapacityProviderStrategy=STRATEGY
        )

    def _traffic(self) -> None:
        self._groups = [self._target_group(f"{NAME}-{colour}") for colour in ("blue", "green")]
        elb = self.here.client("elbv2")
        self._balancer = elb.create_load_balancer(Name=NAME, Subnets=self._subnets)["LoadBalancers"][0]
        ports = (80, 8080) if self.settings.test_listener else (80,)
        self._listeners = [self._listener(port) for port in ports]

    def _target_group(self, name: str) -> str:
        elb = self.here.client("elbv2")
        vpc_id = self.here.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        check = {
            "HealthCheckPath": "/healthz",
            "HealthCheckIntervalSeconds": self.settings.check_interval_s,
            "UnhealthyThresholdCount": 2,
            "HealthCheckTimeoutSeconds": 4,
        }
        made = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc_id, **check)
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        seconds = str(self.settings.deregistration_delay_s)
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": seconds}]
        elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=delay)
        return arn

    def _listener(self, port: int) -> str:
        made = self.here.client("elbv2").create_listener(
            LoadBalancerArn=self._balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self._groups[0]}],
        )
        return made["Listeners"][0]["ListenerArn"]

    def _service(self) -> None:
        ecr, ecs = self.here.client("ecr"), self.here.client("ecs")
        ecr.create_repository(repositoryName=NAME, imageTagMutability="IMMUTABLE")
        image = push(build_release(APP, "1.0.0", "blue", self.settings.faults), NAME, ecr=ecr)
        self.here.client("logs").create_log_group(logGroupName=f"/ecs/{NAME}")
        container = CONTAINER | {"image": image, "memory": self.settings.task_memory_mib}
        ecs.register_task_definition(
            family=NAME, networkMode="bridge", executionRoleArn=ROLE, taskRoleArn=ROLE, containerDefinitions=[container]
        )
        ecs.create_service(
            cluster=NAME,
            serviceName=NAME,
            taskDefinition=NAME,
            desiredCount=self.settings.tasks,
            deploymentController={"type": "CODE_DEPLOY"},
            capacityProviderStrategy=STRATEGY,
            placementStrategy=SPREAD,
            loadBalancers=[{"targetGroupArn": self._groups[0], "containerName": "app", "containerPort": 8080}],
        )

    def _deployment_group(self) -> None:
        self.here.client("cloudwatch").put_metric_alarm(**ALARM, Dimensions=[self._dimension()])
        deploy = self.here.client("codedeploy")
        deploy.create_application(applicationName=NAME, computePlatform="ECS")
        ended = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5}
        deploy.create_deployment_group(
            applicationName=NAME,
            deploymentGroupName=NAME,
            serviceRoleArn=ROLE,
            deploymentConfigName=self.settings.config_name,
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            ecsServices=[{"serviceName": NAME, "clusterName": NAME}],
            loadBalancerInfo={"targetGroupPairInfoList": [self._pair()]},
            blueGreenDeploymentConfiguration={
                "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
                "terminateBlueInstancesOnDeploymentSuccess": ended,
            },
            alarmConfiguration={"enabled": self.settings.alarm, "alarms": [{"name": ALARM["AlarmName"]}]},
            autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
        )

    def _pair(self) -> dict:
        names = [{"name": f"{NAME}-{colour}"} for colour in ("blue", "green")]
        pair = {"targetGroups": names, "prodTrafficRoute": {"listenerArns": self._listeners[:1]}}
        return pair | ({"testTrafficRoute": {"listenerArns": self._listeners[1:]}} if self._listeners[1:] else {})

    def _dimension(self) -> dict:
        arn = self._balancer["LoadBalancerArn"]
        return {"Name": "LoadBalancer", "Value": arn.partition("loadbalancer/")[2]}


CONTAINER = {
    "name": "app",
    "cpu": 256,
    "user": "10001:10001",
    "stopTimeout": 60,
    "portMappings": [{"containerPort": 8080, "hostPort": 0}],
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": f"/ecs/{NAME}", "awslogs-region": REGION, "awslogs-stream-prefix": "app"},
    },
}
SPREAD = [{"type": "spread", "field": f} for f in ("attribute:ecs.availability-zone", "instanceId")]
STRATEGY = [{"capacityProvider": NAME, "weight": 1, "base": 0}]
ALARM = {
    "AlarmName": f"{NAME}-5xx",
    "Namespace": "AWS/ApplicationELB",
    "MetricName": "HTTPCode_Target_5XX_Count",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


def make_hosts(here: Connection, count: int, subnets: list[str] | None = None) -> str:
    """Make a launch template and a group of hosts with a launch hook.

    Args:
        here: A rehearsal's connection.
        count: Desired hosts, >= 1.
        subnets: Where; two of the default VPC's by default.

    Returns:
        The launch template's id.
    """
    ec2 = here.client("ec2")
    subnets = subnets or [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"][:2]]
    data = {"ImageId": AMI_ID, "InstanceType": "t3.medium", "UserData": base64.b64encode(USER_DATA.encode()).decode()}
    template = ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=data)["LaunchTemplate"]
    here.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=NAME,
        MinSize=count,  # managed scaling would take hosts that no task needs
        MaxSize=count + 2,
        DesiredCapacity=count,
        VPCZoneIdentifier=",".join(subnets),
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
        DefaultInstanceWarmup=60,
        LifecycleHookSpecificationList=[LAUNCH_HOOK],
    )
    return template["LaunchTemplateId"]


def new_template_version(here: Connection, template_id: str, ami_id: str = NEWER_AMI_ID) -> str:
    """Write a launch template version with another AMI; its number."""
    made = here.client("ec2").create_launch_template_version(
        LaunchTemplateId=template_id, SourceVersion="1", LaunchTemplateData={"ImageId": ami_id}
    )
    return str(made["LaunchTemplateVersion"]["VersionNumber"])
