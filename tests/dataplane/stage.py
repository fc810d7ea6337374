"""A world with a live plane alone, and an app for its tasks."""

import asyncio
import textwrap
from collections import Counter

from awslab.clock import ScaledClock
from awslab.dataplane.live import LivePlane
from awslab.images import ImageNotFound
from awslab.machines.events import (
    EndpointsChanged,
    HealthChecked,
    HealthCheckRequested,
    ListenerBound,
    ListenerOpened,
    RequestsServed,
    TaskExited,
    TaskSignalled,
    TaskStarted,
    TaskStartFailed,
    TaskStartRequested,
    WeightsChanged,
)
from awslab.machines.machine import Machine
from awslab.world import World

LISTENER, GROUP = "arn:listener", "arn:blue"
APP = """
    import asyncio, os, signal, sys
    from aiohttp import web

    asked = 0

    async def hello(request):
        global asked
        if request.path == "/asked":  # has anybody asked for "/" through the load balancer?
            return web.Response(status=200 if asked else 503)
        asked += "X-Forwarded-For" in request.headers
        await asyncio.sleep(float(request.query.get("s", 0)))
        return web.json_response({"version": os.environ.get("APP_VERSION", ""), "environment": dict(os.environ),
                                  "arguments": sys.argv, "headers": dict(request.headers), "pid": os.getpid()})

    async def main():
        app = web.Application()
        app.router.add_get("/{path:.*}", hello)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
        await runner.setup()
        told = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
        await web.TCPSite(runner, os.environ["HOST"], int(os.environ["PORT"])).start()
        print("listening", flush=True)
        await told.wait()
        await runner.cleanup()
        print("drained")

    asyncio.run(main())
"""


class FolderImages:
    """Images by name, each a folder with a main.py."""

    def __init__(self, path):
        self.path, self.baked = path, {}

    def add(self, name, script, **baked):
        folder = self.path / name
        folder.mkdir(parents=True)
        (folder / "main.py").write_text(textwrap.dedent(script))
        self.baked[name] = baked
        return name

    def path_of(self, image):
        if image not in self.baked:
            raise ImageNotFound(f"CannotPullContainerError: manifest for {image} not found")
        return self.path / image

    def environment_of(self, image):
        return self.baked[image]


class Ear(Machine):
    """Keeps everything the plane says, and wakes whoever waits for some of it."""

    name = "ear"
    hears = (ListenerBound, TaskStarted, TaskStartFailed, TaskExited, HealthChecked, RequestsServed)

    def __init__(self):
        self.heard, self._news = [], asyncio.Event()

    def on_event(self, event, now):
        self.heard.append(event)
        self._news.set()
        return ()

    async def until(self, look, limit_s=20):
        async with asyncio.timeout(limit_s):
            while not (seen := look(self.heard)):
                self._news.clear()
                await self._news.wait()
        return seen

    async def first(self, kind, **fields):
        def look(heard):
            matching = (e for e in heard if isinstance(e, kind))
            return next((e for e in matching if all(getattr(e, k) == v for k, v in fields.items())), None)

        return await self.until(look)


class Stage:
    """A world with a live plane alone; the other machines' lines are read out by the test."""

    def __init__(self, data, rate=60.0, **options):
        self.data, self.clock = data, ScaledClock(rate)
        self.world = World(self.clock, seed=1)
        self.images = FolderImages(data / "images")
        self.images.add("app", APP, APP_VERSION="1")
        self.losses = []
        self.plane = LivePlane(self, lost=lambda: self.losses.append(1), images=self.images, **options)

    async def __aenter__(self):
        await self.plane.start()
        self.world.add(self.plane)
        self.ear = self.world.add(Ear())
        return self

    async def __aexit__(self, *_):
        await self.plane.stop()

    def say(self, *events):
        self.world.hear(*events)

    async def listen(self, arn=LISTENER, weights=((GROUP, 1),), port=80, idle_timeout_s=60.0):
        """Open a listener; its loopback port."""
        self.say(
            ListenerOpened(listener_arn=arn, load_balancer_arn="arn:lb", port=port, idle_timeout_s=idle_timeout_s),
            WeightsChanged(listener_arn=arn, weights=weights),
        )
        return (await self.ear.first(ListenerBound, listener_arn=arn)).host_port

    def request_task(self, task_id, image="app", host="i-1", command=(), host_port=0, **environment):
        self.say(
            TaskStartRequested(
                task_id=task_id,
                image=image,
                environment=tuple(environment.items()),
                command=command,
                container_port=8080,
                instance_id=host,
                availability_zone="us-east-1a",
                host_port=host_port,
            )
        )

    async def run_task(self, task_id, host="i-1", **wanted):
        """Start a task and wait until it answers health checks; its endpoint."""
        self.request_task(task_id, host=host, **wanted)
        endpoint = host, (await self.ear.first(TaskStarted, task_id=task_id)).host_port
        await self.until_healthy(endpoint)
        return endpoint

    async def until_healthy(self, endpoint):
        while (await self.check(endpoint)).status != 200:
            pass

    async def check(self, endpoint, path="/", timeout_s=300.0):
        host, port = endpoint
        before = len(self.ear.heard)
        self.say(
            HealthCheckRequested(target_group_arn=GROUP, target_id=host, port=port, path=path, timeout_s=timeout_s)
        )

        def answers(heard):
            return [e for e in heard[before:] if isinstance(e, HealthChecked) and (e.target_id, e.port) == endpoint]

        return (await self.ear.until(answers))[0]

    def route(self, *endpoints, group=GROUP):
        self.say(EndpointsChanged(target_group_arn=group, endpoints=endpoints, registered=len(endpoints)))

    async def end_task(self, task_id):
        self.say(TaskSignalled(task_id=task_id))
        return (await self.ear.first(TaskExited, task_id=task_id)).exit_code

    async def counted(self, total):
        """Requests by status once `total` of them are reported; the load balancer's own are `elb-502` style."""
        return await self.ear.until(lambda _: (c := self.counts()).total() >= total and c)

    def counts(self):
        seen = Counter()
        for event in self.ear.heard:
            if isinstance(event, RequestsServed):
                seen.update(dict(event.statuses))
                seen.update({f"elb-{status}": n for status, n in event.elb_statuses})
        return seen
