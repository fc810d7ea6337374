"""The door of a lab whose time passes only when it is told to: sleep, send users, count what they saw, start over."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

from aiohttp import web

from awslab.clock import VirtualClock
from awslab.dataplane.simulated import SimulatedPlane
from awslab.images import ImageStore
from awslab.lab import Lab
from awslab.machines.events import RequestsServed
from awslab.machines.machine import Machine

WINDOW_S = 60
SLEEP_MAX_S = 30 * 24 * 3600.0


class Audience(Machine):
    """Counts every answer by listener, window of a minute and status; a request without an answer is 0."""

    name = "audience"
    hears = (RequestsServed,)

    def __init__(self) -> None:
        self.windows: dict[str, dict[int, Counter[int]]] = {}

    def on_event(self, event: RequestsServed, now: float) -> tuple:
        """Note what was served since the last report."""
        at = self.windows.setdefault(event.listener_arn, {}).setdefault(int(now // WINDOW_S) * WINDOW_S, Counter())
        for status, count in (*event.statuses, *event.elb_statuses):
            at[status] += count
        return ()


class VirtualLab(Lab):
    """A lab on virtual time with simulated tasks and users.

    Args:
        seed: Same seed, same story.
        region: The region it answers for.
        data: Where image blobs live.
    """

    def __init__(self, seed: int, region: str, data: Path) -> None:
        store = ImageStore(data)
        super().__init__(VirtualClock(), seed=seed, region=region, data=data)
        rng = self.world.random("simulated plane")
        self.attach(SimulatedPlane(rng, refusal=store.refusal, baked=store.environment_of, hooks={}))
        self.audience = self.world.add(Audience())

    def sleep(self, seconds: float) -> float:
        """Let time pass; lab time afterwards."""
        self.clock.sleep(seconds)
        return self.world.call(lambda: self.world.now)

    def send(self, listener_arn: str, per_second: float) -> None:
        """Send users to a listener from now on."""
        world = self.world
        world.call(lambda: world.tell(self.plane.send(listener_arn, per_second, now=world.now)))

    def seen(self, listener_arn: str) -> dict:
        """What a listener's users have seen, in all and by minute."""
        self.world.call(lambda: None)
        tally = self.plane.tally(listener_arn)
        windows = self.audience.windows.get(listener_arn, {})
        return {
            "sent": tally.sent,
            "failed": tally.failed,
            "windows": [{"at": at, "statuses": dict(counts)} for at, counts in sorted(windows.items())],
        }


class Door:
    """The HTTP side of it, for whoever rehearses.

    Args:
        seed: The first lab's; each start over may name another.
        region: The region they answer for.
        data: Each lab has a folder of its own below it.
    """

    def __init__(self, seed: int, region: str, data: Path) -> None:
        self._region, self._data, self._count = region, data, 0
        self.lab = self._new(seed)
        self.replaced = lambda _lab: None

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Open the door."""
        router.add_post("/_lab/sleep", self._sleep)
        router.add_post("/_lab/users", self._users)
        router.add_get("/_lab/users", self._seen)
        router.add_post("/_lab/start-over", self._start_over)

    def _new(self, seed: int) -> VirtualLab:
        self._count += 1
        return VirtualLab(seed, self._region, self._data / str(self._count))

    async def _sleep(self, request: web.Request) -> web.Response:
        wanted = await _read(request)
        return web.json_response({"now": self.lab.sleep(_number(wanted, "seconds", SLEEP_MAX_S))})

    async def _users(self, request: web.Request) -> web.Response:
        wanted = await _read(request)
        self.lab.send(str(wanted.get("listener_arn", "")), _number(wanted, "per_second", 10_000))
        return web.json_response({})

    async def _seen(self, request: web.Request) -> web.Response:
        return web.json_response(self.lab.seen(request.query.get("listener_arn", "")))

    async def _start_over(self, request: web.Request) -> web.Response:
        wanted = await _read(request)
        self.lab = self._new(int(_number(wanted, "seed", 2**31)))
        self.replaced(self.lab)
        return web.json_response({"now": self.lab.world.now})


async def _read(request: web.Request) -> dict:
    if request.content_type != "application/json":  # a web page cannot send this without asking first
        raise web.HTTPUnsupportedMediaType
    try:
        wanted = await request.json()
    except ValueError as wrong:
        raise web.HTTPBadRequest(text=f"not JSON: {wrong}") from wrong
    if not isinstance(wanted, dict):
        raise web.HTTPBadRequest(text="an object is wanted")
    return wanted


def _number(wanted: dict, name: str, most: float) -> float:
    value = wanted.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most or math.isnan(value):
        raise web.HTTPBadRequest(text=json.dumps({name: f"a number from 0 to {most:g} is wanted"}))
    return value
