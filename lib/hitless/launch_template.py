"""The versions of a group's launch template: what each says, and which one the group is held at."""

from __future__ import annotations

import pandas as pd

from hitless.connect import Connection
from hitless.hosts import launch_template_of, read_group, read_hosts
from hitless.stack import Stack


def read_versions(here: Connection, stack: Stack) -> pd.DataFrame:
    """Every version, oldest first.

    Calls:
        autoscaling:DescribeAutoScalingGroups, ec2:DescribeLaunchTemplateVersions, DescribeInstances.
    """
    held = launch_template_of(read_group(here, stack.group_name))
    answer = here.client("ec2").describe_launch_template_versions(LaunchTemplateId=held["LaunchTemplateId"])
    running = [host.launch_template_version for host in read_hosts(here, stack).hosts if host.healthy]
    rows = [
        (
            one["VersionNumber"],
            one["LaunchTemplateData"].get("ImageId", ""),
            one["LaunchTemplateData"].get("InstanceType", ""),
            running.count(str(one["VersionNumber"])),
            "held here" if str(one["VersionNumber"]) == held["Version"] else "",
        )
        for one in answer["LaunchTemplateVersions"]
    ]
    table = pd.DataFrame(rows, columns=["version", "AMI", "instance type", "healthy hosts", "group"])
    return table.sort_values("version").set_index("version")
