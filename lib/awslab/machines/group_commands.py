"""What the API can tell an Auto Scaling group to do; each command returns the events that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from awslab.machines.events import InstanceHealthChanged
from awslab.machines.hooks import Hook
from awslab.machines.launching import LaunchRef
from awslab.machines.machine import Event, new_uuid
from awslab.machines.preferences import Invalid, Preferences
from awslab.machines.refresh import Refresh


class RefreshInProgress(Exception):
    """One refresh at a time."""


class NoActiveRefresh(Exception):
    """There is no refresh to cancel or roll back."""


class GroupCommands:
    """The part of a group that obeys; what follows from a command is the group's own to think out."""

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
