"""What "90 % minimum healthy" really means for a number of hosts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """How low and how high an instance refresh takes a group.

    Args:
        desired: Desired capacity, hosts.
        fewest: Fewest old and new hosts in service at any time.
        most: Most hosts at any time, those that are terminating not counted.
    """

    desired: int
    fewest: int
    most: int

    @property
    def percent(self) -> float:
        """The true floor, percent of desired capacity."""
        return 100 * self.fewest / self.desired if self.desired else 100.0


def true_floor(desired: int, min_healthy_percent: int, max_healthy_percent: int | None) -> Floor:
    """The floor a refresh really keeps.

    The minimum rounds up to whole hosts, the maximum down. Without a maximum Auto Scaling terminates and launches
    together and takes at least one host whatever the minimum says; with one that leaves no room it launches first.
    (EC2 Auto Scaling user guide, "Instance maintenance policies" and "Instance refresh".)

    Args:
        desired: Desired capacity, hosts, >= 0.
        min_healthy_percent: 0-100.
        max_healthy_percent: 100-200, or None when it is not sent: that is not the same as 100.
    """
    promised = -(-desired * min_healthy_percent // 100)
    if desired == 0:
        return Floor(0, 0, 0)
    if max_healthy_percent is None:
        return Floor(desired, min(promised, desired - 1), desired)
    ceiling = desired * max_healthy_percent // 100
    if promised == desired and ceiling == desired:
        return Floor(desired, desired, desired + 1)
    return Floor(desired, promised, ceiling)


def ideal_duration_s(floor: Floor, replace_s: float) -> float:
    """Seconds a refresh would take if every batch took `replace_s` (launch, boot, warm-up) and nothing else.

    Args:
        floor: What `true_floor` said.
        replace_s: Seconds from launch to warm for one host.
    """
    at_once = max(1, floor.most - floor.fewest)
    return -(-floor.desired // at_once) * replace_s
