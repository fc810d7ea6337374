"""Application Auto Scaling of one ECS service: bounds, policies that follow a metric, actions at set hours."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from awslab.machines.events import AlarmStateChanged, DesiredCountRequested
from awslab.machines.machine import Event, Machine, Timers, new_uuid
from awslab.machines.metrics import Metrics
from awslab.machines.timetable import Timetable
from awslab.machines.tracking import LOOK_EVERY_S, AlarmPair, Tracking

COOLDOWN_S = 300.0  # AWS: default of both cooldowns of ECS services
# AWS scales in "gradually", and says no more; the lab takes a tenth at a time, at least one.
SCALE_IN_SHARE = 0.1
ACTIVITIES_MAX = 100  # AWS keeps six weeks


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One target tracking policy; `described` is its configuration as given."""

    policy_name: str
    policy_arn: str
    tracking: Tracking
    alarms: AlarmPair
    created_at: float
    scale_in: bool = True
    scale_in_cooldown_s: float = COOLDOWN_S
    scale_out_cooldown_s: float = COOLDOWN_S
    described: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScheduledAction:
    """New bounds at set times; None leaves a bound as it is."""

    action_name: str
    timetable: Timetable
    min_capacity: int | None
    max_capacity: int | None
    created_at: float
    start_at: float = 0.0
    end_at: float = float("inf")

    def next_after(self, now: float) -> float | None:
        """When it is due next."""
        at = self.timetable.next_after(max(now, self.start_at - 1e-3), max(self.created_at, self.start_at))
        return at if at is not None and at <= self.end_at else None


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of DescribeScalingActivities."""

    activity_id: str
    at: float
    desired_count: int
    cause: str


class ScalableTarget(Machine):
    """Moves one service's desired count.

    Theory of operation: an alarm that goes to ALARM, and each minute that it stays there, has all policies looked at.
    One that is over its target wins over all that are under theirs; capacity goes only when every policy that may take
    it agrees. A scheduled action sets the bounds, and then the count into them.

    Args:
        cluster_name: Of the service.
        service_name: Of the service.
        desired_of: Its desired count now; None when it is gone.
        metrics: What policies follow.
        rng: Draws ids.
    """

    hears = (AlarmStateChanged,)

    def __init__(
        self,
        cluster_name: str,
        service_name: str,
        desired_of: Callable[[], int | None],
        metrics: Metrics,
        rng: random.Random,
    ) -> None:
        self.cluster_name, self.service_name = cluster_name, service_name
        self.name = f"scalable target {self.resource_id}"
        self._desired_of, self._metrics, self.rng = desired_of, metrics, rng
        self.min_capacity = self.max_capacity = 0
        self.suspended: frozenset[str] = frozenset()  # of DynamicScalingIn, DynamicScalingOut, ScheduledScaling
        self.policies: dict[str, Policy] = {}
        self.actions: dict[str, ScheduledAction] = {}
        self.activities: list[Activity] = []  # newest first
        self.described: dict = {}  # what the API echoes
        self._timers = Timers()
        self._out_at = self._in_at = float("-inf")
        self._before_out = 0  # the count that the last scale-out started from

    @property
    def resource_id(self) -> str:
        """As the API names the service."""
        return f"service/{self.cluster_name}/{self.service_name}"

    # ---- commands of the API

    def put_action(self, action: ScheduledAction, now: float) -> None:
        """PutScheduledAction: add or replace."""
        self.actions[action.action_name] = action
        self._arm(action, now)

    def delete_action(self, action_name: str) -> None:
        """DeleteScheduledAction; KeyError when there is none."""
        del self.actions[action_name]
        self._timers.cancel(("action", action_name))

    # ---- time and events

    def wake_at(self) -> float | None:
        """The next look or action."""
        return self._timers.next()

    def on_time(self, now: float) -> Iterable[Event]:
        """Look again, or act on schedule."""
        events: list[Event] = []
        for kind, name in self._timers.pop_due(now):
            events += self._look(now) if kind == "look" else self._act(self.actions[name], now)
        return events

    def on_event(self, event: AlarmStateChanged, now: float) -> Iterable[Event]:
        """One of its alarms rings."""
        mine = any(policy.alarms.ring(event.alarm_name) for policy in self.policies.values())
        return self._look(now) if mine and event.new_state == "ALARM" else ()

    # ---- by metrics

    def _look(self, now: float) -> list[Event]:
        desired = self._desired_of()
        if desired is None or not any(a.state == "ALARM" for p in self.policies.values() for a in p.alarms):
            return []
        self._timers.set(("look", ""), now + LOOK_EVERY_S)
        return self._scale_out(desired, now) or self._scale_in(desired, now)

    def _scale_out(self, desired: int, now: float) -> list[Event]:
        """AWS: within the cooldown only by more than the last time, from where that started."""
        over = [p for p in self.policies.values() if p.alarms.high.state == "ALARM"]
        wanted = {p: self._wanted(p, desired, now) for p in over}
        policy = max(over, key=wanted.get, default=None)
        if policy is None or "DynamicScalingOut" in self.suspended:
            return []
        cooling = now < self._out_at + policy.scale_out_cooldown_s
        start = self._before_out if cooling else desired
        count = min(self._wanted(policy, start, now), self.max_capacity)
        if count <= desired:
            return []
        self._out_at, self._in_at, self._before_out = now, float("-inf"), start
        return self._set(count, _by(policy.alarms.high.alarm_name, policy), now)

    def _scale_in(self, desired: int, now: float) -> list[Event]:
        over = any(p.alarms.high.state == "ALARM" for p in self.policies.values())
        voters = [p for p in self.policies.values() if p.scale_in]
        agreed = voters and all(p.alarms.low.state == "ALARM" for p in voters)
        if over or not agreed or "DynamicScalingIn" in self.suspended:
            return []
        policy = max(voters, key=lambda p: self._wanted(p, desired, now))
        if now < max(self._in_at + policy.scale_in_cooldown_s, self._out_at + policy.scale_out_cooldown_s):
            return []
        gradual = desired - max(1, int(desired * SCALE_IN_SHARE))
        count = max(self._wanted(policy, desired, now), gradual, self.min_capacity)
        if count >= desired:
            return []
        self._in_at = now
        return self._set(count, _by(policy.alarms.low.alarm_name, policy), now)

    def _wanted(self, policy: Policy, capacity: int, now: float) -> int:
        value = policy.tracking.value(self._metrics, now)
        return capacity if value is None else policy.tracking.wanted(capacity, value)

    # ---- on schedule

    def _arm(self, action: ScheduledAction, now: float) -> None:
        at = action.next_after(now)
        if at is None:
            self._timers.cancel(("action", action.action_name))
        else:
            self._timers.set(("action", action.action_name), at)

    def _act(self, action: ScheduledAction, now: float) -> list[Event]:
        self._arm(action, now)
        desired = self._desired_of()
        if desired is None or "ScheduledScaling" in self.suspended:
            return []
        low, high = action.min_capacity, action.max_capacity
        self.min_capacity = self.min_capacity if low is None else low
        self.max_capacity = self.max_capacity if high is None else high
        count = min(max(desired, self.min_capacity), self.max_capacity)
        return [] if count == desired else self._set(count, f"scheduled action {action.action_name}", now)

    def _set(self, count: int, cause: str, now: float) -> list[Event]:
        self.activities.insert(0, Activity(new_uuid(self.rng), now, count, cause))
        del self.activities[ACTIVITIES_MAX:]
        return [
            DesiredCountRequested(
                cluster_name=self.cluster_name, service_name=self.service_name, desired_count=count, cause=cause
            )
        ]


def _by(alarm_name: str, policy: Policy) -> str:
    return f"monitor alarm {alarm_name} in state ALARM triggered policy {policy.policy_name}"
