"""What DescribeServices' `events` say about one instant, told from what happened to the tasks in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from awslab.machines.events import (
    ServiceEventRecorded,
    TargetDeregisterRequested,
    TargetRegisterRequested,
    TaskChanged,
)
from awslab.machines.machine import Event, new_uuid
from awslab.machines.services import Service, ServiceEvent
from awslab.machines.tasks import TargetKey, Task

TOLD = {  # lastStatus -> AWS's sentence; {n} tasks, {tasks} their ids
    "PROVISIONING": "has started {n} tasks: {tasks}.",
    "DEACTIVATING": "has begun draining connections on {n} tasks.",
    "STOPPING": "has stopped {n} running tasks: {tasks}.",
}


def subject(service: Service, task_set_id: str = "") -> str:
    """How AWS's messages begin; only services of another controller than ECS name the task set."""
    if task_set_id and service.controller != "ECS":
        return f"(service {service.name}, taskSet {task_set_id})"
    return f"(service {service.name})"


class ServiceLog:
    """Writes the events of a cluster's services.

    Args:
        cluster_name: For the journal.
        rng: Draws event ids.
        task_of: Finds a task by its target.
    """

    def __init__(self, cluster_name: str, rng: random.Random, task_of: Callable[[TargetKey], Task | None]) -> None:
        self._cluster_name, self._rng, self._task_of = cluster_name, rng, task_of

    def say(self, service: Service, message: str, now: float) -> Event:
        """Record one line."""
        service.events.appendleft(ServiceEvent(new_uuid(self._rng), now, message))
        return ServiceEventRecorded(cluster_name=self._cluster_name, service_name=service.name, message=message)

    def tell(self, services: dict[str, Service], batch: Iterable[Event], tasks: dict[str, Task], now: float):
        """Record what a batch of events of one instant amounts to, one line a kind and task set."""
        lines: dict[tuple[str, str, str], list[str]] = {}
        for event in batch:
            if isinstance(event, TaskChanged) and event.last_status in TOLD and event.service_name:
                task_set_id = tasks[event.task_id].order.task_set_id
                key = (event.service_name, task_set_id, TOLD[event.last_status])
                lines.setdefault(key, []).append(event.task_id)
            elif isinstance(event, TargetRegisterRequested | TargetDeregisterRequested):
                self._target_line(event, lines)
        return [
            self.say(services[name], f"{subject(services[name], set_id)} {_fill(sentence, ids)}", now)
            for (name, set_id, sentence), ids in lines.items()
        ]

    def _target_line(self, event, lines: dict[tuple[str, str, str], list[str]]) -> None:
        task = self._task_of((event.target_group_arn, event.target_id, event.port))
        if task is None or not task.order.service_name:
            return
        verb = "registered" if isinstance(event, TargetRegisterRequested) else "deregistered"
        sentence = verb + " {n} targets in (target-group " + event.target_group_arn + ")"
        lines.setdefault((task.order.service_name, task.order.task_set_id, sentence), []).append(task.task_id)


def _fill(sentence: str, ids: list[str]) -> str:
    return sentence.replace("{n}", str(len(ids))).replace("{tasks}", " ".join(f"(task {i})" for i in ids))
