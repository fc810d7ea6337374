"""How many hosts served: sampled while a change runs, computed exactly from the group's activities after it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hitless.connect import Connection
from hitless.hosts import Fleet

INSTANCE_ID = re.compile(r"i-[0-9a-f]+")
CLOCKS_APART_S = 2.0  # AWS answers in whole seconds, and our clock is set by such an answer


@dataclass(frozen=True)
class Capacity:
    """Healthy hosts at one moment."""

    desired: int
    healthy: int
    old: int
    new: int

    @property
    def percent(self) -> float:
        """Healthy hosts, percent of desired."""
        return 100 * self.healthy / self.desired if self.desired else 100.0


def count(fleet: Fleet, new_version: str) -> Capacity:
    """Split the healthy hosts of a fleet by launch template version."""
    new = sum(host.healthy and host.launch_template_version == new_version for host in fleet.hosts)
    return Capacity(fleet.desired_capacity, fleet.healthy, fleet.healthy - new, new)


def lowest_in_service(here: Connection, group_name: str, since_s: float, serving: set[str]) -> int:
    """The fewest hosts in service since a moment, from the group's own account of what it did.

    A sample every few seconds can miss a dip between two of them; the activities cannot: a launch ends when its host
    enters service, a termination starts when its host leaves it.

    Args:
        here: Whose account.
        group_name: Auto Scaling group.
        since_s: AWS time, epoch seconds, from before `serving` was read: what is counted twice does no harm.
        serving: Ids of the hosts in service at that moment.

    Calls:
        autoscaling:DescribeScalingActivities.
    """
    pages = here.client("autoscaling").get_paginator("describe_scaling_activities")
    activities = [a for page in pages.paginate(AutoScalingGroupName=group_name) for a in page["Activities"]]
    steps = sorted(step for a in activities if (step := _step(a)) is not None and step[0] >= since_s - CLOCKS_APART_S)
    lowest, serving = len(serving), set(serving)
    for _, entered, instance_id in steps:
        (serving.add if entered else serving.discard)(instance_id)
        lowest = min(lowest, len(serving))
    return lowest


def _step(activity: dict) -> tuple[float, bool, str] | None:
    """When a host entered (True) or left (False) service; None when this activity did neither."""
    instance = INSTANCE_ID.search(activity["Description"])
    if instance is None:
        return None
    if activity["Description"].startswith("Terminating"):
        return activity["StartTime"].timestamp(), False, instance.group()
    if activity["StatusCode"] == "Successful" and activity.get("EndTime"):
        return activity["EndTime"].timestamp(), True, instance.group()
    return None
