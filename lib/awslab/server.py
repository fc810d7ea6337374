"""The lab on a loopback port: boto3, the AWS CLI, Terraform and browsers' curiosity all arrive here.

Every request is handled on one thread, so nothing in the lab needs a lock of its own. Only loopback is listened on; a
request must name that address as its host and come from no web page, and every AWS call must carry a SigV4 header.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import math
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

from awslab import faults
from awslab.faces import inventory
from awslab.guard import Doorkeeper
from awslab.lab import Lab
from awslab.sense import Senseless, require_sense
from awslab.virtual import Door
from awslab.weather import NoAnswer, Storm

BODY_MAX = 64 * 2**20  # an image layer; the AWS JSON and query APIs send far less
log = logging.getLogger("awslab")


class PortTaken(Exception):
    """Somebody else listens on the port that was asked for."""


class Server:
    """One lab behind one port.

    Args:
        lab: The lab to serve.
        port: Loopback port; 0 lets the system choose.
        door: Lets whoever rehearses move the time of a virtual lab; None on a lab whose time moves by itself.
    """

    def __init__(self, lab: Lab, port: int = 0, door: Door | None = None) -> None:
        self.lab, self._port, self._door = lab, port, door
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: float | None = None
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None
        self.endpoint_url = ""

    async def start(self) -> None:
        """Listen, and let due things happen though nobody asks.

        Raises:
            PortTaken: Somebody else listens there.
        """
        app = web.Application(client_max_size=BODY_MAX, middlewares=[_only_from_here])
        app.router.add_get("/_lab/status", self._status)
        app.router.add_get("/_lab/journal", self._journal)
        app.router.add_post("/_lab/faults", self._fault)
        if self._door is not None:
            self._door.add_to(app.router)
            self._door.replaced = self._serve_instead
        app.router.add_route("*", "/{path:.*}", self._aws)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        keeper = Doorkeeper(self._runner.server, BODY_MAX, lambda: self.lab.world.now)
        try:
            self._listener = await asyncio.get_running_loop().create_server(keeper, "127.0.0.1", self._port)
        except OSError as why:
            if why.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise PortTaken(f"port {self._port} is not free; take another --port, or none for any free one") from why
        host, port = self._listener.sockets[0].getsockname()[:2]
        self.endpoint_url = f"http://{host}:{port}"
        self.lab.world.after_each_settle.append(self._rearm)
        self._rearm()

    def _serve_instead(self, lab: Lab) -> None:
        self.lab = lab

    async def stop(self) -> None:
        """Stop listening and stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
        self.lab.world.after_each_settle.clear()
        if self._listener is not None:
            self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _rearm(self) -> None:
        """One timer at the next wake: a courtesy to those who only watch, never a source of truth."""
        due = self.lab.world.next_wake()
        if self._timer is not None:
            if due == self._timer_due:
                return
            self._timer.cancel()
        self._timer, self._timer_due = None, due
        if due is not None and math.isfinite(self.lab.clock.rate):
            delay = self.lab.clock.real_seconds_until(due)
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.lab.world.call(lambda: None)

    async def _aws(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except web.RequestPayloadError as bad:  # compressed, and not as it says
            raise web.HTTPBadRequest(text="The body cannot be read.") from bad
        headers = dict(request.headers)
        is_json = "json" in request.headers.get("Content-Type", "")
        wanted = request.method, request.raw_path, headers, body
        try:
            struck = self.lab.strike(*wanted)
            if struck[0].service:
                require_sense(struck[0], headers, body)
            await self._delay(struck[1])
            status, own, content = self.lab.handle(*wanted, struck)
        except NoAnswer:
            return _cut(request)
        except Senseless as no:
            status, own, content = inventory.error(is_json, 400, no.code, str(no))
        except Exception as bug:
            log.exception("%s %s", request.method, request.headers.get("X-Amz-Target", request.path))
            status, own, content = inventory.error(is_json, 501, "InternalFailure", f"The lab has a bug: {bug!r}")
        return web.Response(status=status, headers=own, body=content)

    async def _delay(self, storm: Storm | None) -> None:
        if storm is None or not storm.seconds:
            return
        if math.isinf(self.lab.clock.rate):
            self.lab.clock.sleep(storm.seconds)
        else:
            await asyncio.sleep(storm.seconds / self.lab.clock.rate)

    # ---- the lab's own door, for people and tests

    async def _status(self, _request: web.Request) -> web.Response:
        return web.json_response(self.lab.status())

    async def _journal(self, request: web.Request) -> web.Response:
        """The journal as JSON lines, from entry `since` on."""
        since = request.query.get("since", "0")
        if not since.isdecimal():
            raise web.HTTPBadRequest(text="since must be the number of an entry, from 0.")
        lines = [json.dumps(entry.as_dict()) for entry in self.lab.world.journal[int(since) :]]
        return web.Response(text="\n".join(lines), content_type="application/jsonl")

    async def _fault(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":  # a web page cannot send this without asking first
            raise web.HTTPUnsupportedMediaType
        try:
            wanted = await request.json()
            if not isinstance(wanted, dict):
                raise faults.Unknown('a fault is an object: {"fault": name, …}')
            answer = faults.inject(self.lab, wanted)
        except (faults.Unknown, ValueError) as wrong:
            return web.json_response({"error": str(wrong)}, status=400)
        return web.json_response(answer)


def _cut(request: web.Request) -> web.Response:
    """Reset the connection, so that no byte of an answer arrives; aiohttp wants something to write into the void."""
    if request.transport is not None:
        linger = struct.pack("ii", 1, 0)
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        request.transport.abort()
    return web.Response()


@web.middleware
async def _only_from_here(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what a web page in the user's browser could send, whatever name it resolved to loopback."""
    port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
    if request.headers.get("Host") not in {f"127.0.0.1:{port}", f"localhost:{port}"}:
        raise web.HTTPForbidden(text="Host must be the lab's own loopback address.")
    if "Origin" in request.headers or request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise web.HTTPForbidden(text="The lab answers no web page.")
    response = await handler(request)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
