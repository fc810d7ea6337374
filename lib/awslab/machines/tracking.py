"""Target tracking: a metric is held near a target by two alarms, and how far to scale when one of them rings."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from awslab.machines.alarms import Alarm, AlarmSettings
from awslab.machines.machine import new_uuid
from awslab.machines.metrics import MINUTE_S, MetricKey, Metrics

# AWS: a policy's AlarmLow needs 15 data points of a minute ("How target tracking scaling for Application Auto Scaling
# works"); AlarmHigh of a service 3, that of a capacity provider 1.
LOW_PERIODS = 15
LOOK_EVERY_S = 60.0  # AWS: an alarm that stays in ALARM calls its scaling action every minute
FRESH_S = 5 * MINUTE_S  # the newest data point counts if it is not older; the lab's choice
DESCRIPTION = "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {}."


@dataclass(frozen=True, slots=True)
class Tracking:
    """What is tracked.

    Attributes:
        metric: Falls when capacity is added.
        statistic: Of a minute.
        target_value: In the metric's unit, > 0.
        high_periods: Minutes above the target until it scales out.
        low_share: It scales in below this share of the target.
    """

    metric: MetricKey
    statistic: str
    target_value: float
    high_periods: int = 3
    low_share: float = 0.9  # AWS: a target of 75 % makes an AlarmLow at 67.5 %

    def value(self, metrics: Metrics, now: float) -> float | None:
        """The newest data point."""
        points = metrics.points(self.metric, now - FRESH_S, now, MINUTE_S, self.statistic)
        return points[max(points)] if points else None

    def wanted(self, capacity: int, value: float) -> int:
        """The capacity at which the metric would meet the target, as the metric falls with capacity."""
        return math.ceil(capacity * value / self.target_value - 1e-9)


@dataclass(frozen=True, slots=True)
class AlarmPair:
    """The two alarms of one policy."""

    high: Alarm
    low: Alarm

    def __iter__(self):
        return iter((self.high, self.low))

    def ring(self, alarm_name: str) -> bool:
        """It is one of them."""
        return alarm_name in (self.high.alarm_name, self.low.alarm_name)


def alarm_pair(
    what: str, policy_arn: str, tracking: Tracking, metrics: Metrics, rng: random.Random, now: float
) -> AlarmPair:
    """Make AWS's alarms of a policy; they take part once the world has them.

    Args:
        what: The resource, as the alarms' names have it: `service/<cluster>/<service>` or a group's name.
        policy_arn: Their action.
        tracking: What they watch.
        metrics: Where the data is.
        rng: Draws their ids, and when in a minute they are evaluated.
        now: Lab time.
    """
    above = AlarmSettings(
        metric=tracking.metric,
        statistic=tracking.statistic,
        period_s=int(MINUTE_S),
        evaluation_periods=tracking.high_periods,
        threshold=tracking.target_value,
        comparison="GreaterThanThreshold",
    )
    below = replace(
        above,
        evaluation_periods=LOW_PERIODS,
        threshold=tracking.target_value * tracking.low_share,
        comparison="LessThanThreshold",
    )
    described = {
        "ActionsEnabled": True,
        "AlarmActions": [policy_arn],
        "AlarmDescription": DESCRIPTION.format(policy_arn),
        "Statistic": tracking.statistic,
        "Tags": {},
    }
    made = (
        Alarm(f"TargetTracking-{what}-{kind}-{new_uuid(rng)}", s, metrics, rng=rng, now=now, described=described)
        for kind, s in (("AlarmHigh", above), ("AlarmLow", below))
    )
    return AlarmPair(*made)
