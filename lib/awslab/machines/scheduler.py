"""The service scheduler: starts, replaces and stops a service's tasks until nothing is left to do.

A pass looks at one service and does all that the minimum and maximum healthy percent allow at that moment; whatever
changes afterwards (a task becomes healthy, a target is unused, a host joins or drains) asks for another pass.
"""

from __future__ import annotations

import random
from collections import Counter

from awslab.machines.capacity_providers import Provider
from awslab.machines.container_instances import ContainerInstance, InstanceStatus
from awslab.machines.machine import Event
from awslab.machines.placement import Misfit, Placement, pick_provider
from awslab.machines.service_log import ServiceLog, subject
from awslab.machines.services import Lane, Service, bounds, decide
from awslab.machines.task_life import TaskLife
from awslab.machines.task_sets import TaskSet
from awslab.machines.tasks import Task, TaskOrder

EARLY_EXIT_S = 10.0  # a process that ends sooner never got going; AWS documents only "before RUNNING"
TROUBLE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."


class Scheduler:
    """Schedules the services of one cluster; holds nothing of its own."""

    def __init__(
        self,
        hosts: dict[str, ContainerInstance],
        providers: dict[str, Provider],
        life: TaskLife,
        log: ServiceLog,
        rng: random.Random,
    ) -> None:
        self._hosts, self._providers, self._life, self._log, self._rng = hosts, providers, life, log, rng

    def run(self, service: Service, now: float) -> list[Event]:
        """One pass over one service."""
        events: list[Event] = []
        short = False
        for task_set, lane in self.lanes(service):
            start, stop = decide(lane)
            short = short or start > 0
            for task in stop:
                reason = _reason(task, task_set)
                code = "ServiceSchedulerInitiated"
                events += self._life.stop(task, code, reason, now, deregister_first=True)
            if start and task_set.rollout_state != "FAILED" and now >= task_set.no_start_before:
                events += self._start(service, task_set, start, now)
        service.unable = service.unable if short else ""
        for task_set in service.task_sets:
            self._judge(service, task_set, now)
        return events + self._conclude(service, now)

    def lanes(self, service: Service) -> list[tuple[TaskSet, Lane]]:
        """What is judged together, each with the task set that starts tasks for it."""
        primary = service.primary
        if service.controller == "ECS":
            tasks = list(service.tasks.values())
            return [(primary, self._lane(service, primary, tasks, self._wanted_of(service)))] if primary else []
        return [
            (s, self._lane(service, s, service.tasks_of(s), s.computed_desired_count(self._wanted_of(service))))
            for s in service.task_sets
        ]

    def shake(self, service: Service, now: float, task_set_id: str = "") -> None:
        """Something changed for one task set, or for any: a steady set may not be steady any more.

        It becomes steady again with the next pass: judging all tasks at every change of one is too slow for a thousand.
        """
        for task_set in service.task_sets:
            if task_set.stability_status == "STEADY_STATE" and task_set_id in ("", task_set.task_set_id):
                self._judge(service, task_set, now)

    def _judge(self, service: Service, task_set: TaskSet, now: float) -> None:
        """AWS's STEADY_STATE, and whether its failures still count."""
        tasks = [task for task in service.tasks_of(task_set) if task.wanted]
        desired = task_set.computed_desired_count(self._wanted_of(service))
        steady = len(tasks) == desired and all(t.healthy and not self._host_drains(t) for t in tasks)
        status = "STEADY_STATE" if steady else "STABILIZING"
        if status != task_set.stability_status:
            task_set.stability_status, task_set.stability_status_at = status, now
        if any(task.healthy for task in tasks):
            task_set.got_healthy()

    def task_failed(self, service: Service, task: Task, now: float) -> list[Event]:
        """A task stopped by itself, or for its health, before it ever was healthy."""
        task_set = service.set_of(task.order.task_set_id)
        if task_set is None or task.was_healthy:
            return []
        task_set.failed_tasks += 1
        events = []
        soon = task.started_at is None or now - task.started_at < EARLY_EXIT_S
        if task.stop_code != "ServiceSchedulerInitiated" and soon and task_set.start_failed(now):
            line = f"{subject(service)} is unable to consistently start tasks successfully. {TROUBLE}"
            events.append(self._log.say(service, line, now))
        if service.breaker and task_set is service.primary and task_set.breaker_trips(service.desired_count):
            events += self._break(service, task_set, now)
        return events

    def _lane(self, service: Service, task_set: TaskSet, tasks: list[Task], desired: int) -> Lane:
        lower, upper = bounds(desired, service.min_healthy_percent, service.max_percent)
        keep: list[Task] = []
        leaving: list[Task] = []
        for task in tasks:
            if task.wanted:
                stays = task.order.task_set_id == task_set.task_set_id and not self._host_drains(task)
                (keep if stays and not task.unhealthy else leaving).append(task)
        return Lane(desired, lower, upper, keep, leaving, stuck=bool(service.unable))

    def _wanted_of(self, service: Service) -> int:
        return service.desired_count if service.status == "ACTIVE" else 0

    def _host_drains(self, task: Task) -> bool:
        return self._hosts[task.instance_id].status is not InstanceStatus.ACTIVE

    def _start(self, service: Service, task_set: TaskSet, how_many: int, now: float) -> list[Event]:
        staying = [t for t in service.tasks.values() if t.wanted and not self._host_drains(t)]
        hosts = [host for host in self._hosts.values() if host.here]
        placement = Placement(hosts, Counter(t.container_instance_id for t in staying), self._rng)
        providers = Counter(task.provider_name for task in staying)
        order = TaskOrder(
            definition=task_set.definition,
            group=f"service:{service.name}",
            started_by=task_set.task_set_id,
            service_name=service.name,
            task_set_id=task_set.task_set_id,
            load_balancers=task_set.load_balancers,
        )
        events: list[Event] = []
        for _ in range(how_many):
            found = self.find_host(order, placement, service.rules, task_set.provider_shares, providers)
            if isinstance(found, Misfit):
                return events + self._unable(service, task_set, found, now)
            host, provider_name = found
            placement.taken(host)
            providers[provider_name] += 1
            task, event = self._life.place(order, host, provider_name, now)
            service.tasks[task.task_id] = task
            events.append(event)
        service.unable = ""
        return events

    def find_host(self, order, placement, rules, shares, placed) -> tuple[ContainerInstance, str] | Misfit:
        """The host and capacity provider for one more task."""
        if not shares:
            found = placement.choose(order.definition, rules, lambda host: True)
            return found if isinstance(found, Misfit) else (found, "")
        name = pick_provider(((s.name, s.weight, s.base) for s in shares), placed)
        group_name = self._providers[name].group_name if name in self._providers else None
        found = placement.choose(order.definition, rules, lambda host: host.group_name == group_name)
        if isinstance(found, Misfit):
            return Misfit(found.failures, "No Container Instances were found in your capacity provider.")
        return found, name

    def _unable(self, service: Service, task_set: TaskSet, misfit: Misfit, now: float) -> list[Event]:
        line = f"{subject(service, task_set.task_set_id)} was unable to place a task {misfit.message} {TROUBLE}"
        if line == service.unable:
            return []
        service.unable = line
        return [self._log.say(service, line, now)]

    def _conclude(self, service: Service, now: float) -> list[Event]:
        """Say the steady state when it is reached, and end deployments."""
        if service.status == "DRAINING" and not service.draining and not any(t.wanted for t in service.tasks.values()):
            service.status, service.task_sets = "INACTIVE", []
        if service.controller != "ECS":
            service.task_sets = [s for s in service.task_sets if s.status != "DRAINING" or service.tasks_of(s)]
        was, lanes = service.steady, self.lanes(service)
        service.steady = bool(lanes) and all(lane.settled for _s, lane in lanes) and not service.draining
        if was or not service.steady or service.status != "ACTIVE":
            return []
        return [
            *self._complete(service, now),
            self._log.say(service, f"{subject(service)} has reached a steady state.", now),
        ]

    def _complete(self, service: Service, now: float) -> list[Event]:
        primary = service.primary
        if service.controller != "ECS" or primary is None:
            return []
        service.task_sets = [primary]
        if primary.rollout_state != "IN_PROGRESS":
            return []
        primary.rollout_state, primary.updated_at = "COMPLETED", now
        primary.rollout_reason = f"ECS deployment {primary.task_set_id} completed."
        line = f"{subject(service)} (deployment {primary.task_set_id}) deployment completed."
        return [self._log.say(service, line, now)]

    def _break(self, service: Service, task_set: TaskSet, now: float) -> list[Event]:
        """AWS's deployment circuit breaker: no more tasks of it; back to the last that completed, if asked."""
        if task_set.rollout_state != "IN_PROGRESS":
            return []
        task_set.rollout_state, task_set.updated_at = "FAILED", now
        task_set.rollout_reason = "ECS deployment circuit breaker: tasks failed to start."
        line = f"{subject(service)} (deployment {task_set.task_set_id}) deployment failed: tasks failed to start."
        events = [self._log.say(service, line, now)]
        good = next((s for s in reversed(service.task_sets) if s.rollout_state == "COMPLETED"), None)
        if service.breaker_rolls_back and good:
            task_set.status, good.status = "ACTIVE", "PRIMARY"
            good.rollout_state, good.updated_at = "IN_PROGRESS", now
            good.rollout_reason = f"ECS deployment circuit breaker: rolling back to deploymentId {good.task_set_id}."
            line = f"{subject(service)} rolling back to (deployment {good.task_set_id})."
            events.append(self._log.say(service, line, now))
        return events


def _reason(task: Task, task_set: TaskSet) -> str:
    if task.unhealthy:
        failed = next(key[0] for key, state in task.targets.items() if state == "unhealthy")
        return f"Task failed ELB health checks in (target-group {failed})"
    return f"Scaling activity initiated by (deployment {task_set.task_set_id})"
