"""The service that is rolled: it says which version, task and host answered, and stops without losing a request."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from drain import Drain
from faults import Faults
from identity import Identity, read_identity
from manners import Patience, answering, ends_connection, refuse
from page import protection, render
from settings import BadSetting, Settings, read_settings

EXIT_BAD_SETTINGS = 2
WORK_S_MAX = 60.0  # an ALB gives up after its idle timeout, 60 s by default
log = logging.getLogger("app")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Service:
    """The four answers, and the headers on every one of them."""

    def __init__(self, settings: Settings, identity: Identity, drain: Drain, faults: Faults) -> None:
        self.settings, self.identity, self.drain, self.faults = settings, identity, drain, faults

    def application(self) -> web.Application:
        """Routes, with requests counted and faults let loose around them."""
        app = web.Application(middlewares=[self._around], client_max_size=1024)
        app.router.add_get("/", self._page)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/version", self._version)
        app.router.add_get("/work", self._work)
        app.on_response_prepare.append(self._sign)
        return app

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        with answering(request):
            return await self._answer(request, handler)

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if (refused := refuse(request)) is not None:
            refused.force_close()
            return refused
        if request.path == "/healthz":  # not a client: must not keep a draining process alive
            await self.faults.slow_down()
            return await handler(request)
        with self.drain.request():
            await self.faults.slow_down()
            if self.faults.fails(request.headers.get("X-Forwarded-Port", "")):
                return web.json_response({"error": "told to fail by ERROR_PERCENT"}, status=500)
            return await handler(request)

    async def _sign(self, request: web.Request, response: web.StreamResponse) -> None:
        self.identity.complete()
        if ends_connection(request):
            response.force_close()
        if self.drain.started:  # whoever reuses this connection would meet a process that is gone: ALB's 502
            response.force_close()
            response.headers["Connection"] = "close"
        response.headers.update(
            {
                "x-hitless-version": self.settings.version,
                "x-hitless-task": self.identity.task_id,
                "x-hitless-instance": self.identity.instance_id,
                "x-hitless-az": self.identity.availability_zone,
                "x-hitless-colour": self.settings.colour,
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
                "Server": "hitless",
                **protection(self.settings.framed_by),
            }
        )

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text=render(self._facts()), content_type="text/html")

    async def _healthz(self, request: web.Request) -> web.Response:
        # 200 while draining, too: unhealthy means "replace me", and that is being done. Failing here could only make a
        # container health check stop the task before its last requests are answered.
        healthy = self.faults.healthy
        return web.Response(text="ok\n" if healthy else "unhealthy\n", status=200 if healthy else 503)

    async def _version(self, request: web.Request) -> web.Response:
        return web.json_response(self._facts())

    async def _work(self, request: web.Request) -> web.Response:
        text = request.query.get("ms", "100")
        if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= WORK_S_MAX * 1000):
            said = f"ms must be a whole number from 0 to {WORK_S_MAX * 1000:.0f}"
            return web.json_response({"error": said}, status=400)
        await asyncio.sleep(int(text) / 1000)
        return web.json_response({"worked_ms": int(text), **self._facts()})

    def _facts(self) -> dict[str, object]:
        return {
            "version": self.settings.version,
            "colour": self.settings.colour,
            "task_id": self.identity.task_id,
            "instance_id": self.identity.instance_id,
            "availability_zone": self.identity.availability_zone,
            "draining": self.drain.started,
        }


async def serve(settings: Settings, environment: Mapping[str, str]) -> int:
    """Listen until told to stop; the exit code.

    Raises:
        BadSetting: The environment names this task in a way that can't be.
    """
    drain = Drain(settings.drain_quiet_s, settings.drain_max_s, time.monotonic)
    faults = Faults(settings, time.monotonic)
    service = Service(settings, await read_identity(environment), drain, faults)
    runner = web.AppRunner(
        service.application(), access_log=None, keepalive_timeout=settings.keepalive_s, shutdown_timeout=0.1
    )
    await runner.setup()
    told = _stop_signals(settings)
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: Patience(runner.server), settings.host, settings.port, backlog=512)
    faults.arm(loop)
    log.info("version %s listens on %s port %s", settings.version, *listener.sockets[0].getsockname()[:2])
    await told.wait()
    log.info("told to stop; %s requests open", drain.open)
    await drain.wait()
    log.info("drained; %s requests given up", drain.open)
    listener.close()
    await runner.cleanup()
    return 0


def _stop_signals(settings: Settings) -> asyncio.Event:
    told, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop(number: int) -> None:
        if number == signal.SIGINT and told.is_set():
            os._exit(130)  # the second Ctrl-C of somebody who will not wait
        if number == signal.SIGTERM and settings.ignore_sigterm:
            log.warning("ignoring SIGTERM, as told by IGNORE_SIGTERM")
        else:
            told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return told


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Run the service; the exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        settings = read_settings(environment)
        if settings.exit_on_start is not None:
            log.error("exiting, as told by EXIT_ON_START")
            return settings.exit_on_start
        return asyncio.run(serve(settings, environment))
    except BadSetting as bad:
        log.error("%s", bad)
        return EXIT_BAD_SETTINGS


if __name__ == "__main__":
    sys.exit(main())
