"""Scaling activities: the group's own account of what it did and why."""

from __future__ import annotations

import random
from dataclasses import dataclass

from awslab.machines.events import ActivityChanged
from awslab.machines.machine import new_uuid

REMEMBER_S = 6 * 7 * 24 * 3600.0  # AWS: six weeks


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
    """The activities of one group in the last six weeks."""

    def __init__(self, group_name: str, rng: random.Random) -> None:
        self._group_name, self._rng = group_name, rng
        self._by_id: dict[str, Activity] = {}  # oldest first

    @property
    def newest_first(self) -> list[Activity]:
        """All that are remembered."""
        return list(reversed(self._by_id.values()))

    def start(self, description: str, cause: str, now: float, status_code: str = "InProgress") -> Activity:
        """Record that something begins."""
        activity = Activity(new_uuid(self._rng), description, cause, now, status_code=status_code)
        self._by_id[activity.activity_id] = activity
        while (oldest := next(iter(self._by_id.values()))).start_time < now - REMEMBER_S:
            del self._by_id[oldest.activity_id]
        return activity

    def find(self, activity_id: str) -> Activity | None:
        """The activity of that id, if it is still remembered."""
        return self._by_id.get(activity_id)

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
