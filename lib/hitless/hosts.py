"""The hosts of a service as Auto Scaling, EC2 and ECS see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hitless.connect import Connection
from hitless.errors import NotReady
from hitless.stack import Stack

CALL_MAX = 100


@dataclass(frozen=True)
class Host:
    """One instance of the group."""

    instance_id: str
    availability_zone: str
    lifecycle_state: str
    health_status: str
    launch_template_version: str
    image_id: str
    instance_type: str
    protected: bool

    @property
    def healthy(self) -> bool:
        """In service and healthy: what counts as capacity."""
        return self.lifecycle_state == "InService" and self.health_status == "Healthy"


@dataclass(frozen=True)
class Fleet:
    """All hosts of a group at one moment."""

    group_name: str
    desired_capacity: int
    min_size: int
    max_size: int
    launch_template_id: str
    launch_template_version: str
    hosts: tuple[Host, ...]

    @classmethod
    def again(cls, facts: Mapping) -> Fleet:
        """A fleet that was written down as plain data."""
        return cls(**{**facts, "hosts": tuple(Host(**host) for host in facts["hosts"])})

    @property
    def healthy(self) -> int:
        """Hosts in service and healthy."""
        return sum(host.healthy for host in self.hosts)

    @property
    def instance_ids(self) -> frozenset[str]:
        """Ids of all hosts."""
        return frozenset(host.instance_id for host in self.hosts)

    @property
    def instance_types(self) -> frozenset[str]:
        """The types among them."""
        return frozenset(host.instance_type for host in self.hosts)

    def __str__(self) -> str:
        head = f"{self.group_name}: {self.healthy} healthy of {self.desired_capacity} desired"
        rows = (
            f"  {h.instance_id}  {h.availability_zone}  {h.lifecycle_state:<16} {h.image_id}  {h.instance_type}"
            f"  version {h.launch_template_version}"
            for h in self.hosts
        )
        return "\n".join([head, *rows])


def read_group(here: Connection, group_name: str) -> dict:
    """DescribeAutoScalingGroups' answer for one group.

    Calls:
        autoscaling:DescribeAutoScalingGroups.
    """
    answer = here.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group_name])
    return answer["AutoScalingGroups"][0]


def launch_template_of(group: Mapping[str, Any]) -> dict[str, str]:
    """What a group, as `read_group` gives it, launches from: id and version; a group of several types has one, too."""
    if mixed := group.get("MixedInstancesPolicy"):
        return mixed["LaunchTemplate"]["LaunchTemplateSpecification"]
    return group["LaunchTemplate"]


def held_template(here: Connection, group_name: str) -> dict[str, str]:
    """What a group launches from, for a change of hosts that names another version of it.

    Calls:
        autoscaling:DescribeAutoScalingGroups.

    Raises:
        NotReady: The group mixes types or markets: AWS refreshes it to no single launch template.
    """
    group = read_group(here, group_name)
    if group.get("MixedInstancesPolicy"):
        do = "let Terraform move and refresh it (terraform/README.md, Two roads), or take its Spot hosts away first"
        raise NotReady("The group has hosts of several types.", seen={"group": group_name}, do=do)
    return launch_template_of(group)


def read_hosts(here: Connection, stack: Stack) -> Fleet:
    """Every host of a service's group, with its AMI.

    Calls:
        autoscaling:DescribeAutoScalingGroups, ec2:DescribeInstances.
    """
    group = read_group(here, stack.group_name)
    images = _images(here, [one["InstanceId"] for one in group["Instances"]])
    hosts = tuple(
        Host(
            one["InstanceId"],
            one["AvailabilityZone"],
            one["LifecycleState"],
            one["HealthStatus"],
            one.get("LaunchTemplate", {}).get("Version", ""),
            images.get(one["InstanceId"], ""),
            one.get("InstanceType", ""),
            one["ProtectedFromScaleIn"],
        )
        for one in group["Instances"]
    )
    template = launch_template_of(group)
    return Fleet(
        stack.group_name,
        group["DesiredCapacity"],
        group["MinSize"],
        group["MaxSize"],
        template["LaunchTemplateId"],
        template["Version"],
        hosts,
    )


def _images(here: Connection, instance_ids: list[str]) -> dict[str, str]:
    """AMI by instance: by a filter, since an id just gone would be an error, which takes 200 values at most."""
    pages = here.client("ec2").get_paginator("describe_instances")
    images = {}
    for start in range(0, len(instance_ids), CALL_MAX):
        wanted = [{"Name": "instance-id", "Values": instance_ids[start : start + CALL_MAX]}]
        found = [r for page in pages.paginate(Filters=wanted) for r in page["Reservations"]]
        images |= {one["InstanceId"]: one["ImageId"] for r in found for one in r["Instances"]}
    return images
