"""Whether an alarm rings, or may yet ring for what users have seen already: either stops the next release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

TOLD_S = 120.0  # a load balancer's metrics come once a minute, and alarms are evaluated once a minute


def is_quiet(alarms: Iterable[Mapping[str, Any]], failed_at: float | None, now: float) -> bool:
    """No alarm is in ALARM, and the last failure is older than they remember.

    Args:
        alarms: As DescribeAlarms tells of them.
        failed_at: When the last request failed, AWS time; None when none did.
        now: AWS time.
    """
    alarms = list(alarms)
    memory_s = max((one.get("Period", 60) * one["EvaluationPeriods"] for one in alarms), default=0) + TOLD_S
    is_over = failed_at is None or now - failed_at > memory_s
    return is_over and all(one["StateValue"] != "ALARM" for one in alarms)
