"""Scaling activities: the group's own account of what it did and why."""

from __future__ import annotations

import random
from dataclasses import dataclass

from awslab.machines.events import ActivityChanged
from awslab.machines.machine import new_uuid

KEPT = 100


@dataclass(slots=True)
class Activity:
    """One line of DescribeScalingActivities."""

    activity_id: str
    description: str
    cause: str
    start_time: float
    end_time: float | None = None
    status_code: str = "InProgress"
    status_message: str = ""
    details: str = "{}"

    @property
    def progress(self) -> int:
        """Percent: AWS shows 100 when ended, 50 half-way."""
        return 100 if self.end_time is not None else 50


class Activities:
    """The newest hundred activities of one group, newest first."""

    def __init__(self, group_name: str, rng: random.Random) -> None:
        self._group_name, self._rng = group_name, rng
        self.newest_first: list[Activity] = []

    def start(self, description: str, cause: str, now: float, status_code: str = "InProgress") -> Activity:
        """Record that something begins."""
        activity = Activity(new_uuid(self._rng), description, cause, now, status_code=status_code)
        self.newest_first.insert(0, activity)
        del self.newest_first[KEPT:]
        return activity

    def find(self, activity_id: str) -> Activity | None:
        """The activity of that id, if it is still kept."""
        return next((a for a in self.newest_first if a.activity_id == activity_id), None)

    def end(self, activity_id: str, now: float, status_code: str = "Successful", message: str = "") -> ActivityChanged:
        """Record how it ended."""
        activity = self.find(activity_id)
        if activity is not None:
            activity.end_time, activity.status_code, activity.status_message = now, status_code, message
        return ActivityChanged(
            group_name=self._group_name,
            activity_id=activity_id,
            status_code=status_code,
            description=activity.description if activity else "",
        )
