"""The functions that deployments call, and who still waits for which answer."""

from __future__ import annotations

from awslab.machines.deployment import Deployment
from awslab.machines.deployment_book import Book
from awslab.machines.deployment_events import EventStatus, LifecycleEvent
from awslab.machines.events import HookInvoked
from awslab.machines.machine import Event, new_uuid

HOOK_LIMIT_S = 3600.0  # AWS: for a function to call back


class NoSuchExecution(Exception):
    """The deployment has no hook execution with this id."""


class HookOver(Exception):
    """The lifecycle event of this hook has ended."""


class HookCalls:
    """Calls functions for the deployments of a book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def call(self, deployment: Deployment, name: str, function_name: str, now: float) -> Event:
        """Invoke the function of a lifecycle event; it has an hour to call back."""
        execution_id = new_uuid(self._book.rng)
        deployment.executions[execution_id] = name
        self._book.set("limit", deployment, now + HOOK_LIMIT_S)
        return HookInvoked(
            deployment_id=deployment.deployment_id,
            hook_execution_id=execution_id,
            function_name=function_name,
            lifecycle_event=name,
        )

    def expected(self, deployment: Deployment, execution_id: str) -> LifecycleEvent:
        """The lifecycle event that waits for this execution.

        Raises:
            NoSuchExecution: The id is none of this deployment's.
            HookOver: The event has ended, by a callback or otherwise.
        """
        if execution_id not in deployment.executions:
            raise NoSuchExecution(execution_id)
        event = deployment.event(deployment.executions[execution_id])
        if deployment.over or event.status is not EventStatus.IN_PROGRESS:
            raise HookOver(event.name)
        return event

    def waiting(self, execution_id: str) -> Deployment | None:
        """The deployment that waits for this execution; None when nobody does (any more)."""
        for deployment in self._book.by_id.values():
            if execution_id in deployment.executions:
                event = deployment.event(deployment.executions[execution_id])
                return deployment if event.status is EventStatus.IN_PROGRESS else None
        return None
