"""An Auto Scaling group: it keeps as many instances as are desired, spread over its zones, and refreshes them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from awslab.machines.activities import Activities
from awslab.machines.events import (
    AlarmStateChanged,
    CapacityChanged,
    DesiredCapacityRequested,
    InstanceDied,
    InstanceHealthChanged,
    LaunchSpec,
    LifecycleActionRequested,
    LifecycleHeartbeatRequested,
    ScaleInProtectionRequested,
    SpotInterruptionNotified,
)
from awslab.machines.hooks import Hook
from awslab.machines.instances import Instance
from awslab.machines.machine import Event, Machine, Timers, new_uuid
from awslab.machines.members import Members
from awslab.machines.mix import Mix
from awslab.machines.preferences import Invalid, Preferences
from awslab.machines.refresh import Refresh
from awslab.machines.roll import Roll

NOTICE_S = (5.0, 60.0)  # how long until Auto Scaling notices that EC2 lost an instance; "a few minutes" at most
RETRY_S = 60.0  # between attempts to launch; AWS backs off, times not documented
STEPS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class LaunchRef:
    """The launch template a group names: version is a number, `$Latest` or `$Default`; a type overrides its own."""

    launch_template_id: str
    version: str
    instance_type: str = ""


class LaunchRefused(Exception):
    """EC2 would refuse the launch: `code` and message are EC2's."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class RefreshInProgress(Exception):
    """One refresh at a time."""


class NoActiveRefresh(Exception):
    """There is no refresh to cancel or roll back."""


class Group(Machine):
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
    def image_by_parameter(self) -> bool:
        """Its own launch template names its image by a parameter; one that is not there any more names nothing."""
        try:
            return self._resolve(self.launch).image_by_parameter
        except LaunchRefused:
            return False

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

    # ---- commands of the API

    def resize(
        self, now: float, *, desired: int | None = None, low: int | None = None, high: int | None = None
    ) -> list[Event]:
        """Set desired, minimum and maximum; `Invalid` when they contradict each other."""
        low = self.min_size if low is None else low
        high = self.max_size if high is None else high
        desired = min(max(self.desired_capacity, low), high) if desired is None else desired
        if not low <= desired <= high:
            raise Invalid(
                f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
            )
        self.min_size, self.max_size, self.desired_capacity = low, high, desired
        return self._think(now)

    def put_hook(self, hook: Hook) -> None:
        """Add or replace a lifecycle hook; instances that wait already go on as they were."""
        self.hooks[hook.name] = hook

    def complete_hook(self, instance_id: str, hook_name: str, result: str, now: float) -> list[Event]:
        """CompleteLifecycleAction; KeyError when nobody waits for it."""
        return self._members.complete(instance_id, hook_name, result, now) + self._think(now)

    def heartbeat(self, instance_id: str, hook_name: str, now: float) -> None:
        """RecordLifecycleActionHeartbeat; KeyError when nobody waits for it."""
        self._members.heartbeat(instance_id, hook_name, now)

    def set_health(self, instance_id: str, health_status: str, now: float) -> list[Event]:
        """SetInstanceHealth; an unhealthy instance is replaced."""
        one = self.instances.get(instance_id)
        if one is None or one.health_status == health_status:
            return []
        one.health_status = health_status
        self.roll.note(one)
        changed = InstanceHealthChanged(instance_id=instance_id, group_name=self.name, health_status=health_status)
        return [changed, *self._think(now)]

    def set_protection(self, instance_ids: list[str], protected: bool, now: float) -> list[Event]:
        """SetInstanceProtection."""
        for instance_id in instance_ids:
            self._protect(instance_id, protected)
        return self._think(now)

    def _protect(self, instance_id: str, protected: bool) -> None:
        self.instances[instance_id].protected = protected
        self.roll.note(self.instances[instance_id])

    def stand_by(self, instance_ids: list[str], decrement: bool, now: float) -> list[Event]:
        """EnterStandby."""
        events = [event for i in instance_ids for event in self._members.stand_by(i)]
        self.desired_capacity -= len(instance_ids) if decrement else 0
        return events + self._think(now)

    def exit_standby(self, instance_ids: list[str], now: float) -> list[Event]:
        """ExitStandby: desired capacity grows by what comes back."""
        events = [event for i in instance_ids for event in self._members.exit_standby(i, now)]
        self.desired_capacity += len(instance_ids)
        return events + self._think(now)

    def terminate(self, instance_id: str, decrement: bool, now: float) -> list[Event]:
        """TerminateInstanceInAutoScalingGroup."""
        self.desired_capacity -= 1 if decrement and self.instances[instance_id].counted else 0
        cause = "a user request"
        return self._members.terminate(instance_id, cause, now) + self._think(now)

    def delete(self, now: float) -> list[Event]:
        """DeleteAutoScalingGroup with ForceDelete: every instance is terminated without waiting for hooks."""
        self.being_deleted = True
        self.min_size = self.desired_capacity = 0
        self.hooks.clear()
        events = [
            event for i in list(self.instances) for event in self._members.terminate(i, "the group is deleted", now)
        ]
        for one in list(self.instances.values()):
            for hook_name in list(one.hooks):
                events += self._members.complete(one.instance_id, hook_name, "CONTINUE", now)
        return events

    @property
    def deleted(self) -> bool:
        """Deleted, and the last instance is gone."""
        return self.being_deleted and not self.instances

    def suspend(self, processes: Iterable[str], now: float) -> list[Event]:
        """SuspendProcesses."""
        self.suspended |= set(processes)
        return self._think(now)

    def resume(self, processes: Iterable[str], now: float) -> list[Event]:
        """ResumeProcesses."""
        self.suspended -= set(processes)
        return self._think(now)

    def start_refresh(
        self,
        preferences: Preferences,
        desired: LaunchRef | None,
        alarm_state: Callable[[str], str | None],
        now: float,
    ) -> tuple[str, list[Event]]:
        """StartInstanceRefresh: its id, and what follows.

        Raises:
            RefreshInProgress: Another one is active.
            Invalid: The preferences contradict each other, or an alarm is not OK.
            LaunchRefused: The launch template does not exist.
        """
        if self.refresh is not None:
            raise RefreshInProgress
        preferences.check(desired is not None, alarm_state)
        target = self._resolve(desired or self.launch)
        refresh = Refresh(self, new_uuid(self._rng), preferences, desired, target, now)
        self.refreshes.insert(0, refresh)
        return refresh.instance_refresh_id, self._think(now)

    def cancel_refresh(self, wait_for_transitioning_instances: bool, now: float) -> tuple[str, list[Event]]:
        """CancelInstanceRefresh; NoActiveRefresh when there is none."""
        refresh = self._active()
        return refresh.instance_refresh_id, refresh.cancel(wait_for_transitioning_instances, now) + self._think(now)

    def roll_back_refresh(self, now: float) -> tuple[str, list[Event]]:
        """RollbackInstanceRefresh; NoActiveRefresh when there is none, Irreversible when it cannot be."""
        refresh = self._active()
        events = refresh.roll_back("The rollback was requested by a user.", now)
        return refresh.instance_refresh_id, events + self._think(now)

    def _active(self) -> Refresh:
        if self.refresh is None or self.refresh.status in ("Cancelling",):
            raise NoActiveRefresh
        return self.refresh

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
            return self._launch(missing, now)
        if missing < 0 and "Terminate" not in self.suspended:
            return self._scale_in(-missing, now)
        return []

    def _launch(self, count: int, now: float) -> list[Event]:
        retry_at = self.timers.at("retry")
        if retry_at is not None and retry_at > now:
            return []
        events: list[Event] = []
        for _ in range(count):
            try:
                events += self._launch_one(now)
            except LaunchRefused as refused:
                return [*events, self._launch_failed(refused, now)]
        return events

    def next_spec(self) -> LaunchSpec:
        """What the next instance will be.

        Raises:
            LaunchRefused: EC2 would not launch it.
        """
        applies = self.refresh is not None and self.refresh.applies_desired
        ref = self.refresh.desired if applies else self.launch
        if self.mix is None:
            return self._resolve(ref)
        there = [one.spec for one in self.roll.counted.values()]
        market = self.mix.next_market(there)
        return replace(self._resolve(replace(ref, instance_type=self.mix.next_type(market, there))), market=market)

    def _launch_one(self, now: float) -> list[Event]:
        spec = self.next_spec()
        subnet_id, zone = self._emptiest_zone(spec)
        cause = f"a difference between desired and actual capacity, group {self.name}"
        return self._members.launch(spec, subnet_id, zone, cause, self.new_instances_protected, now)

    def _emptiest_zone(self, spec: LaunchSpec) -> tuple[str, str]:
        """Where the fewest are; of equals, where the fewest of this kind are, so that a refresh ends spread as well."""
        open_zones = [(s, z) for s, z in self.subnets.items() if z not in self._zones_without_capacity]
        if not open_zones:
            raise LaunchRefused(
                "InsufficientInstanceCapacity",
                "We currently do not have sufficient capacity in the Availability Zone you requested. "
                "Our system will be working on provisioning additional capacity. Launching EC2 instance failed.",
            )
        roll = self.roll
        return min(open_zones, key=lambda place: (roll.by_zone[place[1]], roll.by_kind[place[1], spec]))

    def _launch_failed(self, refused: LaunchRefused, now: float) -> Event:
        self.timers.set("retry", now + RETRY_S)
        activity = self.activities.start("Launching a new EC2 instance", "a difference in capacity", now)
        return self.activities.end(activity.activity_id, now, "Failed", f"{refused}")

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
