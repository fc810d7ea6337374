"""The life of every task of a cluster: AWS's order of registering, starting, deregistering, signalling and killing.

Whoever stops a task decides the order. The service scheduler deregisters first, waits until the load balancer reports
the target unused, and only then signals. StopTask, a container that exits and a host that dies do it the other way
round: the process goes first, so for some seconds the load balancer sends requests to nobody.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from awslab.machines.container_instances import ContainerInstance
from awslab.machines.events import (
    TargetDeregisterRequested,
    TargetHealthChanged,
    TargetRegisterRequested,
    TaskChanged,
    TaskKilled,
    TaskSignalled,
    TaskStarted,
    TaskStartRequested,
)
from awslab.machines.machine import Event, Timers
from awslab.machines.task_definitions import SecretNotFetched
from awslab.machines.tasks import HAS_PROCESS, NOT_IN_USE, TargetKey, Task, TaskOrder, TaskStatus

T = TaskStatus
PROVISIONING_S = 0.5  # bridge mode attaches no network interface; AWS documents no duration
PENDING_S = 0.5  # until the agent picks the task up; not documented
DEPROVISIONING_S = 0.5  # clean-up after the process ended; not documented
SETTLED_S = 40.0  # AWS: without a load balancer a task counts as healthy 40 s after RUNNING
DEREGISTER_LATE_S = 4.0  # after StopTask, an exit or the host's death: users report 502s for 3-5 s
REMEMBER_S = 3600.0  # AWS: stopped tasks can be described for about an hour


class TaskLife:
    """All tasks of one cluster.

    Args:
        cluster_name: For the events.
        timers: The cluster's; keys here are ("task", kind, task id).
        rng: Draws task ids.
        digest_of: Resolves an image reference to what the plane runs, as the agent's pull does.
        secret_of: Reads one secret by its `valueFrom`; raises `SecretNotFetched`.
        grace_of: A service's healthCheckGracePeriodSeconds.
    """

    def __init__(
        self,
        cluster_name: str,
        timers: Timers,
        rng: random.Random,
        *,
        digest_of: Callable[[str], str],
        secret_of: Callable[[str], str],
        grace_of: Callable[[str], float],
    ) -> None:
        self.tasks: dict[str, Task] = {}
        self._cluster_name, self._timers, self._rng = cluster_name, timers, rng
        self._digest_of, self._secret_of, self._grace_of = digest_of, secret_of, grace_of
        self._of_target: dict[TargetKey, Task] = {}
        self._rings = {
            "next": self._next,
            "kill": lambda task, now: [TaskKilled(task_id=task.task_id)],
            "deregister": lambda task, now: self._deregister(task),
            "grace": lambda task, now: self._judge(task, now),
            "settled": self._settle,
            "forget": self._forget,
        }

    def place(self, order: TaskOrder, host: ContainerInstance, provider_name: str, now: float) -> tuple[Task, Event]:
        """Put a task on a host; it starts by itself."""
        task = Task(
            task_id=f"{self._rng.getrandbits(128):032x}",
            order=order,
            instance_id=host.instance_id,
            container_instance_id=host.container_instance_id,
            availability_zone=host.availability_zone,
            provider_name=provider_name,
            created_at=now,
        )
        self.tasks[task.task_id] = task
        host.take(task.task_id, order.definition)
        self._set(task, "next", now + PROVISIONING_S)
        return task, self._changed(task)

    def ring(self, kind: str, task_id: str, now: float) -> list[Event]:
        """One of the task's timers is due."""
        return self._rings[kind](self.tasks[task_id], now)

    def stop(self, task: Task, code: str, reason: str, now: float, *, deregister_first: bool) -> list[Event]:
        """Ask a task to stop; nothing happens to one that already stops."""
        if not task.wanted:
            return []
        was = task.last_status
        task.stop_wanted(code, reason, now)
        if was in (T.PROVISIONING, T.PENDING):
            return self._deprovision(task, now)
        if was is T.ACTIVATING:  # the start request is out: signal what it starts, when it has started
            return [self._to(task, T.STOPPING)]
        if deregister_first and task.targets:
            events = [self._to(task, T.DEACTIVATING), *self._deregister(task)]
            return events + (self._signal(task, now) if self._unused(task) else [])
        if task.targets:
            self._set(task, "deregister", now + DEREGISTER_LATE_S)
        return self._signal(task, now)

    def started(self, event: TaskStarted, now: float) -> list[Event]:
        """The process runs: register its targets, then call it RUNNING."""
        task = self.tasks.get(event.task_id)
        if task is None or task.host_lost or task.last_status not in (T.ACTIVATING, T.STOPPING):
            return [] if task is None else [TaskKilled(task_id=task.task_id)]
        task.host_port = event.host_port
        if not task.wanted:
            return self._signal(task, now)
        task.started_at = now
        events: list[Event] = [self._register(task, key) for key in self._target_keys(task)]
        if not task.targets:
            self._set(task, "settled", now + SETTLED_S)
        return [*events, self._to(task, T.RUNNING)]

    def start_failed(self, task: Task, reason: str, now: float) -> list[Event]:
        """It could not be started."""
        if task.last_status in (T.DEPROVISIONING, T.STOPPED):
            return []
        if task.wanted:
            task.stop_wanted("TaskFailedToStart", reason, now)
        task.container_reason = reason
        return self._deprovision(task, now)

    def exited(self, task: Task, exit_code: int, now: float) -> list[Event]:
        """The process ended, asked or not; a lost host tells nobody."""
        if task.host_lost or task.last_status in (T.DEPROVISIONING, T.STOPPED):
            return []
        if task.wanted:
            task.stop_wanted("EssentialContainerExited", "Essential container in task exited", now)
            if task.targets:
                self._set(task, "deregister", now + DEREGISTER_LATE_S)
        task.exit_code = exit_code
        return self._deprovision(task, now)

    def target_changed(self, event: TargetHealthChanged, now: float) -> list[Event]:
        """The load balancer sees one of our targets differently."""
        key = (event.target_group_arn, event.target_id, event.port)
        task = self._of_target.get(key)
        if task is None:
            return []
        task.targets[key] = NOT_IN_USE if event.reason == NOT_IN_USE else event.state
        if task.last_status is T.DEACTIVATING:
            return self._signal(task, now) if self._unused(task) else []
        return self._judge(task, now)

    def lose_host(self, task: Task) -> list[Event]:
        """The host is gone and the process with it; ECS does not know yet."""
        had_process = task.last_status in HAS_PROCESS
        task.host_lost = True
        self._silence(task)
        return [TaskKilled(task_id=task.task_id)] if had_process else []

    def host_missed(self, task: Task, reason: str, now: float) -> list[Event]:
        """ECS noticed that the host is gone."""
        if task.last_status is T.STOPPED:
            return []
        if task.wanted:
            task.stop_wanted("TerminationNotice", reason, now)
        events = self._deregister(task)
        if task.last_status is not T.DEPROVISIONING:
            events += self._deprovision(task, now)
        return [*events, *self._next(task, now)]

    def task_of_target(self, key: TargetKey) -> Task | None:
        """The task behind a target; None when it is none of ours."""
        return self._of_target.get(key)

    def _next(self, task: Task, now: float) -> list[Event]:
        self._timers.cancel(("task", "next", task.task_id))
        if task.last_status is T.PROVISIONING:
            self._set(task, "next", now + PENDING_S)
            return [self._to(task, T.PENDING)]
        if task.last_status is T.PENDING:
            return self._start(task, now)
        task.stopped_at = now
        self._set(task, "forget", now + REMEMBER_S)
        return [self._to(task, T.STOPPED)]

    def _start(self, task: Task, now: float) -> list[Event]:
        container, order = task.definition.container, task.order
        port = task.port
        try:
            secrets = {name: self._secret_of(reference) for name, reference in container.secrets}
        except SecretNotFetched as missing:
            return self.start_failed(task, str(missing), now)
        task.pull_started_at = now
        task.image_digest = self._digest_of(container.image)
        request = TaskStartRequested(
            task_id=task.task_id,
            image=task.image_digest,
            environment=tuple((dict(container.environment) | secrets | dict(order.environment or ())).items()),
            command=container.command if order.command is None else order.command,
            container_port=port.container_port,
            instance_id=task.instance_id,
            availability_zone=task.availability_zone,
            host_port=port.host_port,
        )
        return [self._to(task, T.ACTIVATING), request]

    def _signal(self, task: Task, now: float) -> list[Event]:
        events = [] if task.last_status is T.STOPPING else [self._to(task, T.STOPPING)]
        self._set(task, "kill", now + task.definition.container.stop_timeout_s)
        return [*events, TaskSignalled(task_id=task.task_id)]

    def _deprovision(self, task: Task, now: float) -> list[Event]:
        task.execution_stopped_at = now
        for kind in ("kill", "grace", "settled"):
            self._timers.cancel(("task", kind, task.task_id))
        self._set(task, "next", now + DEPROVISIONING_S)
        return [self._to(task, T.DEPROVISIONING)]

    def _target_keys(self, task: Task) -> list[TargetKey]:
        return [(lb.target_group_arn, task.instance_id, task.host_port or 0) for lb in task.order.load_balancers]

    def _register(self, task: Task, key: TargetKey) -> Event:
        task.targets[key] = "initial"
        self._of_target[key] = task
        return TargetRegisterRequested(target_group_arn=key[0], target_id=key[1], port=key[2])

    def _deregister(self, task: Task) -> list[Event]:
        return [
            TargetDeregisterRequested(target_group_arn=arn, target_id=target_id, port=port)
            for (arn, target_id, port), state in task.targets.items()
            if state not in ("draining", "unused")
        ]

    def _unused(self, task: Task) -> bool:
        return all(state in ("unused", NOT_IN_USE) for state in task.targets.values())

    def _judge(self, task: Task, now: float) -> list[Event]:
        """Count a target as failed only when the grace period since RUNNING is over."""
        if not (task.wanted and task.running):
            return []
        failing = any(state == "unhealthy" for state in task.targets.values())
        grace_over_at = task.started_at + self._grace_of(task.order.service_name)
        if failing and now < grace_over_at:
            self._set(task, "grace", grace_over_at)
            return []
        task.unhealthy = failing
        task.was_healthy = task.was_healthy or task.healthy
        return []

    def _settle(self, task: Task, now: float) -> list[Event]:
        task.settled = task.was_healthy = True
        return []

    def _forget(self, task: Task, now: float) -> list[Event]:
        del self.tasks[task.task_id]
        for key in task.targets:
            if self._of_target.get(key) is task:
                del self._of_target[key]
        return []

    def _silence(self, task: Task) -> None:
        for kind in ("next", "kill", "deregister", "grace", "settled"):
            self._timers.cancel(("task", kind, task.task_id))

    def _set(self, task: Task, kind: str, at: float) -> None:
        self._timers.set(("task", kind, task.task_id), at)

    def _to(self, task: Task, status: TaskStatus) -> Event:
        task.move(status)
        return self._changed(task)

    def _changed(self, task: Task) -> TaskChanged:
        return TaskChanged(
            cluster_name=self._cluster_name,
            task_id=task.task_id,
            service_name=task.order.service_name,
            instance_id=task.instance_id,
            last_status=task.last_status.value,
            reason=task.stopped_reason,
        )
