"""The data plane of real processes and real requests, as the world sees it.

Two children do the work, so that a slow AWS call never holds up a request: the load balancer (`balancer`) and the
server that forks tasks (`fork_server`). This machine passes on what the world says to them, and tells the world what
they say. When this process ends, in whatever way, so do they, and every task with them.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from awslab.clock import ScaledClock
from awslab.dataplane.child import LIB, Child
from awslab.dataplane.messages import AddressChanged, HostGone, TaskForked, TaskForkRequested
from awslab.dataplane.pace import Pace
from awslab.images import ImageNotFound, ImageStore
from awslab.machines.events import (
    EndpointsChanged,
    HealthCheckRequested,
    IdleTimeoutChanged,
    InstanceDied,
    InstanceTerminated,
    ListenerBound,
    ListenerClosed,
    ListenerOpened,
    TargetCut,
    TaskExited,
    TaskKilled,
    TaskSignalled,
    TaskStarted,
    TaskStartFailed,
    TaskStartRequested,
    WeightsChanged,
)
from awslab.machines.machine import Event, Machine
from awslab.world import World
from hitless.errors import Failed

COMMAND = ("python", "main.py")  # what an image runs that is not told otherwise
SIGKILLED = 137
log = logging.getLogger("awslab")


class Images(Protocol):
    """Where the content of images is."""

    def path_of(self, image_uri: str) -> Path:
        """The folder with an image's content; raises ImageNotFound, whose text is the stopped reason."""

    def environment_of(self, image_uri: str) -> Mapping[str, str]:
        """The variables baked into an image."""


class Lab(Protocol):
    """What a live plane needs of the lab it serves."""

    clock: ScaledClock
    world: World
    data: Path


@dataclass(slots=True)
class LiveTask:
    """One task that was asked for and has not ended."""

    task_id: str
    instance_id: str
    host_port: int = 0  # 0 until it runs
    pid: int = 0

    @property
    def chain(self) -> tuple[str, int | str]:
        """Whose distances in time must be kept: its endpoint, or itself while it has none."""
        return self.instance_id, self.host_port or self.task_id


class LivePlane(Machine):
    """Runs tasks as processes and listeners as loopback ports.

    Args:
        lab: The lab it serves; its world is told what happens.
        lost: Called once when a child has ended unasked: the lab must stop then, for its story is over.
        images: Where images come from; the lab's data folder by default.
        ports: Loopback ports to prefer for listeners; any free one by default.
        spawn: Start a fresh interpreter for each task instead of forking; by default where forking is not safe.
    """

    name = "live plane"
    carries_real_requests = True  # so the rate must leave them time

    def __init__(
        self,
        lab: Lab,
        *,
        lost: Callable[[], None],
        images: Images | None = None,
        ports: range = range(0),
        spawn: bool | None = None,
    ) -> None:
        self._world, self._rate, self._lost = lab.world, lab.clock.rate, lost
        self._images = images or ImageStore(lab.data)
        self._pulled: dict[tuple[str, str], tuple[Path, Mapping[str, str]]] = {}  # (instance id, image)
        self.was_lost = False
        self.listener_ports: dict[str, int] = {}  # listener ARN -> loopback port
        self.tasks: dict[str, LiveTask] = {}
        self._endpoints: dict[str, set[tuple[str, int]]] = {}  # target group ARN -> who gets its new requests
        self._gone_hosts: set[str] = set()
        balancing = {
            "rate": self._rate,
            "lab_now": lab.clock.now(),
            "seed": f"{lab.world.seed}:balancer",
            "ports": [ports.start, ports.stop, ports.step],
        }
        forking = {
            "rate": self._rate,
            "lab_zero": lab.clock.now() - self._rate * time.monotonic(),
            "logs": str(lab.data / "tasks"),
            "hidden": [str(LIB)],
            "spawn": sys.platform != "linux" if spawn is None else spawn,
        }
        self.balancer = Child("balancer", balancing, hear=self._hear_balancer, lost=self._child_lost)
        self.fork_server = Child("tasks", forking, hear=self._hear_fork_server, lost=self._child_lost)
        self._on: dict[type[Event], Callable[[Event, float], Iterable[Event]]] = {
            TaskStartRequested: self._start_task,
            TaskSignalled: self._stop_task,
            TaskKilled: self._stop_task,
            InstanceDied: self._lose_host,
            InstanceTerminated: self._lose_host,
            EndpointsChanged: self._route,
            TargetCut: self._cut,
            ListenerOpened: self._pass_on,
            ListenerClosed: self._close_listener,
            IdleTimeoutChanged: self._pass_on,
            WeightsChanged: self._pass_on,
            HealthCheckRequested: self._pass_on,
        }
        self.hears = tuple(self._on)

    # ---- life

    async def start(self) -> None:
        """Start the children; must come before the first event.

        Raises:
            Failed: A child could not be started; none is left behind.
        """
        self._pace = Pace(asyncio.get_running_loop(), self._rate)
        try:
            await asyncio.gather(self.balancer.start(), self.fork_server.start())
        except BaseException:
            self._end_children()
            raise

    async def stop(self) -> None:
        """End the children and every task; returns when they have ended."""
        await asyncio.gather(self.balancer.stop(), self.fork_server.stop())

    def cpu_used_s(self, task_id: str) -> float | None:
        """CPU seconds a task has used since it started, by the lab's clock; None when it does not run.

        A task that is busy for a tenth of real time is so for a tenth of lab time.
        """
        task = self.tasks.get(task_id)
        if task is None or not task.pid:
            return None
        try:
            used = psutil.Process(task.pid).cpu_times()
        except psutil.Error:
            return None
        return self._rate * (used.user + used.system)

    def _child_lost(self, child: Child) -> None:
        if self.was_lost:
            return
        self.was_lost = True
        self._end_children()
        log.critical("%s", self._loss(child))
        self._lost()

    def _end_children(self) -> None:
        self.balancer.end()
        self.fork_server.end()

    def _loss(self, child: Child) -> Failed:
        return Failed(
            f"The lab's {child.role} process ended, and with it every task and listener; nothing it says now is true.",
            seen={"exit code": child.exit_code, "pid": child.pid},
            do="Start the lab again. If nobody killed it, look at what it printed above.",
        )

    # ---- the world speaks

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Pass an event on to the child it concerns."""
        assert not self.was_lost, "the data plane is gone"
        return self._on[type(event)](event, now)

    def _pass_on(self, event: Event, _now: float) -> Iterable[Event]:
        self.balancer.send(event)
        return ()

    def _close_listener(self, event: ListenerClosed, now: float) -> Iterable[Event]:
        self.listener_ports.pop(event.listener_arn, None)
        return self._pass_on(event, now)

    def _pull(self, event: TaskStartRequested) -> tuple[Path, Mapping[str, str]]:
        """The image's folder and variables; see `SimulatedPlane` for a host that has a copy."""
        held = event.instance_id, event.image
        try:
            self._pulled[held] = self._images.path_of(event.image), self._images.environment_of(event.image)
        except ImageNotFound:
            if held not in self._pulled:
                raise
        return self._pulled[held]

    def _start_task(self, event: TaskStartRequested, _now: float) -> Iterable[Event]:
        if event.instance_id in self._gone_hosts:
            return [TaskExited(task_id=event.task_id, exit_code=SIGKILLED)]
        if reason := self._port_refusal(event):
            return [TaskStartFailed(task_id=event.task_id, reason=reason)]
        try:
            folder, baked = self._pull(event)
        except ImageNotFound as why:
            return [TaskStartFailed(task_id=event.task_id, reason=str(why))]
        self.tasks[event.task_id] = LiveTask(event.task_id, event.instance_id, event.host_port)
        self.fork_server.send(
            TaskForkRequested(
                task_id=event.task_id,
                folder=str(folder),
                command=event.command or COMMAND,
                environment=tuple(self._environment(event, baked).items()),
            )
        )
        return ()

    def _environment(self, event: TaskStartRequested, baked: Mapping[str, str]) -> dict[str, str]:
        """All variables of a task but PORT, which the fork server finds; what is the lab's to say comes last."""
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **baked, **dict(event.environment)}
        return {
            **environment,
            "HOST": "127.0.0.1",  # an image says 0.0.0.0; the lab listens on loopback only
            "HITLESS_TASK_ID": event.task_id,
            "HITLESS_INSTANCE_ID": event.instance_id,
            "HITLESS_AZ": event.availability_zone,
            "HITLESS_CLOCK_RATE": f"{self._rate:g}",
        }

    def _port_refusal(self, event: TaskStartRequested) -> str:
        wanted = event.instance_id, event.host_port
        if event.host_port and wanted in {(task.instance_id, task.host_port) for task in self.tasks.values()}:
            port = event.host_port
            return f"CannotStartContainerError: Bind for 0.0.0.0:{port} failed: port is already allocated"
        return ""

    def _stop_task(self, event: TaskSignalled | TaskKilled, now: float) -> Iterable[Event]:
        task = self.tasks.get(event.task_id)
        if task is not None:
            self._pace.do(task.chain, now, lambda: self.fork_server.send(event))
        return ()

    def _lose_host(self, event: InstanceDied | InstanceTerminated, now: float) -> Iterable[Event]:
        host = event.instance_id
        if host in self._gone_hosts:
            return ()
        self._gone_hosts.add(host)
        self.balancer.send(HostGone(target_id=host))
        for task in [task for task in self.tasks.values() if task.instance_id == host]:
            killed = TaskKilled(task_id=task.task_id)
            if isinstance(event, InstanceDied):
                self.fork_server.send(killed)
            else:
                self._stop_task(killed, now)
        return ()

    def _route(self, event: EndpointsChanged, now: float) -> Iterable[Event]:
        self.balancer.send(event)
        before = self._endpoints.get(event.target_group_arn, set())
        after = self._endpoints[event.target_group_arn] = set(event.endpoints)
        for endpoint in before - after:  # whatever ends its requests must come as much later as in the world
            self._pace.do(endpoint, now, lambda: None)
        return ()

    def _cut(self, event: TargetCut, now: float) -> Iterable[Event]:
        self._pace.do((event.target_id, event.port), now, lambda: self.balancer.send(event))
        return ()

    # ---- the children speak

    def _hear_balancer(self, event: Event) -> None:
        if isinstance(event, ListenerBound):
            self.listener_ports[event.listener_arn] = event.host_port
        self._world.hear(event)

    def _hear_fork_server(self, event: Event) -> None:
        if isinstance(event, TaskForked):
            self._world.hear(self._started(event))
            return
        assert isinstance(event, TaskStartFailed | TaskExited), event
        self._ended(self.tasks.pop(event.task_id))
        self._world.hear(event)

    def _started(self, event: TaskForked) -> TaskStarted:
        task = self.tasks[event.task_id]
        task.host_port, task.pid = task.host_port or event.loopback_port, event.pid
        # Before the world hears of it, so that nobody is sent where nothing is known yet.
        self._tell_address(task, event.loopback_port)
        return TaskStarted(task_id=task.task_id, host_port=task.host_port)

    def _ended(self, task: LiveTask) -> None:
        self._pace.forget(task.chain)
        if task.pid:
            self._tell_address(task, 0)

    def _tell_address(self, task: LiveTask, loopback_port: int) -> None:
        address = AddressChanged(target_id=task.instance_id, port=task.host_port, loopback_port=loopback_port)
        self.balancer.send(address)
