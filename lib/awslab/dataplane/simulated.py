"""A data plane without processes or sockets, for the virtual clock: tasks start, answer, drain and die on time.

What a task does wrong comes from the same environment variables as the real app's, so one scenario tells the same story
on both planes. Requests are counted by `Traffic`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping

from awslab.dataplane.behaviour import NEVER, read_behaviour
from awslab.dataplane.simulated_hooks import HOOK_S, SimulatedHooks
from awslab.dataplane.simulated_task import Life, Ports, SimulatedTask
from awslab.dataplane.simulated_traffic import BAD_GATEWAY, GATEWAY_TIMEOUT, Endpoint, Tally, Traffic
from awslab.machines.events import (
    EndpointsChanged,
    HealthChecked,
    HealthCheckRequested,
    HookInvoked,
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
from awslab.machines.machine import Event, Machine, Timers

START_S = (2.0, 4.0)  # image pull (layers mostly cached), create and start of one container; not documented by AWS
EXIT_S = 0.5  # a process that gives up at once still takes this long to start and end
CHECK_S = 0.02  # one health check round trip
REPORT_S = 1.0  # the load balancer's request counts, this often
SIGKILL, SIGTERM, CRASH = 137, 143, 1  # exit codes as Docker reports them
PATHS = ("/", "/healthz", "/version", "/work")  # of the app; any other answers 404


class SimulatedPlane(Machine):
    """Runs every task of the lab, and traffic, on lab time alone.

    Every task that was requested ends in exactly one `TaskExited` or `TaskStartFailed`, whoever ends it.

    Args:
        rng: Draws start times.
        traffic: Requests a second to send from its opening on to every listener with this port, e.g. `{80: 50.0}`.
        refusal: Why an image can't be pulled, in AWS's words; "" when it can, as every one can by default.
        baked: The environment variables baked into an image (`ENV`); a task definition's own override them.
        hooks: What hook functions say, see `SimulatedHooks`; without it, somebody else must answer for them.
    """

    name = "simulated plane"

    def __init__(
        self,
        rng: random.Random,
        *,
        traffic: Mapping[int, float] | None = None,
        refusal: Callable[[str], str] = lambda image: "",
        baked: Callable[[str], Mapping[str, str]] = lambda image: {},
        hooks: Mapping[str, str] | None = None,
    ) -> None:
        self._rng, self._refusal, self._baked = rng, refusal, baked
        self._per_second = dict(traffic or {})
        self._timers, self._ports = Timers(), Ports()
        self._hooks = None if hooks is None else SimulatedHooks(hooks)
        self._tasks: dict[str, SimulatedTask] = {}
        self._at: dict[Endpoint, SimulatedTask] = {}
        self._on_host: dict[str, list[SimulatedTask]] = {}
        self._gone: set[str] = set()
        self._pulled: set[tuple[str, str]] = set()  # (instance id, image)
        self._checks: dict[int, HealthCheckRequested] = {}
        self._check_count = 0
        self.traffic = Traffic(self._at.get, self._gone.__contains__)
        self._on: dict[type[Event], Callable] = {
            TaskStartRequested: self._request_start,
            TaskSignalled: self._signal,
            TaskKilled: self._kill,
            HealthCheckRequested: self._check,
            InstanceDied: self._lose_host,
            InstanceTerminated: self._lose_host,
            ListenerOpened: self._open,
            ListenerClosed: self._close,
            WeightsChanged: self._weigh,
            EndpointsChanged: self._route,
            TargetCut: self._cut,
            HookInvoked: self._invoke_hook,
        }
        self.hears = tuple(self._on)

    def send(self, listener_arn: str, per_second: float, *, now: float) -> list[Event]:
        """Send `per_second` requests to a listener from now on, at a constant rate; 0 stops.

        Args:
            listener_arn: Which listener.
            per_second: Requests a lab second, >= 0.
            now: Lab time.
        """
        self.traffic.send(listener_arn, per_second, now)
        self._tick_soon(now)
        return []

    def tally(self, listener_arn: str) -> Tally:
        """What the clients of one listener have seen up to the last report."""
        return self.traffic.tallies.get(listener_arn, Tally())

    def task(self, task_id: str) -> SimulatedTask:
        """One task's process, also when it has ended.

        Raises:
            KeyError: It was never requested.
        """
        return self._tasks[task_id]

    def cpu_used_s(self, task_id: str) -> float | None:
        """CPU seconds a task has used since it started; None when it is unknown."""
        return self._tasks[task_id].cpu_s if task_id in self._tasks else None

    def wake_at(self) -> float | None:
        """When something is next due."""
        return self._timers.next()

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Requests so far met the world as it was; then it changes."""
        if not isinstance(event, HealthCheckRequested):
            self.traffic.account(now)
        return self._on[type(event)](event, now)

    def on_time(self, now: float) -> Iterable[Event]:
        """Start, end, check and report what is due."""
        self.traffic.account(now)
        act = {"start": self._started, "exit": self._exit_due, "crash": self._crash, "check": self._checked}
        events: list[Event] = []
        for kind, key in self._timers.pop_due(now):
            if kind == "tick":
                events += self._tick(now)
            elif kind == "hook":
                events += self._hooks.answer(key)
            elif kind == "check" or self._tasks[key].life is not Life.EXITED:  # two of its alarms may ring at once
                events += act[kind](key, now)
        return events

    # -- tasks

    def _request_start(self, event: TaskStartRequested, now: float) -> list[Event]:
        port = event.host_port or self._ports.next(event.instance_id)
        reason = self._pull(event) or self._ports.refusal(event.instance_id, port)
        if reason:
            return [TaskStartFailed(task_id=event.task_id, reason=reason)]
        self._ports.take(event.instance_id, port)
        behaviour = read_behaviour({**self._baked(event.image), **dict(event.environment)})
        task = SimulatedTask(event.task_id, event.instance_id, port, behaviour)
        self._tasks[event.task_id] = self._at[event.instance_id, port] = task
        self._on_host.setdefault(event.instance_id, []).append(task)
        if event.instance_id in self._gone:
            return self._end(task, SIGKILL, now)
        self._timers.set(("start", event.task_id), now + self._rng.uniform(*START_S))
        return []

    def _pull(self, event: TaskStartRequested) -> str:
        """Why the host can't have the image.

        AWS: by default the agent pulls each time, and takes the copy it has when that fails (ECS_IMAGE_PULL_BEHAVIOR).
        """
        held = event.instance_id, event.image
        if reason := self._refusal(event.image):
            return "" if held in self._pulled else reason
        self._pulled.add(held)
        return ""

    def _started(self, task_id: str, now: float) -> list[Event]:
        task = self._tasks[task_id]
        task.move(Life.RUNNING)
        task.started_at = task.last_request_at = now
        if task.behaviour.exit_on_start is not None:
            self._timers.set(("crash", task_id), now + EXIT_S)
        elif task.behaviour.exit_after_s < NEVER:
            self._timers.set(("crash", task_id), now + task.behaviour.exit_after_s)
        return [TaskStarted(task_id=task_id, host_port=task.host_port)]

    def _signal(self, event: TaskSignalled, now: float) -> list[Event]:
        task = self._tasks.get(event.task_id)
        if task is None or task.life in (Life.DRAINING, Life.EXITED):
            return []
        if task.life is Life.STARTING:
            return self._end(task, SIGTERM, now)
        if task.behaviour.ignore_sigterm:
            return []
        task.move(Life.DRAINING)
        task.drains_until = now + task.behaviour.drain_max_s
        task.last_request_at = now
        return self._exit_due(task.task_id, now)

    def _exit_due(self, task_id: str, now: float) -> list[Event]:
        task = self._tasks[task_id]
        behaviour, open_now = task.behaviour, self.traffic.open_at((task.instance_id, task.host_port), now)
        quiet_at = task.last_request_at + behaviour.drain_quiet_s
        if open_now:
            quiet_at = max(quiet_at, now + behaviour.request_s)
        if min(quiet_at, task.drains_until) <= now:
            return self._end(task, 0, now)
        self._timers.set(("exit", task_id), min(quiet_at, task.drains_until))
        return []

    def _crash(self, task_id: str, now: float) -> list[Event]:
        task = self._tasks[task_id]
        return self._end(task, CRASH if task.behaviour.exit_on_start is None else task.behaviour.exit_on_start, now)

    def _kill(self, event: TaskKilled, now: float) -> list[Event]:
        task = self._tasks.get(event.task_id)
        return self._end(task, SIGKILL, now) if task is not None and task.life is not Life.EXITED else []

    def _end(self, task: SimulatedTask, exit_code: int, now: float) -> list[Event]:
        status = GATEWAY_TIMEOUT if task.instance_id in self._gone else BAD_GATEWAY
        self.traffic.cut((task.instance_id, task.host_port), status, now)
        task.move(Life.EXITED)
        self._ports.give_back(task.instance_id, task.host_port)
        for kind in ("start", "exit", "crash"):
            self._timers.cancel((kind, task.task_id))
        return [TaskExited(task_id=task.task_id, exit_code=exit_code)]

    def _lose_host(self, event: InstanceDied | InstanceTerminated, now: float) -> list[Event]:
        self._gone.add(event.instance_id)
        events: list[Event] = []
        for task in self._on_host.pop(event.instance_id, []):
            if task.life is not Life.EXITED:
                events += self._end(task, SIGKILL, now)
        return events

    # -- health checks

    def _check(self, event: HealthCheckRequested, now: float) -> list[Event]:
        task, answer_s = self._at.get((event.target_id, event.port)), CHECK_S
        if event.target_id in self._gone:
            answer_s = event.timeout_s
        elif task is not None and task.answers:
            answer_s = min(CHECK_S + task.behaviour.latency_s, event.timeout_s)
        self._check_count += 1
        self._checks[self._check_count] = event
        self._timers.set(("check", self._check_count), now + answer_s)
        return []

    def _checked(self, number: int, now: float) -> list[Event]:
        check = self._checks.pop(number)
        status, error = self._look(check, now)
        return [
            HealthChecked(
                target_group_arn=check.target_group_arn,
                target_id=check.target_id,
                port=check.port,
                status=status,
                error=error,
            )
        ]

    def _look(self, check: HealthCheckRequested, now: float) -> tuple[int, str]:
        task = self._at.get((check.target_id, check.port))
        if check.target_id in self._gone:
            return 0, "timeout"
        if task is None or not task.answers:
            return 0, "refused"
        if CHECK_S + task.behaviour.latency_s >= check.timeout_s:
            return 0, "timeout"
        path = check.path.partition("?")[0]
        if path == "/healthz" and not task.healthy(now):
            return 503, ""
        return (200 if path in PATHS else 404), ""

    def _invoke_hook(self, event: HookInvoked, now: float) -> list[Event]:
        if self._hooks is None:
            return []
        refused = self._hooks.refusal(event)
        if not refused:
            self._timers.set(("hook", event), now + HOOK_S)
        return refused

    # -- the load balancer

    def _open(self, event: ListenerOpened, now: float) -> list[Event]:
        self.traffic.listeners[event.listener_arn] = event.port
        if event.port in self._per_second:
            self.send(event.listener_arn, self._per_second[event.port], now=now)
        return [ListenerBound(listener_arn=event.listener_arn, host_port=event.port)]

    def _close(self, event: ListenerClosed, now: float) -> list[Event]:
        self.traffic.listeners.pop(event.listener_arn, None)
        return []

    def _weigh(self, event: WeightsChanged, now: float) -> list[Event]:
        self.traffic.weigh(event.listener_arn, event.weights)
        return []

    def _route(self, event: EndpointsChanged, now: float) -> list[Event]:
        self.traffic.endpoints[event.target_group_arn] = event.endpoints
        return []

    def _cut(self, event: TargetCut, now: float) -> list[Event]:
        self.traffic.cut((event.target_id, event.port), BAD_GATEWAY, now, event.target_group_arn)
        return []

    def _tick(self, now: float) -> list[Event]:
        self.traffic.finish(now)
        events = self.traffic.reports()
        self._tick_soon(now)
        return events

    def _tick_soon(self, now: float) -> None:
        if self.traffic.busy and self._timers.at(("tick", 0)) is None:
            self._timers.set(("tick", 0), now + REPORT_S)
