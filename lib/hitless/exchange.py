"""Send single requests over keep-alive connections, each within a time limit and never twice.

A connection that lies idle may be closed by the server at any time; that is no failure of anybody. So a request is put
only on a connection that says nothing at that moment: one the peer has closed already, even if the loop has not heard
of it yet, is passed over. What remains, a peer that closes after the request left, is counted as "closed" or "reset".
Clients that retry would hide it; this one does not. Connections idle for four seconds are closed from our side, well
before a load balancer (60 s) or a web server (75 s) would; busy ones after ten, so that the probe also sees whether new
connections are taken.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import cast
from urllib.parse import urlsplit

from hitless.answer import Answer, BadAnswer, Head, read_whole
from hitless.clock import monotonic_s
from hitless.errors import Refused
from hitless.samples import ORIGINS

IDLE_S_MAX = 4.0
AGE_S_MAX = 10.0
ORIGIN_HEADERS = tuple(f"x-hitless-{name}".encode() for name in ORIGINS)
FAILURES = (
    (ConnectionRefusedError, "refused"),
    ((ConnectionResetError, BrokenPipeError), "reset"),
    (ssl.SSLError, "tls"),
    (socket.gaierror, "dns"),
    (TimeoutError, "timeout"),
    (OSError, "connect"),
)


class Request:
    """One request on its way; times are monotonic seconds. `done` once `failure` and `ended` are final."""

    ended = 0.0
    status = 0
    failure = ""
    headers: Mapping[bytes, bytes] = MappingProxyType({})
    done = False
    carrier: asyncio.Task[None] | Connection | None = None

    def __init__(self, intended: float, sent: float) -> None:
        self.intended, self.sent = intended, sent


@dataclass(frozen=True)
class Target:
    """Where requests go, and their bytes."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    message: bytes

    @classmethod
    def from_url(cls, url: str, host_header: str | None = None) -> Target:
        """Read an http or https URL; `host_header` replaces its host in the request, as virtual hosts need.

        Raises:
            Refused: It is no such URL.
        """
        refused = Refused("The probe needs an http or https URL.", seen={"url": url}, do="give http://host[:port]/path")
        try:
            parts = urlsplit(url)
            given_port = parts.port
        except ValueError as error:  # brackets that do not match, a port beyond 65535
            raise refused from error
        is_web = parts.scheme in ("http", "https") and parts.hostname
        if not is_web or any(c.isspace() for c in url + (host_header or "")):
            raise refused
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = host_header or parts.netloc.rpartition("@")[2]
        message = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: hitless-probe\r\nAccept: */*\r\n\r\n".encode()
        tls = ssl.create_default_context() if parts.scheme == "https" else None
        return cls(parts.hostname, given_port or (443 if tls else 80), tls, message)


class Exchange:
    """The pool of connections to one target.

    Args:
        target: Where to.
        timeout_s: Seconds from a request's intended start in which a whole answer must have come.
        on_done: Hears of each request once, when it is done.
    """

    def __init__(self, target: Target, timeout_s: float, on_done: Callable[[Request], None]) -> None:
        self.target, self._timeout_s, self._on_done = target, timeout_s, on_done
        self._idle: list[Connection] = []
        self._order: deque[Request] = deque()
        self.outstanding = 0

    def send(self, request: Request) -> None:
        """Put a request on a silent connection, or on a new one."""
        self.outstanding += 1
        self._order.append(request)
        while self._idle:
            connection = self._idle.pop()
            if connection.is_silent():
                connection.carry(request)
                return
        request.carrier = asyncio.get_running_loop().create_task(self._open(request))
        request.carrier.add_done_callback(_raise_what_it_raised)

    def finish(self, request: Request, failure: str = "", ended: float = 0.0) -> None:
        """Take the outcome of a request, which was there at `ended`, or is now; only the first one counts."""
        if request.done:
            return
        if not failure and not 200 <= request.status < 400:
            failure = f"{request.status // 100}xx"
        request.done, request.failure, request.ended, request.carrier = True, failure, ended or monotonic_s(), None
        self.outstanding -= 1
        self._on_done(request)

    def release(self, connection: Connection, now: float) -> None:
        """Take back a connection that may carry another request."""
        connection.idle_since = now
        if now - connection.made_at > AGE_S_MAX:
            connection.close()
        else:
            self._idle.append(connection)

    def sweep(self) -> None:
        """Fail what is over its time, and close what lay idle too long; to be called often."""
        now = monotonic_s()
        while self._order and (self._order[0].done or now - self._order[0].intended >= self._timeout_s):
            self._time_out(self._order.popleft())
        while self._idle and now - self._idle[0].idle_since > IDLE_S_MAX:
            self._idle.pop(0).close()

    def _time_out(self, request: Request) -> None:
        carrier = request.carrier
        self.finish(request, "timeout")
        if isinstance(carrier, asyncio.Task):
            carrier.cancel()
        elif carrier is not None:
            carrier.abort()

    async def _open(self, request: Request) -> None:
        loop, target = asyncio.get_running_loop(), self.target
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(self), target.host, target.port, ssl=target.tls
            )
        except OSError as error:
            self.finish(request, failure_of(error))
            return
        connection.carry(request)


class Connection(asyncio.Protocol):
    """One connection, carrying at most one request at a time."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._request: Request | None = None
        self._answer: Answer | None = None  # to an answer that comes in pieces
        self._poll = select.poll()
        self._closing = False
        self.idle_since, self.made_at = 0.0, monotonic_s()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def is_silent(self) -> bool:
        """Whether the peer has neither closed nor said anything since the last answer."""
        if self._closing or self._transport.is_closing() or self._poll.poll(0):
            self.close()
            return False
        return True

    def carry(self, request: Request) -> None:
        """Send a request."""
        self._request, request.carrier = request, self
        self._transport.write(self._exchange.target.message)

    def data_received(self, data: bytes) -> None:
        """Read the answer; bytes nobody asked for end the connection."""
        heard = monotonic_s()  # what it takes us to read them is nobody's latency
        if self._request is None:
            self.close()
            return
        try:
            if self._answer is None and (whole := read_whole(data)) is not None:
                self._done("", heard, whole)
                return
            self._answer = self._answer or Answer()
            self._answer.feed(data)
        except BadAnswer:
            self._done("invalid", heard)
            self.abort()
            return
        if self._answer.complete:
            self._done("", heard)

    def connection_lost(self, error: Exception | None) -> None:
        """Say what the peer's closing means for the request on its way, if there is one."""
        self._closing = True
        if self._request is None:
            return
        if self._answer is not None:
            self._answer.end()
        is_complete = self._answer is not None and self._answer.complete
        self._done("" if is_complete else failure_of(error) if isinstance(error, OSError) else "closed")

    def close(self) -> None:
        """Carry nothing more."""
        self._closing = True
        self._transport.close()

    def abort(self) -> None:
        """Close without waiting for what is still to be written."""
        self._request, self._closing = None, True
        self._transport.abort()

    def _done(self, failure: str, ended: float = 0.0, whole: Head | None = None) -> None:
        request, answer, self._request, self._answer = self._request, whole or self._answer, None, None
        assert request is not None
        if answer is not None:
            request.status, request.headers = answer.status, answer.headers
        self._exchange.finish(request, failure, ended)
        if answer is not None and not failure and answer.keep_alive and not self._closing:
            self._exchange.release(self, request.ended)
        else:
            self.close()


def _raise_what_it_raised(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.result()


def origin_of(headers: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """What an answer says of where it came from, in the order of `ORIGINS`; "" where it does not."""
    return _decoded(*map(headers.get, ORIGIN_HEADERS))


@lru_cache(1024)
def _decoded(*told: bytes | None) -> tuple[str, ...]:
    return tuple((one or b"").decode("latin-1") for one in told)


def failure_of(error: OSError) -> str:
    """The kind of failure an error of the socket is."""
    return next(kind for classes, kind in FAILURES if isinstance(error, classes))
