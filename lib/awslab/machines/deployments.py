"""CodeDeploy's deployments to ECS, every one of the lab, driven by time.

Theory of operation: a deployment walks through its eight lifecycle events. `_begin` does what an event is for (see
`Steps`); what ends it is a timer (`done`), a poll of ECS, a function's callback, or a limit. Whatever goes wrong ends
in `_end`, which decides whether a second deployment takes the first one back.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable
from dataclasses import replace

from awslab.machines.deployment import (
    ON_ALARM,
    ON_FAILURE,
    ON_REQUEST,
    ROLLBACK_CREATOR,
    Deployment,
    Order,
    Status,
)
from awslab.machines.deployment_configs import PREDEFINED
from awslab.machines.deployment_events import EventStatus
from awslab.machines.deployment_steps import Steps
from awslab.machines.deployment_view import Fails, View
from awslab.machines.deployment_words import (
    HOOK_FAILED,
    HOOK_TIMEOUT,
    INSTALL_TIMEOUT,
    MANUAL_STOP,
    SHIFT_TIMEOUT,
    Trouble,
    alarm_active,
    alarm_unknown,
    bad_revision,
    ready_timeout,
)
from awslab.machines.events import DeploymentChanged, HookInvoked, HookRefused, HookStatusPut, LifecycleEventChanged
from awslab.machines.machine import Event, Machine, Timers, new_uuid

PLANNED_S = 0.5  # from CreateDeployment until targets can be asked for; AWS documents only that there is such a time
START_S = 1.0  # from Created to InProgress; observed about 1 s
EVENT_S = 0.23  # a lifecycle event with nothing to wait for; observed
POLL_S = 5.0  # how often CodeDeploy looks at the task sets; not documented
ALARM_POLL_S = 10.0  # how often it looks at the alarms; not documented, observed below 23 s
STOP_S = 1.0  # from StopDeployment to Stopped; not documented
INSTALL_LIMIT_S = 3600.0  # AWS: for the replacement task set to become healthy
HOOK_LIMIT_S = 3600.0  # AWS: for a function to call back
UNSTEADY_LIMIT_S = 300.0  # AWS: a shift goes on for 5 minutes while the service is not steady
ROLLBACK_CONFIG = PREDEFINED["CodeDeployDefault.ECSAllAtOnce"]  # AWS: whatever the group's is
ID_DIGITS = string.digits + string.ascii_uppercase


class Busy(Exception):
    """The deployment group has an active deployment; carries its id."""

    def __init__(self, deployment_id: str) -> None:
        super().__init__(deployment_id)
        self.deployment_id = deployment_id


class AlreadyOver(Exception):
    """The deployment has ended."""


class NotWaiting(Exception):
    """The deployment does not wait for ContinueDeployment."""


class NoSuchExecution(Exception):
    """The deployment has no hook execution with this id."""


class HookOver(Exception):
    """The lifecycle event of this hook has ended."""


class Deployments(Machine):
    """All deployments, oldest first.

    Args:
        rng: Draws ids.
        view: Where to look at ECS, listeners and alarms.
    """

    name = "deployments"
    hears = (HookRefused, HookStatusPut)

    def __init__(self, rng: random.Random, view: View) -> None:
        self.by_id: dict[str, Deployment] = {}
        self.view, self._steps = view, Steps(view)
        self._rng, self._timers = rng, Timers()
        self._rings: dict[str, Callable[[Deployment, float], list[Event]]] = {
            "start": self._start,
            "done": self._done,
            "poll": self._poll,
            "alarms": self._poll_alarms,
            "limit": self._too_long,
            "shift": self._shift,
            "ready": self._ready_over,
            "terminate": self._terminate,
            "stop": self._stopped,
        }

    # ---- commands of the API

    def create(self, order: Order, *, now: float) -> tuple[str, list[Event]]:
        """CreateDeployment: its id, and what follows.

        Raises:
            Busy: The group has an active deployment (AWS: one at a time).
        """
        active = self.active(order.group.group_id)
        if active is not None:
            raise Busy(active.deployment_id)
        return self._add(Deployment(self._new_id(), order, now), now)

    def stop(self, deployment_id: str, rolls_back: bool | None, *, now: float) -> list[Event]:
        """StopDeployment; asking twice is no error. `rolls_back` None: as autoRollbackConfiguration says.

        Raises:
            AlreadyOver: It has ended.
        """
        deployment = self._running(deployment_id)
        if self._timers.at(("stop", deployment_id)) is None:
            deployment.stop_rolls_back = rolls_back
            self._set("stop", deployment, now + STOP_S)
        return []

    def go_on(self, deployment_id: str, *, terminate: bool, now: float) -> list[Event]:
        """ContinueDeployment: begin to reroute traffic, or end the termination wait.

        Raises:
            AlreadyOver: It has ended.
            NotWaiting: It does not wait for that.
        """
        deployment = self._running(deployment_id)
        if terminate:
            if deployment.termination_at is None:
                raise NotWaiting(deployment_id)
            return self._ring("terminate", deployment, now)
        if deployment.status is not Status.READY:
            raise NotWaiting(deployment_id)
        self._timers.cancel(("ready", deployment_id))
        return [self._to(deployment, Status.IN_PROGRESS, now), *self._begin(deployment, now)]

    def report(self, deployment_id: str, execution_id: str, *, succeeded: bool, now: float) -> list[Event]:
        """PutLifecycleEventHookExecutionStatus.

        Raises:
            NoSuchExecution: The id is none of this deployment's.
            HookOver: The event has ended, by a callback or otherwise.
        """
        deployment = self.by_id[deployment_id]
        name = deployment.executions.get(execution_id)
        if name is None:
            raise NoSuchExecution(execution_id)
        if deployment.over or deployment.event(name).status is not EventStatus.IN_PROGRESS:
            raise HookOver(name)
        if succeeded:
            return self._done(deployment, now)
        return self._end(deployment, Status.FAILED, HOOK_FAILED, ON_FAILURE, now)

    def active(self, group_id: str) -> Deployment | None:
        """The one of a deployment group that has not ended."""
        found = (d for d in self.by_id.values() if d.order.group.group_id == group_id and not d.over)
        return next(found, None)

    # ---- time and events

    def wake_at(self) -> float | None:
        """When the next timer rings."""
        return self._timers.next()

    def on_time(self, now: float) -> Iterable[Event]:
        """Do what is due; a deployment that ends silences its other timers."""
        events: list[Event] = []
        for kind, deployment_id in self._timers.pop_due(now):
            deployment = self.by_id[deployment_id]
            if kind == "seen":
                deployment.last_seen = self.view.task_sets(deployment)
            elif not deployment.over:
                events += self._ring(kind, deployment, now)
        return events

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """A function could not be invoked, or one inside the lab calls back."""
        if isinstance(event, HookStatusPut):
            succeeded = event.status == EventStatus.SUCCEEDED
            return self.report(event.deployment_id, event.hook_execution_id, succeeded=succeeded, now=now)
        for deployment in self.by_id.values():
            name = deployment.executions.get(event.hook_execution_id)
            if name and not deployment.over and deployment.event(name).status is EventStatus.IN_PROGRESS:
                deployment.event(name).trouble = event.reason
                return self._end(deployment, Status.FAILED, HOOK_FAILED, ON_FAILURE, now)
        return ()

    def _ring(self, kind: str, deployment: Deployment, now: float) -> list[Event]:
        try:
            return self._rings[kind](deployment, now)
        except Fails as failed:
            return self._end(deployment, Status.FAILED, failed.trouble, ON_FAILURE, now)

    # ---- from event to event

    def _start(self, deployment: Deployment, now: float) -> list[Event]:
        told = [self._to(deployment, Status.IN_PROGRESS, now)]
        if deployment.order.appspec is None and deployment.rolls_back is None:
            trouble = bad_revision(deployment.order.revision_error)
            return told + self._end(deployment, Status.FAILED, trouble, ON_FAILURE, now)
        told += self._poll_alarms(deployment, now)
        return told if deployment.over else told + self._begin(deployment, now)

    def _begin(self, deployment: Deployment, now: float) -> list[Event]:
        """Begin the next lifecycle event."""
        event = deployment.following
        told = self._event_to(deployment, event.name, EventStatus.IN_PROGRESS, now)
        act = self._take_back if deployment.rolls_back else self._act
        try:
            return [told, *act(deployment, event.name, now)]
        except Fails as failed:
            return [told, *self._end(deployment, Status.FAILED, failed.trouble, ON_FAILURE, now)]

    def _act(self, deployment: Deployment, name: str, now: float) -> list[Event]:
        if name in ("Install", "AllowTraffic"):
            asked = self._steps.install(deployment) if name == "Install" else []
            self._set("limit", deployment, now + INSTALL_LIMIT_S)
            # Before Install nobody has looked at the new task set; before the shift the last look is long ago.
            self._set("poll", deployment, now + (POLL_S if name == "Install" else 0))
            return asked
        function_name = dict(deployment.order.appspec.hooks).get(name)
        if function_name:
            return [self._call(deployment, name, function_name, now)]
        self._set("done", deployment, now + EVENT_S)
        return self._steps.allow_test_traffic(deployment) if name == "AllowTestTraffic" else []

    def _take_back(self, deployment: Deployment, name: str, now: float) -> list[Event]:
        """A rollback creates nothing and calls no function; it moves the listeners."""
        self._set("done", deployment, now + EVENT_S)
        if name == "AllowTestTraffic":
            return self._steps.take_back_test(deployment)
        return self._steps.take_back_prod(deployment) if name == "AllowTraffic" else []

    def _call(self, deployment: Deployment, name: str, function_name: str, now: float) -> Event:
        execution_id = new_uuid(self._rng)
        deployment.executions[execution_id] = name
        self._set("limit", deployment, now + HOOK_LIMIT_S)
        return HookInvoked(
            deployment_id=deployment.deployment_id,
            hook_execution_id=execution_id,
            function_name=function_name,
            lifecycle_event=name,
        )

    def _done(self, deployment: Deployment, now: float) -> list[Event]:
        """The current lifecycle event succeeded."""
        name = deployment.current.name
        self._timers.cancel(("limit", deployment.deployment_id))
        swap = name == "AllowTraffic" and deployment.rolls_back is None
        events = self._steps.swap(deployment) if swap else []
        events.append(self._event_to(deployment, name, EventStatus.SUCCEEDED, now))
        if deployment.following is None:
            return events + self._wait_to_terminate(deployment, now)
        # AWS: Ready comes when the replacement can be tested, before traffic is rerouted.
        minutes = None if deployment.rolls_back else deployment.order.ready_wait_minutes
        if name == "AfterAllowTestTraffic" and minutes is not None:
            self._set("ready", deployment, now + 60.0 * minutes)
            return [*events, self._to(deployment, Status.READY, now)]
        return events + self._begin(deployment, now)

    def _wait_to_terminate(self, deployment: Deployment, now: float) -> list[Event]:
        deployment.termination_at = deployment.updated_at = now
        wait_s = 0.0 if deployment.rolls_back else deployment.order.termination_wait_s
        self._set("terminate", deployment, now + wait_s)
        return []

    def _terminate(self, deployment: Deployment, now: float) -> list[Event]:
        drain = self._steps.drain_replacement if deployment.rolls_back else self._steps.drain_original
        events = drain(deployment)
        self._silence(deployment, now)
        return [*events, self._to(deployment, Status.SUCCEEDED, now)]

    # ---- polling

    def _poll(self, deployment: Deployment, now: float) -> list[Event]:
        """Look at the task sets, while somebody waits for them."""
        current = deployment.current
        if deployment.shift_at is not None:
            return self._judge_shift(deployment, now)
        if not self.view.steady(deployment, both=False):
            self._set("poll", deployment, now + POLL_S)
            return []
        if current.name == "Install":
            return self._done(deployment, now)
        self._timers.cancel(("limit", deployment.deployment_id))
        deployment.shift_at = now
        return self._shift(deployment, now)

    def _judge_shift(self, deployment: Deployment, now: float) -> list[Event]:
        if deployment.current is None or deployment.current.name != "AllowTraffic":
            return []
        self._set("poll", deployment, now + POLL_S)
        if self.view.steady(deployment, both=True):
            deployment.unsteady_since = None
            return []
        if deployment.unsteady_since is None:
            deployment.unsteady_since = now
        if now - deployment.unsteady_since >= UNSTEADY_LIMIT_S:
            raise Fails(SHIFT_TIMEOUT)
        return []

    def _shift(self, deployment: Deployment, now: float) -> list[Event]:
        """The next increment, at t0 + (k - 1) intervals."""
        increments = deployment.order.config.increments()
        events = self._steps.shift(deployment, increments[deployment.shifts_done][1])
        deployment.shifts_done += 1
        if deployment.shifts_done == len(increments):
            self._set("done", deployment, now + EVENT_S)
            return events
        self._set("shift", deployment, deployment.shift_at + increments[deployment.shifts_done][0])
        if deployment.shifts_done == 1:
            self._set("poll", deployment, now + POLL_S)
        return events

    def _poll_alarms(self, deployment: Deployment, now: float) -> list[Event]:
        order = deployment.order
        states = {name: self.view.alarm_state(name) for name in order.alarm_names}
        active = [name for name, state in states.items() if state == "ALARM"]
        unknown = [] if order.alarms.get("ignorePollAlarmFailure") else [n for n, s in states.items() if s is None]
        if active or unknown:
            trouble = alarm_active(active) if active else alarm_unknown(unknown)
            return self._end(deployment, Status.STOPPED, trouble, ON_ALARM, now)
        if states:
            self._set("alarms", deployment, now + ALARM_POLL_S)
        return []

    # ---- ending

    def _too_long(self, deployment: Deployment, now: float) -> list[Event]:
        waits = deployment.current.name in ("Install", "AllowTraffic")
        return self._end(deployment, Status.FAILED, INSTALL_TIMEOUT if waits else HOOK_TIMEOUT, ON_FAILURE, now)

    def _ready_over(self, deployment: Deployment, now: float) -> list[Event]:
        trouble = ready_timeout(deployment.order.ready_wait_minutes)
        return self._end(deployment, Status.STOPPED, trouble, ON_FAILURE, now)

    def _stopped(self, deployment: Deployment, now: float) -> list[Event]:
        return self._end(deployment, Status.STOPPED, MANUAL_STOP, ON_REQUEST, now)

    def _end(self, deployment: Deployment, status: Status, trouble: Trouble, cause: str, now: float) -> list[Event]:
        """It ends badly: what runs has Failed, what is to come is Skipped; then it is taken back, or left as it is."""
        events = []
        for event in deployment.events:
            if event.status is EventStatus.IN_PROGRESS:
                event.trouble = event.trouble or trouble.message
                events.append(self._event_to(deployment, event.name, EventStatus.FAILED, now))
            elif event.status is EventStatus.PENDING:
                events.append(self._event_to(deployment, event.name, EventStatus.SKIPPED, now))
        deployment.error = trouble
        self._silence(deployment, now)
        events.append(self._to(deployment, status, now))
        return events + (self._roll_back(deployment, now) if self._takes_back(deployment, cause) else [])

    def _takes_back(self, deployment: Deployment, cause: str) -> bool:
        """AWS: what failed in BeforeInstall has changed nothing, so there is nothing to roll back."""
        if deployment.rolls_back or not deployment.installed:
            return False
        asked = deployment.stop_rolls_back if cause == ON_REQUEST else None
        return deployment.order.rolls_back_on(cause) if asked is None else asked

    def _roll_back(self, failed: Deployment, now: float) -> list[Event]:
        order = replace(
            failed.order,
            config=ROLLBACK_CONFIG,
            sha256=failed.previous_sha256 or failed.order.sha256,
            description="",
            alarms={},  # they may well be in ALARM still
            overrides_alarms=False,
        )
        rollback = Deployment(
            self._new_id(),
            order,
            now,
            ROLLBACK_CREATOR,
            rolls_back=failed,
            original_id=failed.original_id,
            original_arn=failed.original_arn,
            replacement_arn=failed.replacement_arn,
        )
        failed.rollback_id = rollback.deployment_id
        return self._add(rollback, now)[1]

    # ---- small hands

    def _add(self, deployment: Deployment, now: float) -> tuple[str, list[Event]]:
        group_id = deployment.order.group.group_id
        for known in self.by_id.values():
            mine = known.order.group.group_id == group_id and known.rolls_back is None
            if mine and known.status is Status.SUCCEEDED:
                deployment.previous_sha256 = known.order.sha256
        deployment.updated_at = now
        self.by_id[deployment.deployment_id] = deployment
        self._set("start", deployment, now + START_S)
        return deployment.deployment_id, [_changed(deployment)]

    def _running(self, deployment_id: str) -> Deployment:
        deployment = self.by_id[deployment_id]
        if deployment.over:
            raise AlreadyOver(deployment_id)
        return deployment

    def _to(self, deployment: Deployment, status: Status, now: float) -> Event:
        deployment.move(status, now)
        return _changed(deployment)

    def _event_to(self, deployment: Deployment, name: str, status: EventStatus, now: float) -> Event:
        deployment.event(name).move(status, now)
        deployment.updated_at = now
        return LifecycleEventChanged(deployment_id=deployment.deployment_id, lifecycle_event=name, status=status.value)

    def _set(self, kind: str, deployment: Deployment, at: float) -> None:
        self._timers.set((kind, deployment.deployment_id), at)

    def _silence(self, deployment: Deployment, now: float) -> None:
        """It is about to end: no timer but one last look at its task sets."""
        for kind in self._rings:
            self._timers.cancel((kind, deployment.deployment_id))
        self._set("seen", deployment, now + EVENT_S)

    def _new_id(self) -> str:
        while True:
            found = "d-" + "".join(self._rng.choices(ID_DIGITS, k=9))
            if found not in self.by_id:
                return found


def _changed(deployment: Deployment) -> Event:
    trouble = deployment.error or Trouble("", "")
    return DeploymentChanged(
        deployment_id=deployment.deployment_id,
        status=deployment.status.value,
        code=trouble.code,
        message=trouble.message,
    )
