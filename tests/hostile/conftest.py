"""The doors: a proxy with a target that notes what reaches it, and the app as a process."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from aiohttp import web

from tests.dataplane.site import Site

APP = Path(__file__).parents[2] / "app" / "main.py"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Proxy:
    """A load balancer on a loop of its own."""

    def __init__(self):
        self.reached, self._ready = [], threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def start(self):
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with Site(rate=1.0, head_s_max=10.0) as site:
            await site.target(self._answer)
            self.port = site.port
            self._ready.set()
            await self._stop.wait()

    async def _answer(self, reader, writer):
        while True:
            self.reached.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK)


@pytest.fixture(scope="package")
def proxy():
    running = Proxy().start()
    yield running
    running.stop()


class Careless(Proxy):
    """A server that answers 200 to whatever its parser lets in."""

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()

        async def yes(_request):
            return web.Response(text="yes")

        runner = web.ServerRunner(web.Server(yes))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()


@pytest.fixture
def careless_port():
    running = Careless().start()
    yield running.port
    running.stop()


@pytest.fixture(scope="package")
def app_port():
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HITLESS_", "AWS_", "ECS_"))}
    command = [sys.executable, "-u", str(APP)]
    with subprocess.Popen(command, env={**own, "PORT": "0"}, stdout=subprocess.PIPE, text=True) as child:
        said = child.stdout.readline()
        yield int(re.search(r"port (\d+)", said).group(1))
        child.kill()
