"""A lab on the virtual clock with a group of hosts, spoken to with boto3."""

import base64

import pytest

from awslab.lab import Lab

USER_DATA = """#!/bin/sh
echo ECS_CLUSTER=dev >> /etc/ecs/ecs.config
aws autoscaling complete-lifecycle-action --lifecycle-hook-name agent-ready --lifecycle-action-result CONTINUE
"""
GOOD, NEWER, BROKEN = "ami-0a10000000000ec51", "ami-0a10000000000ec52", "ami-0bad000000000ec50"
HOOK = {
    "LifecycleHookName": "agent-ready",
    "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "HeartbeatTimeout": 600,
    "DefaultResult": "ABANDON",
}


class Hosts:
    """One group `web` and what an operator calls."""

    def __init__(self, lab: Lab, desired: int) -> None:
        self.lab, self.asg, self.ec2 = lab, lab.client("autoscaling"), lab.client("ec2")
        data = {
            "ImageId": GOOD,
            "InstanceType": "t3.small",
            "UserData": base64.b64encode(USER_DATA.encode()).decode(),
        }
        made = self.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
        self.template_id = made["LaunchTemplate"]["LaunchTemplateId"]
        subnets = [s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"][:2]]
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName="web",
            MinSize=1,
            MaxSize=2 * desired,
            DesiredCapacity=desired,
            VPCZoneIdentifier=",".join(subnets),
            LaunchTemplate={"LaunchTemplateId": self.template_id, "Version": "1"},
            DefaultInstanceWarmup=60,
            LifecycleHookSpecificationList=[HOOK],
        )
        self.sleep(120)

    def sleep(self, seconds: float) -> None:
        self.lab.clock.sleep(seconds)

    def group(self) -> dict:
        return self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"][0]

    def new_version(self, image_id: str) -> str:
        made = self.ec2.create_launch_template_version(
            LaunchTemplateId=self.template_id, SourceVersion="1", LaunchTemplateData={"ImageId": image_id}
        )
        return str(made["LaunchTemplateVersion"]["VersionNumber"])

    def start(self, version: str, **preferences) -> str:
        wanted = {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 110, **preferences}
        started = self.asg.start_instance_refresh(
            AutoScalingGroupName="web",
            DesiredConfiguration={"LaunchTemplate": {"LaunchTemplateId": self.template_id, "Version": version}},
            Preferences={k: v for k, v in wanted.items() if v is not None},
        )
        return started["InstanceRefreshId"]

    def refresh(self) -> dict:
        return self.asg.describe_instance_refreshes(AutoScalingGroupName="web")["InstanceRefreshes"][0]

    def ended(self) -> dict:
        for _ in range(1000):
            if "EndTime" in self.refresh():
                break
            self.sleep(30)
        return self.refresh()

    def images(self) -> list[str]:
        instances = [i["InstanceId"] for i in self.group()["Instances"]]
        answer = self.ec2.describe_instances(InstanceIds=instances)
        return sorted(i["ImageId"] for r in answer["Reservations"] for i in r["Instances"])


@pytest.fixture
def hosts():
    lab = Lab(seed=3)
    yield lambda desired=4: Hosts(lab, desired)
    lab.close()
