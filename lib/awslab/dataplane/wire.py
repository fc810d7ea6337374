"""Events as lines of JSON: `["TaskStarted", {"task_id": "…", "host_port": 40001}]`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields

from awslab.dataplane import messages
from awslab.machines import events
from awslab.machines.machine import Event

SPOKEN = (
    messages.ChildReady,
    messages.AddressChanged,
    messages.HostGone,
    messages.TaskForkRequested,
    messages.TaskForked,
    events.TaskStartFailed,
    events.TaskSignalled,
    events.TaskKilled,
    events.TaskExited,
    events.HealthCheckRequested,
    events.HealthChecked,
    events.ListenerOpened,
    events.ListenerBound,
    events.ListenerClosed,
    events.IdleTimeoutChanged,
    events.WeightsChanged,
    events.EndpointsChanged,
    events.TargetCut,
    events.RequestsServed,
)
KINDS = {kind.__name__: kind for kind in SPOKEN}
JSON = json.JSONEncoder(separators=(",", ":"))  # `dumps` makes one each time
NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in SPOKEN}


def encode(event: Event) -> bytes:
    """One line, with its end. An event of a kind that is not `SPOKEN` is a bug."""
    kind = type(event)
    content = {name: getattr(event, name) for name in NAMES[kind]}
    return JSON.encode([kind.__name__, content]).encode() + b"\n"


def decode(line: bytes) -> Event:
    """The event of one line."""
    name, content = json.loads(line)
    return KINDS[name](**{key: _frozen(value) for key, value in content.items()})


class Lines:
    """Puts lines together from whatever pieces arrive."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield decode(line)


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
