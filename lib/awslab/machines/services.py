"""A service: what is wanted, of which revisions, and what has been said about it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from awslab.machines.placement import Rules
from awslab.machines.task_sets import TaskSet
from awslab.machines.tasks import Task, TaskStatus

EVENTS_MAX = 100  # AWS: DescribeServices shows the last 100 events
MIN_HEALTHY_PERCENT, MAX_PERCENT = 100, 200  # AWS: defaults of a REPLICA service, fixed for CODE_DEPLOY on EC2


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """One line of `events`."""

    event_id: str
    at: float
    message: str


@dataclass(slots=True, eq=False)
class Service:
    """A REPLICA service.

    `controller` is ECS, CODE_DEPLOY or EXTERNAL; `status` ACTIVE, DRAINING (deleted, tasks still stop) or INACTIVE.
    """

    name: str
    controller: str
    desired_count: int
    created_at: float
    min_healthy_percent: int = MIN_HEALTHY_PERCENT
    max_percent: int = MAX_PERCENT
    grace_s: float = 0.0
    rules: Rules = field(default_factory=Rules)
    breaker: bool = False
    breaker_rolls_back: bool = False
    status: str = "ACTIVE"
    task_sets: list[TaskSet] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    events: deque[ServiceEvent] = field(default_factory=lambda: deque(maxlen=EVENTS_MAX))
    steady: bool = False
    unable: str = ""

    @property
    def primary(self) -> TaskSet | None:
        """The task set that serves production, or the deployment being rolled out."""
        return next((s for s in self.task_sets if s.status == "PRIMARY"), None)

    def set_of(self, task_set_id: str) -> TaskSet | None:
        """One of its task sets by id."""
        return next((s for s in self.task_sets if s.task_set_id == task_set_id), None)

    def tasks_of(self, task_set: TaskSet) -> list[Task]:
        """The tasks of one set that are not STOPPED."""
        return [t for t in self.tasks.values() if t.order.task_set_id == task_set.task_set_id]

    @property
    def draining(self) -> bool:
        """Some task still waits to be deregistered."""
        return any(task.last_status is TaskStatus.DEACTIVATING for task in self.tasks.values())


@dataclass(slots=True)
class Lane:
    """Tasks judged together: all of a service for the ECS controller, one task set otherwise.

    `keep` are of the right revision on good hosts, `leaving` are to be replaced (an old revision, a draining host, a
    target that failed its health checks). Both hold only tasks that nobody has asked to stop.
    """

    desired: int
    lower: int
    upper: int
    keep: list[Task]
    leaving: list[Task]
    stuck: bool = False  # the last placement found no room

    @property
    def settled(self) -> bool:
        """Nothing to start, stop or wait for."""
        return not self.leaving and len(self.keep) == self.desired and all(task.healthy for task in self.keep)


def bounds(desired: int, min_healthy_percent: int, max_percent: int) -> tuple[int, int]:
    """AWS: the minimum rounds up, the maximum rounds down."""
    return math.ceil(desired * min_healthy_percent / 100), math.floor(desired * max_percent / 100)


def decide(lane: Lane) -> tuple[int, list[Task]]:
    """How many tasks to start and which to stop now, inside the minimum and maximum healthy percent."""
    stop = [task for task in lane.leaving if not task.running]  # AWS: PENDING tasks of a draining host stop at once
    leaving = [task for task in lane.leaving if task.running]
    excess = _scale_in(lane.keep, len(lane.keep) - lane.desired)
    keep = [task for task in lane.keep if task not in excess] if excess else lane.keep
    start = max(0, min(lane.desired - len(keep), lane.upper - len(keep) - len(leaving)))
    return start, stop + excess + _replaced(lane, keep, leaving, blocked=start == 0 or lane.stuck)


def _replaced(lane: Lane, keep: list[Task], leaving: list[Task], *, blocked: bool) -> list[Task]:
    ready = sum(task.healthy for task in keep)
    failed = [task for task in leaving if task.unhealthy]
    sick = [task for task in leaving if not task.healthy and not task.unhealthy]
    well = [task for task in leaving if task.healthy]
    if ready < lane.desired:  # AWS: a replacement first if the maximum and the cluster allow, else one at a time
        waits = any(not task.healthy for task in keep)
        failed = failed[:1] if blocked and not waits and len(keep) < lane.desired else []
    spare = max(0, ready + len(well) - lane.lower)
    return failed + sick + well[:spare]


def _scale_in(tasks: list[Task], how_many: int) -> list[Task]:
    """Which tasks go: those not running, those not healthy, then the fullest zone, the fullest host, the newest."""
    if how_many <= 0:
        return []
    left, gone = list(tasks), []
    for _ in range(how_many):
        zones, hosts = _counts(left)
        worst = max(
            left,
            key=lambda t: (
                not t.running,
                not t.healthy,
                zones[t.availability_zone],
                hosts[t.instance_id],
                t.created_at,
            ),
        )
        left.remove(worst)
        gone.append(worst)
    return gone


def _counts(tasks: list[Task]) -> tuple[dict[str, int], dict[str, int]]:
    zones: dict[str, int] = {}
    hosts: dict[str, int] = {}
    for task in tasks:
        zones[task.availability_zone] = zones.get(task.availability_zone, 0) + 1
        hosts[task.instance_id] = hosts.get(task.instance_id, 0) + 1
    return zones, hosts
