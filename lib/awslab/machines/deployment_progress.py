"""How a deployment gets on, from lifecycle event to lifecycle event.

`begin` does what an event is for; what ends it is a timer (`done`), a look at ECS (`poll`), a function's callback or a
limit. A ring may raise `Fails`; `Deployments` then ends the deployment.
"""

from __future__ import annotations

from collections.abc import Callable

from awslab.machines.deployment import ON_ALARM, ON_FAILURE, ON_REQUEST, Deployment, Status
from awslab.machines.deployment_book import EVENT_S, Book
from awslab.machines.deployment_ending import Ending
from awslab.machines.deployment_events import EventStatus
from awslab.machines.deployment_steps import Steps
from awslab.machines.deployment_view import Fails, View
from awslab.machines.deployment_words import (
    HOOK_TIMEOUT,
    INSTALL_TIMEOUT,
    MANUAL_STOP,
    SHIFT_TIMEOUT,
    alarm_active,
    alarm_unknown,
    bad_revision,
    ready_timeout,
)
from awslab.machines.hook_calls import HookCalls
from awslab.machines.machine import Event

POLL_S = 5.0  # how often CodeDeploy looks at the task sets; not documented
ALARM_POLL_S = 10.0  # how often it looks at the alarms; not documented, observed below 23 s
INSTALL_LIMIT_S = 3600.0  # AWS: for the replacement task set to become healthy
UNSTEADY_LIMIT_S = 300.0  # AWS: a shift goes on for 5 minutes while the service is not steady
KINDS = ("start", "done", "poll", "alarms", "limit", "shift", "ready", "terminate", "stop")


class Progress:
    """Moves the deployments of a book."""

    def __init__(self, book: Book, view: View, hooks: HookCalls, ending: Ending) -> None:
        self._book, self._view, self._hooks, self._ending = book, view, hooks, ending
        self._steps = Steps(view)
        rings = (
            self._start,
            self.done,
            self._poll,
            self._poll_alarms,
            self._too_long,
            self._shift,
            self._ready_over,
            self.terminate,
            self._stopped,
        )
        self.rings: dict[str, Callable[[Deployment, float], list[Event]]] = dict(zip(KINDS, rings, strict=True))

    def begin(self, deployment: Deployment, now: float) -> list[Event]:
        """Begin the next lifecycle event."""
        event = deployment.following
        told = self._book.event_to(deployment, event.name, EventStatus.IN_PROGRESS, now)
        act = self._take_back if deployment.rolls_back else self._act
        try:
            return [told, *act(deployment, event.name, now)]
        except Fails as failed:
            return [told, *self._ending.end(deployment, Status.FAILED, failed.trouble, ON_FAILURE, now)]

    def done(self, deployment: Deployment, now: float) -> list[Event]:
        """The current lifecycle event succeeded."""
        name = deployment.current.name
        self._book.cancel("limit", deployment)
        swap = name == "AllowTraffic" and deployment.rolls_back is None
        events = self._steps.swap(deployment) if swap else []
        events.append(self._book.event_to(deployment, name, EventStatus.SUCCEEDED, now))
        if deployment.following is None:
            return events + self._wait_to_terminate(deployment, now)
        # AWS: Ready comes when the replacement can be tested, before traffic is rerouted.
        minutes = None if deployment.rolls_back else deployment.order.ready_wait_minutes
        if name == "AfterAllowTestTraffic" and minutes is not None:
            self._book.set("ready", deployment, now + 60.0 * minutes)
            return [*events, self._book.to(deployment, Status.READY, now)]
        return events + self.begin(deployment, now)

    def terminate(self, deployment: Deployment, now: float) -> list[Event]:
        """The task set that serves no longer goes, and the deployment has succeeded."""
        drain = self._steps.drain_replacement if deployment.rolls_back else self._steps.drain_original
        events = drain(deployment)
        self._ending.silence(deployment, now)
        return [*events, self._book.to(deployment, Status.SUCCEEDED, now)]

    # ---- the events

    def _start(self, deployment: Deployment, now: float) -> list[Event]:
        told = [self._book.to(deployment, Status.IN_PROGRESS, now)]
        if deployment.order.appspec is None and deployment.rolls_back is None:
            trouble = bad_revision(deployment.order.revision_error)
            return told + self._ending.end(deployment, Status.FAILED, trouble, ON_FAILURE, now)
        told += self._poll_alarms(deployment, now)
        return told if deployment.over else told + self.begin(deployment, now)

    def _act(self, deployment: Deployment, name: str, now: float) -> list[Event]:
        if name in ("Install", "AllowTraffic"):
            asked = self._steps.install(deployment) if name == "Install" else []
            self._book.set("limit", deployment, now + INSTALL_LIMIT_S)
            self._book.set("poll", deployment, now + (POLL_S if name == "Install" else 0.0))
            return asked
        function_name = dict(deployment.order.appspec.hooks).get(name)
        if function_name:
            return [self._hooks.call(deployment, name, function_name, now)]
        self._book.set("done", deployment, now + EVENT_S)
        return self._steps.allow_test_traffic(deployment) if name == "AllowTestTraffic" else []

    def _take_back(self, deployment: Deployment, name: str, now: float) -> list[Event]:
        """A rollback creates nothing and calls no function; it moves the listeners."""
        self._book.set("done", deployment, now + EVENT_S)
        if name == "AllowTestTraffic":
            return self._steps.take_back_test(deployment)
        return self._steps.take_back_prod(deployment) if name == "AllowTraffic" else []

    def _wait_to_terminate(self, deployment: Deployment, now: float) -> list[Event]:
        deployment.termination_at = deployment.updated_at = now
        wait_s = 0.0 if deployment.rolls_back else deployment.order.termination_wait_s
        self._book.set("terminate", deployment, now + wait_s)
        return []

    def _shift(self, deployment: Deployment, now: float) -> list[Event]:
        """The next increment: the k-th lands (k - 1) intervals after the first."""
        increments = deployment.order.config.increments()
        events = self._steps.shift(deployment, increments[deployment.shifts_done][1])
        deployment.shifts_done += 1
        if deployment.shifts_done == len(increments):
            self._book.set("done", deployment, now + EVENT_S)
            return events
        self._book.set("shift", deployment, deployment.shift_at + increments[deployment.shifts_done][0])
        if deployment.shifts_done == 1:
            self._book.set("poll", deployment, now + POLL_S)
        return events

    # ---- looking

    def _poll(self, deployment: Deployment, now: float) -> list[Event]:
        """Look at the task sets, while somebody waits for them.

        AWS: the replacement must be steady before Install ends and, should that have changed, before the shift begins.
        """
        if deployment.shift_at is not None:
            return self._judge_shift(deployment, now)
        if not self._view.steady(deployment, both=False):
            self._book.set("poll", deployment, now + POLL_S)
            return []
        if deployment.current.name == "Install":
            return self.done(deployment, now)
        self._book.cancel("limit", deployment)
        deployment.shift_at = now
        return self._shift(deployment, now)

    def _judge_shift(self, deployment: Deployment, now: float) -> list[Event]:
        if deployment.current is None or deployment.current.name != "AllowTraffic":
            return []
        self._book.set("poll", deployment, now + POLL_S)
        if self._view.steady(deployment, both=True):
            deployment.unsteady_since = None
            return []
        if deployment.unsteady_since is None:
            deployment.unsteady_since = now
        if now - deployment.unsteady_since >= UNSTEADY_LIMIT_S:
            raise Fails(SHIFT_TIMEOUT)
        return []

    def _poll_alarms(self, deployment: Deployment, now: float) -> list[Event]:
        order = deployment.order
        states = {name: self._view.alarm_state(name) for name in order.alarm_names}
        active = [name for name, state in states.items() if state == "ALARM"]
        unknown = [] if order.alarms.get("ignorePollAlarmFailure") else [n for n, s in states.items() if s is None]
        if active or unknown:
            trouble = alarm_active(active) if active else alarm_unknown(unknown)
            return self._ending.end(deployment, Status.STOPPED, trouble, ON_ALARM, now)
        if states:
            self._book.set("alarms", deployment, now + ALARM_POLL_S)
        return []

    # ---- ends

    def _too_long(self, deployment: Deployment, now: float) -> list[Event]:
        tasks = deployment.current.name in ("Install", "AllowTraffic")
        trouble = INSTALL_TIMEOUT if tasks else HOOK_TIMEOUT
        return self._ending.end(deployment, Status.FAILED, trouble, ON_FAILURE, now)

    def _ready_over(self, deployment: Deployment, now: float) -> list[Event]:
        trouble = ready_timeout(deployment.order.ready_wait_minutes)
        return self._ending.end(deployment, Status.STOPPED, trouble, ON_FAILURE, now)

    def _stopped(self, deployment: Deployment, now: float) -> list[Event]:
        return self._ending.end(deployment, Status.STOPPED, MANUAL_STOP, ON_REQUEST, now)
