"""What the control process and its children tell each other beyond the events of `awslab.machines.events`."""

from __future__ import annotations

from dataclasses import dataclass

from awslab.machines.machine import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildReady(Event):
    """A child listens to its control process."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChanged(Event):
    """Which loopback port a target's host port is; 0 when nothing is there, so that a connection is refused."""

    target_id: str
    port: int
    loopback_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostGone(Event):
    """Nothing answers at a host any more, not even with a reset: connections to it time out."""

    target_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForkRequested(Event):
    """Run `command` in `folder` (an image's content) with exactly these variables, and a PORT of your choice."""

    task_id: str
    folder: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForked(Event):
    """The process runs, and `loopback_port` is kept for it."""

    task_id: str
    pid: int
    loopback_port: int
