"""One ECS cluster: its hosts, tasks and services, and what each hears of the others.

Theory of operation: every entry point (a command, an event, a timer) collects what happened into one batch of events;
`_after` then does the bookkeeping that follows from the batch (room given back, service events written, hosts let go)
and asks for a scheduler pass over each service that was touched. Passes run `PASS_S` later, once for many changes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from awslab.machines.capacity_providers import Provider
from awslab.machines.container_instances import ContainerInstance, InstanceStatus
from awslab.machines.draining import Draining
from awslab.machines.events import (
    AgentConnected,
    ContainerInstanceChanged,
    DesiredCountRequested,
    InstanceDied,
    InstanceTerminated,
    LifecycleActionStarted,
    SpotInterruptionNotified,
    TargetHealthChanged,
    TaskChanged,
    TaskExited,
    TaskStarted,
    TaskStartFailed,
)
from awslab.machines.machine import Event, Machine, Timers
from awslab.machines.scheduler import Scheduler
from awslab.machines.service_log import ServiceLog, subject
from awslab.machines.services import Service
from awslab.machines.task_life import TaskLife
from awslab.machines.tasks import Task, TaskStatus

PASS_S = 1.0  # from a change to the scheduler's answer; not documented by AWS, some seconds in practice
NOTICED_S = 4.0  # from a host's death to ECS stopping its tasks; users report 502s for 3-5 s
REMEMBER_S = 3600.0  # an INACTIVE container instance can be described for about an hour
SELF_STOPPED = ("TaskFailedToStart", "EssentialContainerExited")
S = InstanceStatus


class Cluster(Machine):
    """A cluster.

    Args:
        cluster_name: AWS's clusterName.
        rng: Draws ids and `random` placements.
        digest_of: Resolves an image reference as the agent's pull does; the reference itself by default.
        secret_of: Reads a secret as the agent does; the reference itself by default.
    """

    hears = (
        AgentConnected,
        InstanceDied,
        InstanceTerminated,
        LifecycleActionStarted,
        SpotInterruptionNotified,
        TaskStarted,
        TaskStartFailed,
        TaskExited,
        TargetHealthChanged,
        DesiredCountRequested,
    )

    def __init__(
        self,
        cluster_name: str,
        rng: random.Random,
        digest_of: Callable[[str], str] = lambda image: image,
        secret_of: Callable[[str], str] = lambda reference: reference,
    ) -> None:
        self.name, self.cluster_name = f"cluster {cluster_name}", cluster_name
        self.hosts: dict[str, ContainerInstance] = {}
        self.services: dict[str, Service] = {}
        self.providers: dict[str, Provider] = {}
        self.rng, self.timers = rng, Timers()
        self.life = TaskLife(
            cluster_name, self.timers, rng, digest_of=digest_of, secret_of=secret_of, grace_of=self._grace_of
        )
        self.log = ServiceLog(cluster_name, rng, self.life.task_of_target)
        self.scheduler = Scheduler(self.hosts, self.providers, self.life, self.log, rng)
        self.draining = Draining(cluster_name, self.timers, self.providers, self._stop_pending)

    @property
    def tasks(self) -> dict[str, Task]:
        """Every task that can be described, by task id."""
        return self.life.tasks

    def wake_at(self) -> float | None:
        """When the next timer rings."""
        return self.timers.next()

    def on_time(self, now: float) -> Iterable[Event]:
        """Do what is due."""
        events: list[Event] = []
        for room, kind, who in self.timers.pop_due(now):
            if room == "task":
                events += self.life.ring(kind, who, now)
                events += self._touched_by(who, kind, now)
            elif room == "host":
                events += self._host_rings(kind, who, now)
            elif who in self.services:
                events += self.scheduler.run(self.services[who], now)
        return self.after(events, now)

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Hear what happened outside."""
        match event:
            case AgentConnected():
                return self.after(self._register(event, now), now)
            case DesiredCountRequested():
                self._scale(event, now)
                return ()
            case TargetHealthChanged():
                return self.after(self._target_changed(event, now), now)
            case TaskStarted() | TaskStartFailed() | TaskExited():
                task = self.tasks.get(event.task_id)
                return self.after(self._process(task, event, now), now) if task else ()
        host = self.hosts.get(event.instance_id)
        if host is None or not host.here:
            return ()
        if isinstance(event, LifecycleActionStarted):
            return self.after(self.draining.hook_started(host, event, now), now)
        if isinstance(event, SpotInterruptionNotified):
            return self.after(self.draining.spot_notified(host, now), now)
        return self.after(self._host_lost(host, now), now)

    def after(self, events: list[Event], now: float) -> list[Event]:
        """The bookkeeping a batch of events asks for; commands end with it."""
        hosts: dict[str, ContainerInstance] = {}
        for event in events:
            if isinstance(event, TaskChanged | ContainerInstanceChanged):
                hosts[event.instance_id] = self.hosts[event.instance_id]
                self._touch(event, now)
        said = self.log.tell(self.services, events, self.tasks, now)
        looked = [told for host in hosts.values() for told in self.draining.look(host)]
        failed = [told for event in events for told in self._count_failure(event, now)]
        return [*events, *said, *failed, *looked]

    def ask_pass(self, service: Service, now: float, task: Task | None = None) -> None:
        """Have the scheduler look at a service soon, because of one task or of all; and at the end of a throttle."""
        self.scheduler.shake(service, now, task.order.task_set_id if task else "")
        key = ("service", "pass", service.name)
        waits = [s.no_start_before for s in service.task_sets if s.no_start_before > now]
        at = self.timers.at(key)
        if at is None or at > now + PASS_S:
            self.timers.set(key, now + PASS_S)
        for wait in waits:
            self.timers.set(("service", "throttle", service.name), wait)

    def _scale(self, wanted: DesiredCountRequested, now: float) -> None:
        service = self.services.get(wanted.service_name)
        if wanted.cluster_name == self.cluster_name and service is not None and service.status == "ACTIVE":
            service.desired_count, service.steady = wanted.desired_count, False
            self.ask_pass(service, now)

    def _touch(self, event: TaskChanged | ContainerInstanceChanged, now: float) -> None:
        room_changed = isinstance(event, ContainerInstanceChanged)
        if isinstance(event, TaskChanged):
            task = self.tasks[event.task_id]
            service = self.services.get(task.order.service_name)
            if event.last_status == TaskStatus.STOPPED:
                room_changed = True
                self.hosts[event.instance_id].give_back(task.task_id, task.definition)
                if service:
                    service.tasks.pop(task.task_id, None)
            if service:
                self.ask_pass(service, now, task)
        if room_changed:
            self._room_changed(event.instance_id, now)

    def _room_changed(self, instance_id: str, now: float) -> None:
        """Services that found no room look again, and those with tasks on a host whose status changed."""
        tenants = {self.tasks[task_id].order.service_name for task_id in self.hosts[instance_id].task_ids}
        for service in self.services.values():
            if service.unable or service.name in tenants:
                self.ask_pass(service, now)

    def _register(self, event: AgentConnected, now: float) -> list[Event]:
        if event.cluster_name != self.cluster_name:
            return []
        if event.instance_id in self.hosts:
            self.hosts[event.instance_id].agent_connected = True
            return []
        host = ContainerInstance(
            container_instance_id=f"{self.rng.getrandbits(128):032x}",
            instance_id=event.instance_id,
            availability_zone=event.availability_zone,
            subnet_id=event.subnet_id,
            group_name=event.group_name,
            spec=event.spec,
            registered_at=now,
        )
        self.hosts[event.instance_id] = host
        host.move(S.ACTIVE)
        return [self.draining.changed(host)]

    def _process(self, task: Task, event: Event, now: float) -> list[Event]:
        if isinstance(event, TaskStarted):
            return self.life.started(event, now)
        if isinstance(event, TaskStartFailed):
            return self.life.start_failed(task, event.reason, now)
        return self.life.exited(task, event.exit_code, now)

    def _target_changed(self, event: TargetHealthChanged, now: float) -> list[Event]:
        task = self.life.task_of_target((event.target_group_arn, event.target_id, event.port))
        if task is None:
            return []
        was_unhealthy = task.unhealthy
        events = self.life.target_changed(event, now)
        return events + self._judged(task, was_unhealthy, event.description, now)

    def _touched_by(self, task_id: str, kind: str, now: float) -> list[Event]:
        task = self.tasks.get(task_id)
        if task is None or kind not in ("grace", "settled"):
            return []
        return self._judged(task, False, "", now)

    def _judged(self, task: Task, was_unhealthy: bool, description: str, now: float) -> list[Event]:
        service = self.services.get(task.order.service_name)
        if service is None:
            return []
        self.ask_pass(service, now, task)
        if not task.unhealthy or was_unhealthy:
            return []
        arn, instance_id, port = next(key for key, state in task.targets.items() if state == "unhealthy")
        because = f" due to (reason {description})" if description else ""
        where = f"(instance {instance_id}) (port {port}) is unhealthy in (target-group {arn}){because}"
        return [self.log.say(service, f"{subject(service, task.order.task_set_id)} {where}", now)]

    def _count_failure(self, event: Event, now: float) -> list[Event]:
        if not isinstance(event, TaskChanged) or event.last_status != TaskStatus.DEPROVISIONING:
            return []
        task = self.tasks[event.task_id]
        service = self.services.get(task.order.service_name)
        if service is None or not (task.stop_code in SELF_STOPPED or task.unhealthy):
            return []
        events = self.scheduler.task_failed(service, task, now)
        self.ask_pass(service, now, task)
        return events

    def _host_rings(self, kind: str, instance_id: str, now: float) -> list[Event]:
        host = self.hosts[instance_id]
        if kind == "give up":
            return self.draining.let_go(host)
        if kind == "beat":
            return self.draining.beat(host, now)
        if kind == "missed":
            return self._host_missed(host, now)
        del self.hosts[instance_id]
        return []

    def _host_lost(self, host: ContainerInstance, now: float) -> list[Event]:
        """The host and its processes are gone; ECS notices a little later."""
        host.agent_connected = False
        self.draining.forget(host)
        if self.timers.at(("host", "missed", host.instance_id)) is None:
            self.timers.set(("host", "missed", host.instance_id), now + NOTICED_S)
        lost = [self.tasks[task_id] for task_id in host.task_ids]
        return [event for task in lost if not task.host_lost for event in self.life.lose_host(task)]

    def _host_missed(self, host: ContainerInstance, now: float) -> list[Event]:
        """AWS: terminating an EC2 instance deregisters it."""
        reason = f"Host EC2 (instance {host.instance_id}) terminated."
        lost = [self.tasks[task_id] for task_id in host.task_ids]
        events = [event for task in lost for event in self.life.host_missed(task, reason, now)]
        host.move(S.DEREGISTERING)
        host.move(S.INACTIVE)
        self.timers.set(("host", "forget", host.instance_id), now + REMEMBER_S)
        return [*events, self.draining.changed(host)]

    def _stop_pending(self, host: ContainerInstance, now: float) -> list[Event]:
        events: list[Event] = []
        for task in [self.tasks[task_id] for task_id in host.task_ids]:
            if task.starting and task.order.service_name:
                reason = f"Scaling activity initiated by (deployment {task.order.task_set_id})"
                events += self.life.stop(task, "ServiceSchedulerInitiated", reason, now, deregister_first=True)
        return events

    def _grace_of(self, service_name: str) -> float:
        service = self.services.get(service_name)
        return service.grace_s if service else 0.0
