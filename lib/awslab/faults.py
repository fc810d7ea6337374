"""Things that go wrong, by name: from a scenario, a test, or `POST /_lab/faults`.

Of calls (each takes `service`, `action`, `calls` or `share_percent`; see `awslab.weather.Storm`):

| fault | what AWS does, and where it says so |
|---|---|
| ApiThrottled | refuses calls above a rate: "Rate exceeded" ("Common error types" of each API; EC2 "Request throttling") |
| ApiFails | answers 500 or 503 (`status`) without having done it, or with `done` after having done it ("Common error types": InternalFailure, ServiceUnavailable) |
| ApiSlow | takes `seconds` to answer (SDKs wait 60 s by default: botocore Config `read_timeout`) |
| ConnectionReset | the connection ends before the request was taken: a NAT gateway or proxy that gave up ("NAT gateway: idle connections are reset after 350 s") |
| ResponseLost | the same after it was done: the client cannot tell the two apart |
| RequestDoubled | the request arrives twice, and the second answer is heard: what an SDK's retry does after a lost answer (SDK reference guide, "Retry behavior"; EC2 "Ensuring idempotency") |
| ApiCalm | nothing of the above any more |

Of nature:

| fault | what AWS does, and where it says so |
|---|---|
| InstanceDies | host `instance_id` is gone without a word; status checks notice in minutes (Auto Scaling "Health checks") |
| ZoneLost, ZoneBack | every host of `availability_zone` is gone, and EC2 has no capacity there |
| CapacityMissing, CapacityBack | EC2 has none in `availability_zone`, "" for all: InsufficientInstanceCapacity (EC2 "Troubleshoot launch issues") |
| SpotInterrupted | EC2 announces that it takes `instance_id` back, and does two minutes later ("Spot Instance interruption notices") |
| RegistryFails, RegistryBack | no image can be pulled; hosts that have a copy use it (ECS "CannotPullContainer task errors"; ECS_IMAGE_PULL_BEHAVIOR) |
| HostsFull | somebody else's tasks take all memory that is left on the hosts of `cluster` (RunTask: RESOURCE:MEMORY) |
| HookStuck, HookFreed | user data of hosts that boot does not end: the launch hook waits for its heartbeat timeout, then ABANDON (Auto Scaling "Lifecycle hooks") |
| AmiPublished | AWS moves its recommendation to the next image |

The journal's disk and the client's clock are not the lab's: `tests/under_faults` has them.
"""  # noqa: E501 - tables

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from awslab import nature
from awslab.faces import amis
from awslab.weather import Kind, Storm

if TYPE_CHECKING:
    from awslab.lab import Lab

SECONDS_MAX = 3600.0
SLOW_S = 20.0
STATUSES = (500, 502, 503, 504)


class Unknown(ValueError):
    """There is no such fault, or nothing it could happen to."""


def inject(lab: Lab, wanted: dict) -> dict:
    """Let one fault happen now.

    Args:
        lab: The lab it happens to.
        wanted: `{"fault": name, …}`, see above.

    Returns:
        What happened.

    Raises:
        Unknown: No such fault, or nothing it could happen to.
    """
    name = wanted.get("fault")
    if name not in FAULTS:
        raise Unknown(f"no fault {name!r}; there are {', '.join(sorted(FAULTS))}")
    try:
        return lab.world.call(lambda: FAULTS[name](lab, wanted))
    except nature.Nothing as nothing:
        raise Unknown(str(nothing)) from nothing


# ---- of calls


def _storm(kind: Kind, **own: object):
    def begin(lab: Lab, wanted: dict) -> dict:
        calls = _number(wanted, "calls", None, 10**9)
        storm = Storm(
            kind,
            str(wanted.get("service", "")),
            str(wanted.get("action", "")),
            None if calls is None else int(calls),
            _number(wanted, "share_percent", 100.0, 100.0),
            **{name: read(wanted) for name, read in own.items()},
        )
        lab.weather.storms.append(storm)
        return _told(lab)

    return begin


def _throttle(lab: Lab, wanted: dict) -> dict:
    endless = "share_percent" in wanted
    return _storm(Kind.THROTTLED)(lab, wanted if endless else {"calls": 1, **wanted})


def _calm(lab: Lab, _wanted: dict) -> dict:
    lab.weather.storms.clear()
    return _told(lab)


def _told(lab: Lab) -> dict:
    return {"storms": [f"{s.kind} {s.service or 'all'} {s.action or 'all'}" for s in lab.weather.storms]}


def _seconds(wanted: dict) -> float:
    return _number(wanted, "seconds", SLOW_S, SECONDS_MAX)


def _status(wanted: dict) -> int:
    if (status := wanted.get("status", 503)) not in STATUSES:
        raise Unknown(f"status is one of {STATUSES}, not {status!r}")
    return status


def _number(wanted: Mapping, name: str, default: float | None, most: float) -> float | None:
    value = wanted.get(name, default)
    if value is None and default is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or not 0 <= value <= most:
        raise Unknown(f"{name} is a number from 0 to {most:g}, not {value!r}")
    return value


def _ami_published(lab: Lab, _wanted: dict) -> dict:
    return {"image_id": amis.publish_next(lab.region)}


FAULTS = {
    "ApiThrottled": _throttle,
    "ApiFails": _storm(Kind.FAILED, status=_status, done=lambda wanted: bool(wanted.get("done", False))),
    "ApiSlow": _storm(Kind.SLOW, seconds=_seconds),
    "ConnectionReset": _storm(Kind.RESET),
    "ResponseLost": _storm(Kind.LOST),
    "RequestDoubled": _storm(Kind.DOUBLED),
    "ApiCalm": _calm,
    "InstanceDies": nature.instance_dies,
    "ZoneLost": nature.zone_lost,
    "ZoneBack": lambda lab, wanted: nature.capacity(lab, wanted, available=True),
    "SpotInterrupted": nature.spot_interrupted,
    "CapacityMissing": lambda lab, wanted: nature.capacity(lab, wanted, available=False),
    "CapacityBack": lambda lab, wanted: nature.capacity(lab, wanted, available=True),
    "RegistryFails": lambda lab, wanted: nature.registry(lab, wanted, failing=True),
    "RegistryBack": lambda lab, wanted: nature.registry(lab, wanted, failing=False),
    "HostsFull": nature.hosts_full,
    "HookStuck": lambda lab, wanted: nature.hook(lab, wanted, stuck=True),
    "HookFreed": lambda lab, wanted: nature.hook(lab, wanted, stuck=False),
    "AmiPublished": _ami_published,
}
