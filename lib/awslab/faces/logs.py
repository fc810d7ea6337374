"""CloudWatch Logs: moto keeps groups and events; what tasks and functions print comes from their files.

The awslogs driver sends lines as they come; here they are fetched when somebody looks, each with the time it came. What
a task printed is kept to the last megabyte or two, so much older lines that nobody has looked at are lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from moto.ecs.models import ecs_backends
from moto.logs.models import LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from awslab.dataplane.log_file import times_of
from awslab.dataplane.log_lines import read_lines
from awslab.faces.inventory import ACCOUNT_ID
from awslab.functions import FunctionStore
from awslab.machines.cluster import Cluster
from awslab.machines.events import FunctionStarted, TaskExited, TaskStarted, TaskStartFailed, TaskStartRequested
from awslab.machines.machine import Event, Machine
from awslab.machines.tasks import Task
from awslab.world import World

if TYPE_CHECKING:
    from awslab.lab import Lab

EVENTS_MAX = 10_000  # AWS: of one PutLogEvents
NO_GROUP = (
    "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create "
    "Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."
)


@dataclass(slots=True)
class Stream:
    """A log stream and the file it comes from.

    Attributes:
        backend: Of the region it is in.
        group_name: Its group.
        name: Its own.
        path: What was printed.
        since: How much of it moto has.
        seen: The sizes of the file and of its times when they were read last.
    """

    backend: LogsBackend
    group_name: str
    name: str
    path: Path
    since: int = 0
    seen: tuple[int, ...] = ()

    def fetch(self) -> None:
        """Give moto what is new."""
        sizes = tuple(file.stat().st_size for file in (self.path, times_of(self.path)) if file.exists())
        if sizes == self.seen or self.group_name not in self.backend.groups:
            return
        self.seen = sizes
        lines = list(read_lines(self.path, self.since))
        self.backend.ensure_log_stream(self.group_name, self.name)
        for first in range(0, len(lines), EVENTS_MAX):
            page = [{"timestamp": int(line.at * 1000), "message": line.text} for line in lines[first:][:EVENTS_MAX]]
            self.backend.put_log_events(self.group_name, self.name, page)
        self.since = lines[-1].ends_at if lines else self.since


class LogStreams(Machine):
    """Which task and which function logs where."""

    name = "log streams"
    hears = (TaskStartRequested, TaskStarted, TaskStartFailed, TaskExited, FunctionStarted)

    def __init__(self, world: World, lab: Lab) -> None:
        self._world, self._lab = world, lab
        self._starting: dict[str, Stream] = {}
        self._of_task: dict[str, Stream] = {}
        self._streams: list[Stream] = []

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Refuse a task whose log can't be opened, as the agent does; make streams when what they log starts."""
        match event:
            case TaskStartRequested():
                return self._request(event)
            case TaskStarted() if event.task_id in self._starting:
                self._add(self._starting.pop(event.task_id))
            case TaskStartFailed() | TaskExited():
                self._starting.pop(event.task_id, None)
            case FunctionStarted():
                self._add(self._of_function(event, now))
        return ()

    def fetch(self) -> None:
        """Give moto everything that was printed so far."""
        for stream in self._streams:
            stream.fetch()

    def _request(self, event: TaskStartRequested) -> list[Event]:
        task = next((c.tasks[event.task_id] for c in self._world.of(Cluster) if event.task_id in c.tasks), None)
        options = _awslogs(task, self._lab.region) if task is not None else None
        if task is None or options is None:
            return []
        stream = self._of_task_stream(task, options)
        if options.get("awslogs-create-group") == "true":
            stream.backend.ensure_log_group(stream.group_name)
        if stream.group_name not in stream.backend.groups:
            return [TaskStartFailed(task_id=event.task_id, reason=NO_GROUP)]
        self._starting[event.task_id] = stream
        return []

    def _of_task_stream(self, task: Task, options: dict[str, str]) -> Stream:
        prefix, name = options.get("awslogs-stream-prefix"), task.definition.container.name
        return Stream(
            logs_backends[ACCOUNT_ID][options.get("awslogs-region", self._lab.region)],
            options["awslogs-group"],
            f"{prefix}/{name}/{task.task_id}" if prefix else task.task_id * 2,  # else Docker's id, 64 digits
            self._lab.data / "tasks" / f"{task.task_id}.log",
        )

    def _of_function(self, event: FunctionStarted, now: float) -> Stream:
        backend = logs_backends[ACCOUNT_ID][self._lab.region]
        group_name = f"/aws/lambda/{event.function_name}"
        backend.ensure_log_group(group_name)
        day = datetime.fromtimestamp(now, UTC).strftime("%Y/%m/%d")
        name = f"{day}/[$LATEST]{event.request_id.replace('-', '')}"
        path = FunctionStore(self._lab.data).log_of(event.function_name, event.request_id)
        return Stream(backend, group_name, name, path)

    def _add(self, stream: Stream) -> None:
        stream.backend.ensure_log_stream(stream.group_name, stream.name)
        self._streams.append(stream)


def machines(world: World) -> list[Machine]:
    """The one that knows which task logs where."""
    return [LogStreams(world, Face.lab)]


class Face(LogsResponse):
    """Everything about logs; what is asked for is fetched first."""

    signing_name = "logs"
    world: World
    lab: Lab

    def call_action(self):
        """Have what was printed before any action that could look at it."""
        for streams in self.world.of(LogStreams):
            streams.fetch()
        return super().call_action()


def _awslogs(task: Task, region: str) -> dict[str, str] | None:
    """The awslogs settings of a task's container; None when it logs elsewhere."""
    stored = ecs_backends[ACCOUNT_ID][region].describe_task_definition(task.definition.arn)
    log = stored.container_definitions[0].get("logConfiguration") or {}
    return log.get("options") or {} if log.get("logDriver") == "awslogs" else None
