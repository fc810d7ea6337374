import asyncio
import json
import textwrap
from collections import Counter

import pytest

from awslab.clock import ScaledClock
from awslab.dataplane.balancer import Balancer
from awslab.dataplane.live import LivePlane
from awslab.dataplane.messages import AddressChanged
from awslab.images import ImageNotFound
from awslab.machines.events import (
    EndpointsChanged,
    HealthChecked,
    HealthCheckRequested,
    ListenerBound,
    ListenerClosed,
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
RUN_S_MAX = 120.0  # what waits for ever says where it waits
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


async def get(port, path="/", head=b"", host=b"localhost"):
    """One request on a connection of its own: (status, headers, body)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n%b\r\n" % (path.encode(), host, head))
        answer = await reader.read()
    finally:
        writer.close()
    top, _, body = answer.partition(b"\r\n\r\n")
    line, *fields = top.split(b"\r\n")
    headers = {name.lower().decode(): value.strip().decode() for name, _, value in (f.partition(b":") for f in fields)}
    return int(line.split()[1]) if line else 0, headers, body


class Loader:
    """Closed-loop clients that ask again and again on connections of their own, and count what they see."""

    def __init__(self, port, clients=8, path="/"):
        self.port, self.path, self.seen = port, path, Counter()
        self._go, self._clients, self._news = True, clients, asyncio.Event()

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._run()) for _ in range(self._clients)]
        return self

    async def __aexit__(self, *_):
        self._go = False
        await asyncio.gather(*self._tasks)

    async def _run(self):
        while self._go:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                await self._ask(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.seen["broken"] += 1
            finally:
                writer.close()

    async def _ask(self, reader, writer):
        while self._go:
            writer.write(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % self.path.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(f[15:]) for f in head.split(b"\r\n") if f.lower().startswith(b"content-length:"))
            body = await reader.readexactly(length)
            status = int(head[9:12])
            self.seen[status] += 1
            self._news.set()
            if status == 200:
                self.seen[f"version {json.loads(body)['version']}"] += 1

    async def until(self, count):
        """Wait until `count` requests more were answered 200."""
        goal = self.seen[200] + count
        async with asyncio.timeout(30):
            while self.seen[200] < goal:
                self._news.clear()
                await self._news.wait()


class Site:
    """A load balancer in the test's own loop, with one listener, and targets that say whatever bytes a test likes."""

    def __init__(self, rate=60.0, idle_timeout_s=60.0, **options):
        self.told, self._servers, self.broken = [], [], 0
        self._idle_timeout_s, self._bound = idle_timeout_s, asyncio.Event()
        self.balancer = Balancer(
            asyncio.get_running_loop(), ScaledClock(rate, start=1e9), seed="1", tell=self._hear, **options
        )

    def _hear(self, event):
        self.told.append(event)
        if isinstance(event, ListenerBound):
            self.port = event.host_port
            self._bound.set()

    async def __aenter__(self):
        self.balancer.hear(
            ListenerOpened(
                listener_arn=LISTENER, load_balancer_arn="arn:lb", port=80, idle_timeout_s=self._idle_timeout_s
            )
        )
        self.balancer.hear(WeightsChanged(listener_arn=LISTENER, weights=((GROUP, 1),)))
        await self._bound.wait()
        return self

    async def __aexit__(self, *_):
        self.balancer.hear(ListenerClosed(listener_arn=LISTENER))
        for server in self._servers:
            server.close()

    async def target(self, serve, target_id="i-1"):
        """Route everything to a server that hands `serve` each connection as (reader, writer); its endpoint."""

        async def handle(reader, writer):
            try:
                await serve(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.broken += 1
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        self._servers.append(server)
        endpoint = target_id, server.sockets[0].getsockname()[1]
        self.balancer.hear(AddressChanged(target_id=target_id, port=endpoint[1], loopback_port=endpoint[1]))
        self.route(endpoint)
        return endpoint

    def route(self, *endpoints, group=GROUP):
        self.balancer.hear(EndpointsChanged(target_group_arn=group, endpoints=endpoints, registered=len(endpoints)))

    async def send(self, *pieces):
        """Everything the load balancer answers to some bytes, until it closes or has said nothing for a while."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await reader.read()
        except ConnectionError:
            return b"reset"
        finally:
            writer.close()

    def elb_statuses(self):
        """What the load balancer answered itself, reported or not yet."""
        self.told += self.balancer._tally.take()
        served = [event for event in self.told if isinstance(event, RequestsServed)]
        return Counter(status for event in served for status, n in event.elb_statuses for _ in range(n))


def fixed(answer):
    """A target that reads a request's head and answers these bytes, once a connection."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        await reader.read()

    return serve


def run_on(factory):
    def run(body):
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(asyncio.wait_for(body(), RUN_S_MAX))

    return run


@pytest.fixture(params=["uvloop", "asyncio"])
def run(request):
    """Runs a coroutine function on each of the two loops the load balancer may get."""
    factory = pytest.importorskip("uvloop").new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
    return run_on(factory)


@pytest.fixture
def make_site():
    return Site


@pytest.fixture
def answering():
    return fixed


async def poll(look, limit_s=60.0):
    """Look until it is so, at what nobody tells of: other processes and their files."""
    for _ in range(int(limit_s / 0.01)):
        if seen := look():
            return seen
        await asyncio.sleep(0.01)
    raise TimeoutError


@pytest.fixture
def until():
    return poll


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.fixture
def make_stage(tmp_path):
    return lambda **options: Stage(tmp_path, **options)


@pytest.fixture
def ask():
    return get


@pytest.fixture
def make_loader():
    return Loader
