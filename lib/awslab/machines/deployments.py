"""CodeDeploy's deployments to ECS: what the API can tell them, and the machine that keeps their time.

Theory of operation: `Book` has the deployments and their timers, `Progress` moves one from lifecycle event to lifecycle
event, `Steps` asks ECS and the load balancer for what an event is for, `View` looks at them, `HookCalls` calls
functions, and whatever goes wrong comes to `Ending`, which decides whether a second deployment takes the first back.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from awslab.machines.deployment import ON_FAILURE, Deployment, Order, Status
from awslab.machines.deployment_book import Book
from awslab.machines.deployment_ending import Ending
from awslab.machines.deployment_events import EventStatus
from awslab.machines.deployment_progress import KINDS, Progress
from awslab.machines.deployment_view import Fails, View
from awslab.machines.deployment_words import HOOK_FAILED
from awslab.machines.events import HookRefused, HookStatusPut
from awslab.machines.hook_calls import HookCalls
from awslab.machines.machine import Event, Machine

STOP_S = 1.0  # from StopDeployment to Stopped; not documented


class Busy(Exception):
    """The deployment group has an active deployment; carries its id."""

    def __init__(self, deployment_id: str) -> None:
        super().__init__(deployment_id)
        self.deployment_id = deployment_id


class NotWaiting(Exception):
    """The deployment does not wait for ContinueDeployment."""


class Deployments(Machine):
    """All deployments, oldest first.

    Args:
        rng: Draws ids.
        view: Where to look at ECS, listeners and alarms.
    """

    name = "deployments"
    hears = (HookRefused, HookStatusPut)

    def __init__(self, rng: random.Random, view: View) -> None:
        self._book, self.view = Book(rng), view
        self._hooks, self._ending = HookCalls(self._book), Ending(self._book, KINDS)
        self._progress = Progress(self._book, view, self._hooks, self._ending)

    @property
    def by_id(self) -> Mapping[str, Deployment]:
        """Every deployment by its id."""
        return self._book.by_id

    # ---- commands of the API

    def create(self, order: Order, *, now: float) -> tuple[str, list[Event]]:
        """CreateDeployment: its id, and what follows.

        Raises:
            Busy: The group has an active deployment (AWS: one at a time).
        """
        active = self._book.active(order.group.group_id)
        if active is not None:
            raise Busy(active.deployment_id)
        deployment = Deployment(self._book.new_id(), order, now)
        return deployment.deployment_id, self._book.add(deployment, now)

    def stop(self, deployment_id: str, rolls_back: bool | None, *, now: float) -> list[Event]:
        """StopDeployment; asking twice is no error. `rolls_back` None: as autoRollbackConfiguration says.

        Raises:
            AlreadyOver: It has ended.
        """
        deployment = self._book.running(deployment_id)
        if not self._book.is_set("stop", deployment):
            deployment.stop_rolls_back = rolls_back
            self._book.set("stop", deployment, now + STOP_S)
        return []

    def go_on(self, deployment_id: str, *, terminate: bool, now: float) -> list[Event]:
        """ContinueDeployment: begin to reroute traffic, or end the termination wait.

        Raises:
            AlreadyOver: It has ended.
            NotWaiting: It does not wait for that.
        """
        deployment = self._book.running(deployment_id)
        if terminate:
            if deployment.termination_at is None:
                raise NotWaiting(deployment_id)
            return self._ring("terminate", deployment, now)
        if deployment.status is not Status.READY:
            raise NotWaiting(deployment_id)
        self._book.cancel("ready", deployment)
        return [self._book.to(deployment, Status.IN_PROGRESS, now), *self._progress.begin(deployment, now)]

    def report(self, deployment_id: str, execution_id: str, *, succeeded: bool, now: float) -> list[Event]:
        """PutLifecycleEventHookExecutionStatus.

        Raises:
            NoSuchExecution: The id is none of this deployment's.
            HookOver: The event has ended, by a callback or otherwise.
        """
        deployment = self._book.by_id[deployment_id]
        self._hooks.expected(deployment, execution_id)
        if succeeded:
            return self._progress.done(deployment, now)
        return self._ending.end(deployment, Status.FAILED, HOOK_FAILED, ON_FAILURE, now)

    # ---- time and events

    def wake_at(self) -> float | None:
        """When the next timer rings."""
        return self._book.timers.next()

    def on_time(self, now: float) -> Iterable[Event]:
        """Do what is due."""
        events: list[Event] = []
        for kind, deployment_id in self._book.timers.pop_due(now):
            deployment = self._book.by_id[deployment_id]
            if kind == "seen":
                deployment.last_seen = self.view.task_sets(deployment)
            elif not deployment.over:  # another ring of this instant may have ended it
                events += self._ring(kind, deployment, now)
        return events

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """A function could not be invoked, or one inside the lab calls back; too late, it changes nothing."""
        deployment = self._hooks.waiting(event.hook_execution_id)
        if deployment is None:
            return ()
        if isinstance(event, HookStatusPut):
            succeeded = event.status == EventStatus.SUCCEEDED
            return self.report(deployment.deployment_id, event.hook_execution_id, succeeded=succeeded, now=now)
        self._hooks.expected(deployment, event.hook_execution_id).trouble = event.reason
        return self._ending.end(deployment, Status.FAILED, HOOK_FAILED, ON_FAILURE, now)

    def _ring(self, kind: str, deployment: Deployment, now: float) -> list[Event]:
        try:
            return self._progress.rings[kind](deployment, now)
        except Fails as failed:
            return self._ending.end(deployment, Status.FAILED, failed.trouble, ON_FAILURE, now)
