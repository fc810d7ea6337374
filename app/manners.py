"""Whom the service answers: who asks in time, for a path of this service, and who brings nothing along."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from aiohttp import HttpVersion10, web

HEAD_S_MAX = 10.0  # real seconds from a connection's or a request's first moment to the end of its head


def refuse(request: web.Request) -> web.Response | None:
    """What to answer to a request that no load balancer sends: in HTTP/0.9, or for another server's address."""
    if request.version < HttpVersion10 or not request.raw_path.startswith("/"):
        return web.Response(status=400, text="ask for a path of this service\n")
    return None


def ends_connection(request: web.Request) -> bool:
    """Nothing is read of a body, so what follows it can't be told from it: the connection ends with the answer."""
    return request.body_exists


class Patience(asyncio.Protocol):
    """One connection, given up when a request's head does not come in time.

    Args:
        serve: Makes the protocol that answers.
    """

    def __init__(self, serve: Callable[[], asyncio.Protocol]) -> None:
        self._inner, self._timer, self._is_answering = serve(), None, False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See asyncio.Protocol."""
        self._transport = transport
        self._inner.connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._timer is None and not self._is_answering:
            self._wait()
        self._inner.data_received(data)

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """A whole head has come, and is being answered."""
        self._stop_waiting()
        self._is_answering = True
        try:
            yield
        finally:
            self._is_answering = False

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def eof_received(self) -> bool | None:
        """See asyncio.Protocol."""
        return self._inner.eof_received()

    def connection_lost(self, why: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._stop_waiting()
        self._inner.connection_lost(why)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._inner.resume_writing()

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(HEAD_S_MAX, self._transport.abort)


def answering(request: web.Request) -> contextlib.AbstractContextManager[None]:
    """Tell the connection that its request's head has come, and that it is being answered."""
    protocol = request.transport.get_protocol() if request.transport is not None else None
    return protocol.answering() if isinstance(protocol, Patience) else contextlib.nullcontext()
