"""An Auto Scaling group: it keeps as many instances as are desired, spread over its zones, and refreshes them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from awslab.machines.activities import Activities
from awslab.machines.events import (
    AlarmStateChanged,
    CapacityChanged,
    DesiredCapacityRequested,
    InstanceDied,
    LaunchSpec,
    LifecycleActionRequested,
    LifecycleHeartbeatRequested,
    ScaleInProtectionRequested,
    SpotInterruptionNotified,
)
from awslab.machines.group_commands import GroupCommands
from awslab.machines.hooks import Hook
from awslab.machines.instances import Instance
from awslab.machines.launching import Launching, LaunchRef
from awslab.machines.machine import Event, Machine, Timers
from awslab.machines.members import Members
from awslab.machines.mix import Mix
from awslab.machines.refresh import Refresh
from awslab.machines.roll import Roll

NOTICE_S = (5.0, 60.0)  # how long until Auto Scaling notices that EC2 lost an instance; "a few minutes" at most
STEPS_MAX = 10_000


class Group(GroupCommands, Launching, Machine):
    """One Auto Scaling group.

    Args:
        name: AutoScalingGroupName.
        rng: Its own randomness: ids, start and shutdown times.
        resolve: What a launch template version resolves to now; raises LaunchRefused.
        subnets: {subnet id: availability zone} it may launch in.
        launch: Launch template and version.
        desired_capacity: Instances; `min_size` <= it <= `max_size`.
        now: Lab time.
    """

    hears = (
        LifecycleActionRequested,
        LifecycleHeartbeatRequested,
        ScaleInProtectionRequested,
        InstanceDied,
        AlarmStateChanged,
        CapacityChanged,
        DesiredCapacityRequested,
        SpotInterruptionNotified,
    )

    def __init__(
        self,
        name: str,
        *,
        rng: random.Random,
        resolve: Callable[[LaunchRef], LaunchSpec],
        subnets: dict[str, str],
        launch: LaunchRef,
        desired_capacity: int,
        min_size: int,
        max_size: int,
        now: float,
    ) -> None:
        self.name, self._rng, self._resolve = name, rng, resolve
        self.subnets, self.launch = subnets, launch
        self.desired_capacity, self.min_size, self.max_size = desired_capacity, min_size, max_size
        self.created_at = self.last_seen = now
        self.default_warmup_s: float | None = None
        self.health_check_grace_period_s = 0.0
        self.new_instances_protected = False
        self.maintenance_percents: tuple[int, int] | None = None
        self.mix: Mix | None = None
        self.rebalances = False  # CapacityRebalance
        self.suspended: set[str] = set()
        self.enabled_metrics: set[str] = set()
        self.refreshes: list[Refresh] = []  # newest first
        self.timers = Timers()
        self.activities = Activities(name, rng)
        self._members = Members(name, rng, self.timers, self.activities)
        self._zones_without_capacity: set[str] = set()
        self._at_risk: dict[str, None] = {}  # Spot instances that EC2 will take back
        self.described: dict = {}  # what the API echoes and no machine needs
        self.being_deleted = False
        self.timers.set("think", now)

    @property
    def instances(self) -> dict[str, Instance]:
        """By id, in order of launch; terminated ones are gone."""
        return self._members.instances

    @property
    def roll(self) -> Roll:
        """Who of them is in which state."""
        return self._members.roll

    @property
    def hooks(self) -> dict[str, Hook]:
        """Lifecycle hooks by name."""
        return self._members.hooks

    @property
    def refresh(self) -> Refresh | None:
        """The active refresh, if there is one."""
        return self.refreshes[0] if self.refreshes and self.refreshes[0].active else None

    @property
    def deleted(self) -> bool:
        """Deleted, and the last instance is gone."""
        return self.being_deleted and not self.instances

    # ---- time and events

    def wake_at(self) -> float | None:
        """The next of its timers."""
        return self.timers.next()

    def on_time(self, now: float) -> Iterable[Event]:
        """Whatever is due, then what follows from it."""
        events: list[Event] = []
        for key in self.timers.pop_due(now):
            events += self._ring(key, now)
        return events + self._think(now)

    def _ring(self, key: object, now: float) -> list[Event]:
        match key:
            case ("running", str(instance_id)):
                return self._members.running(instance_id, now)
            case ("gone", str(instance_id)):
                return self._members.gone(instance_id, now)
            case ("hook", str(instance_id), str(hook_name)):
                return self._members.complete(instance_id, hook_name, None, now)
            case ("died", str(instance_id)):
                return self.set_health(instance_id, "Unhealthy", now)
            case ("refresh", _) if self.refresh is not None:
                return self.refresh.ring(key, now)
        return []  # "think", "retry", "warm": only a reason to look again

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Hear the agent, ECS, nature and CloudWatch."""
        return self._hear(event, now) + self._think(now)

    def _hear(self, event: Event, now: float) -> list[Event]:
        match event:
            case LifecycleActionRequested(instance_id=i, hook_name=hook) if hook in self._waits_of(i):
                return self._members.complete(i, hook, event.result, now)
            case LifecycleHeartbeatRequested(instance_id=i, hook_name=hook) if hook in self._waits_of(i):
                self._members.heartbeat(i, hook, now)
            case ScaleInProtectionRequested(instance_id=i) if i in self.instances:
                self._protect(i, event.protected)
            case InstanceDied(instance_id=i) if i in self.instances and not self.instances[i].leaving:
                self.timers.set(("died", i), now + self._rng.uniform(*NOTICE_S))
            case DesiredCapacityRequested(group_name=self.name) if "AlarmNotification" not in self.suspended:
                self.desired_capacity = min(max(event.desired_capacity, self.min_size), self.max_size)
            case SpotInterruptionNotified(instance_id=i) if self.rebalances and i in self.instances:
                self._at_risk[i] = None
            case AlarmStateChanged() if self.refresh is not None:
                return self.refresh.hear_alarm(event.alarm_name, event.new_state, now)
            case CapacityChanged(availability_zone=zone):
                zones = {zone} if zone else set(self.subnets.values())
                self._zones_without_capacity = (
                    self._zones_without_capacity - zones if event.available else self._zones_without_capacity | zones
                )
        return []

    def _waits_of(self, instance_id: str) -> dict:
        return self.instances[instance_id].hooks if instance_id in self.instances else {}

    def take_out(self, one: Instance, cause: str, now: float) -> list[Event]:
        """The refresh lets one instance go."""
        return self._members.terminate(one.instance_id, cause, now)

    # ---- keeping capacity

    def _think(self, now: float) -> list[Event]:
        """Replace the unhealthy, move the refresh on, launch or terminate, until nothing follows."""
        self.last_seen = now
        events: list[Event] = []
        for _ in range(STEPS_MAX):
            followed = self._replace_unhealthy(now) + self._let_go_of_risky(now)
            if self.refresh is not None:
                followed += self.refresh.step(now)
            followed += self._reconcile(now)
            if not followed:
                return events
            events += followed
        raise AssertionError(f"{self.name} never rests")

    def _replace_unhealthy(self, now: float) -> list[Event]:
        if {"ReplaceUnhealthy", "Terminate"} & self.suspended:
            return []
        unhealthy = list(self.roll.unhealthy.values())
        cause = "an EC2 health check indicating it has been terminated or stopped"
        return [event for one in unhealthy for event in self._members.terminate(one.instance_id, cause, now)]

    def _risky(self) -> list[Instance]:
        """Those that count and will be taken back. AWS: Capacity Rebalancing launches before it terminates."""
        self._at_risk = {i: None for i in self._at_risk if i in self.instances}
        return [self.instances[i] for i in self._at_risk if self.instances[i].counted]

    def _let_go_of_risky(self, now: float) -> list[Event]:
        risky = self._risky() if self._at_risk else []
        spare = max(0, len(self.roll.available) - self.desired_capacity)
        cause = "a rebalance recommendation"
        return [e for one in risky[:spare] for e in self._members.terminate(one.instance_id, cause, now)]

    def _reconcile(self, now: float) -> list[Event]:
        surge = (self.refresh.surge if self.refresh is not None else 0) + len(self._risky() if self._at_risk else ())
        missing = self.desired_capacity + surge - len(self.roll.counted)
        if missing > 0 and "Launch" not in self.suspended and not self.being_deleted:
            return self.launch_some(missing, now)
        if missing < 0 and "Terminate" not in self.suspended:
            return self._scale_in(-missing, now)
        return []

    def _scale_in(self, count: int, now: float) -> list[Event]:
        events: list[Event] = []
        for _ in range(count):
            free = self.roll.unprotected.firsts()
            if not free:
                break
            victim = min(free, key=self._dearness)
            events += self._members.terminate(victim.instance_id, "scaling in to the desired capacity", now)
        return events

    def _dearness(self, one: Instance) -> tuple:
        """Default termination policy: not yet useful, fullest zone, outdated template, oldest."""
        current = one.spec.launch_template_version == self.launch.version
        fullest = -self.roll.by_zone[one.availability_zone]
        return (one.available, fullest, current, one.launched_at, one.instance_id)
