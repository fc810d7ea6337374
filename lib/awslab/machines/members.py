"""The instances of one group on their way in and out: launch, hooks, service, termination.

Theory of operation. In: `Pending` while EC2 starts the instance; one wait for each launch hook; then `InService`.
Out: `Terminating`; one wait for each termination hook, all at once; then EC2 shuts the instance down. `CONTINUE` lets
it go on, `ABANDON` of a launch terminates the instance, `ABANDON` of a termination skips the other hooks. A hook that
nobody completes ends by its heartbeat with its default result.
"""

from __future__ import annotations

import random

from awslab.machines.activities import Activities
from awslab.machines.events import (
    InstanceLaunched,
    InstanceRunning,
    InstanceStateChanged,
    InstanceTerminated,
    LaunchSpec,
    LifecycleActionStarted,
)
from awslab.machines.hooks import LAUNCHING, TERMINATING, Hook
from awslab.machines.instances import ARRIVING, Instance, LifecycleState
from awslab.machines.machine import Event, Timers
from awslab.machines.roll import Roll

S = LifecycleState
START_S = (8.0, 15.0)  # EC2 `pending` to `running`; not documented by AWS
SHUTDOWN_S = (15.0, 30.0)  # EC2 `shutting-down` to `terminated`; not documented by AWS


class Members:
    """All instances of one group, arriving, serving and leaving."""

    def __init__(self, group_name: str, rng: random.Random, timers: Timers, activities: Activities) -> None:
        self.group_name, self._rng, self._timers, self._activities = group_name, rng, timers, activities
        self.roll = Roll()
        self.instances = self.roll.instances
        self.hooks: dict[str, Hook] = {}

    # ---- in

    def launch(
        self, spec: LaunchSpec, subnet_id: str, zone: str, cause: str, protected: bool, now: float
    ) -> list[Event]:
        """Ask EC2 for one more instance."""
        instance_id = f"i-{self._rng.getrandbits(68):017x}"
        activity = self._activities.start(f"Launching a new EC2 instance: {instance_id}", cause, now)
        self.roll.add(Instance(instance_id, zone, subnet_id, spec, now, activity.activity_id, protected=protected))
        self._timers.set(("running", instance_id), now + self._rng.uniform(*START_S))
        return [
            InstanceLaunched(
                instance_id=instance_id,
                group_name=self.group_name,
                availability_zone=zone,
                subnet_id=subnet_id,
                spec=spec,
            )
        ]

    def running(self, instance_id: str, now: float) -> list[Event]:
        """EC2 says it runs: user data starts, launch hooks are waited for."""
        one = self.instances[instance_id]
        events: list[Event] = [
            InstanceRunning(
                instance_id=instance_id,
                group_name=self.group_name,
                availability_zone=one.availability_zone,
                subnet_id=one.subnet_id,
                spec=one.spec,
            )
        ]
        return events + (self._wait_for_hooks(one, LAUNCHING, S.PENDING_WAIT, now) or self._enter(one, now))

    def _enter(self, one: Instance, now: float) -> list[Event]:
        one.in_service_at = now
        return [*self._move(one, S.IN_SERVICE), self._activities.end(one.activity_id, now)]

    # ---- out

    def terminate(self, instance_id: str, cause: str, now: float) -> list[Event]:
        """Begin to take an instance out; harmless when it is leaving already."""
        one = self.instances[instance_id]
        if one.leaving:
            return []
        events: list[Event] = []
        if one.lifecycle_state in ARRIVING:
            events.append(self._activities.end(one.activity_id, now, "Cancelled"))
        self._forget_timers(one)
        events += self._move(one, S.TERMINATING)
        one.activity_id = self._activities.start(f"Terminating EC2 instance: {instance_id}", cause, now).activity_id
        return events + (self._wait_for_hooks(one, TERMINATING, S.TERMINATING_WAIT, now) or self._shut_down(one, now))

    def _shut_down(self, one: Instance, now: float) -> list[Event]:
        self._timers.set(("gone", one.instance_id), now + self._rng.uniform(*SHUTDOWN_S))
        return []

    def gone(self, instance_id: str, now: float) -> list[Event]:
        """EC2 says it is terminated."""
        events = self._move(self.instances[instance_id], S.TERMINATED)
        one = self.roll.remove(instance_id)
        events.append(self._activities.end(one.activity_id, now))
        return [*events, InstanceTerminated(instance_id=instance_id, group_name=self.group_name)]

    # ---- hooks

    def _wait_for_hooks(self, one: Instance, transition: str, state: LifecycleState, now: float) -> list[Event]:
        due = [hook for hook in self.hooks.values() if hook.transition == transition]
        if not due:
            return []
        events = self._move(one, state)
        for hook in due:
            one.hooks[hook.name] = wait = hook.wait(self._rng, now)
            self._timers.set(("hook", one.instance_id, hook.name), now + hook.heartbeat_s)
            events.append(
                LifecycleActionStarted(
                    instance_id=one.instance_id,
                    group_name=self.group_name,
                    hook_name=hook.name,
                    transition=transition,
                    token=wait.token,
                )
            )
        return events

    def heartbeat(self, instance_id: str, hook_name: str, now: float) -> None:
        """Wait for another heartbeat, up to the hook's ceiling; KeyError when it is not waited for."""
        wait = self.instances[instance_id].hooks[hook_name]
        self._timers.set(("hook", instance_id, hook_name), min(now + wait.heartbeat_s, wait.ceiling_at))

    def complete(self, instance_id: str, hook_name: str, result: str | None, now: float) -> list[Event]:
        """A hook is over: by a call, or by its heartbeat (`result` None). KeyError when it is not waited for."""
        one = self.instances[instance_id]
        wait = one.hooks.pop(hook_name)
        self._timers.cancel(("hook", instance_id, hook_name))
        abandoned = (result or wait.default_result) == "ABANDON"
        if wait.transition == LAUNCHING and abandoned:
            return self.terminate(instance_id, f"lifecycle hook {hook_name} was abandoned", now)
        if abandoned:
            self._forget_hooks(one)
        if one.hooks:
            return []
        if wait.transition == LAUNCHING:
            return [*self._move(one, S.PENDING_PROCEED), *self._enter(one, now)]
        return [*self._move(one, S.TERMINATING_PROCEED), *self._shut_down(one, now)]

    def _forget_hooks(self, one: Instance) -> None:
        for hook_name in one.hooks:
            self._timers.cancel(("hook", one.instance_id, hook_name))
        one.hooks.clear()

    def _forget_timers(self, one: Instance) -> None:
        self._forget_hooks(one)
        for what in ("running", "died", "warm"):
            self._timers.cancel((what, one.instance_id))

    def _move(self, one: Instance, state: LifecycleState) -> list[Event]:
        old = one.lifecycle_state
        one.move(state)
        self.roll.note(one)
        return [
            InstanceStateChanged(
                instance_id=one.instance_id, group_name=self.group_name, old_state=str(old), new_state=str(state)
            )
        ]

    def stand_by(self, instance_id: str) -> list[Event]:
        """Take a serving instance out of the group's capacity without terminating it."""
        return self._move(self.instances[instance_id], S.STANDBY)

    def exit_standby(self, instance_id: str, now: float) -> list[Event]:
        """Put it back into service."""
        one = self.instances[instance_id]
        return [*self._move(one, S.PENDING), *self._enter(one, now)]
