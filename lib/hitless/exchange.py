"""Send single requests over keep-alive connections, each within a time limit and never twice.

A connection that lies idle may be closed by the server at any time; that is no failure of anybody. So a request is put
only on a connection that says nothing: one the peer has closed already, even if the loop was held and has not heard of
it, is passed over. What remains, a peer that closes as the request leaves, is counted as "closed" or "reset".
Clients that retry would hide it; this one does not. Connections idle for four seconds are closed from our side, well
before a load balancer (60 s) or a web server (75 s) would; busy ones after ten, so that the probe also sees whether new
connections are taken.
"""

from __future__ import annotations

import asyncio
import math
import select
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast
from urllib.parse import urlsplit

from hitless.answer import HEADS_MAX, SMALL_BYTES_MAX, Answer, BadAnswer, Head, read_whole
from hitless.clock import monotonic_s
from hitless.errors import Refused
from hitless.samples import ORIGINS

IDLE_S_MAX = 4.0
AGE_S_MAX = 10.0
LATE_S = 0.25e-3  # of a hundred requests ninety-nine leave within 0.2 ms
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
    """One request and, once it has `ended`, what became of it; times are monotonic seconds."""

    ended = 0.0
    failure = ""
    head: Head | None = None
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

    Attributes:
        under_way: The requests that have not ended, in the order in which they were sent.
        idle: The connections that carry none; the one that is so for the shortest time is the last.
    """

    def __init__(self, target: Target, timeout_s: float, on_done: Callable[[Request], None]) -> None:
        self.target, self._timeout_s, self._on_done = target, timeout_s, on_done
        self.under_way: dict[Request, None] = {}
        self.idle: list[Connection] = []

    def send(self, request: Request) -> None:
        """Put a request on a silent connection, or on a new one."""
        while self.idle:
            if self.idle.pop().carry(request):
                break
        else:
            request.carrier = asyncio.get_running_loop().create_task(self._open(request))
            request.carrier.add_done_callback(_raise_what_it_raised)
        self.under_way[request] = None  # now only, for what comes before the bytes leave is latency

    def finish(self, request: Request, failure: str, ended: float, head: Head | None = None) -> None:
        """Take the outcome of a request, which was there at `ended`; only the first one counts."""
        if request.ended:
            return
        del self.under_way[request]
        if head is not None and not failure and not 200 <= head.status < 400:
            failure = f"{head.status // 100}xx"
        request.failure, request.ended, request.head, request.carrier = failure, ended, head, None
        self._on_done(request)

    @property
    def oldest(self) -> Request | None:
        """The request that is under way for the longest time."""
        return next(iter(self.under_way), None)

    def sweep(self) -> float:
        """Fail what is over its time, and close what lay idle too long.

        Returns:
            The monotonic second at which it is to be called again; infinite when nothing is under way or idle.
        """
        now = monotonic_s()
        while (oldest := self.oldest) and now - oldest.intended >= self._timeout_s:
            carrier = oldest.carrier
            self.finish(oldest, "timeout", now)
            if carrier is not None:
                carrier.cancel()
        while self.idle and now - self.idle[0].idle_since > IDLE_S_MAX:
            self.idle.pop(0).close()
        over_at = oldest.intended + self._timeout_s if oldest else math.inf
        return min(over_at, self.idle[0].idle_since + IDLE_S_MAX) if self.idle else over_at

    async def _open(self, request: Request) -> None:
        loop, target = asyncio.get_running_loop(), self.target
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(self), target.host, target.port, ssl=target.tls
            )
        except OSError as error:
            self.finish(request, failure_of(error), monotonic_s())
            return
        if not connection.carry(request):
            self.finish(request, "closed", monotonic_s())


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

    def carry(self, request: Request) -> bool:
        """Send a request, unless the peer has closed or said anything since the last answer; whether that was done.

        What the peer said before the request was meant to leave, the loop has heard. What it said since is asked for
        only where that is long ago, for asking costs a twentieth of a request.
        """
        is_late = request.sent - request.intended > LATE_S
        if self._closing or self._transport.is_closing() or (is_late and self._poll.poll(0)):
            self.close()
            return False
        self._transport.write(self._exchange.target.message)
        self._request, request.carrier = request, self
        return True

    def data_received(self, data: bytes) -> None:
        """Read the answer; bytes nobody asked for end the connection."""
        heard = monotonic_s()  # what it takes us to read them is nobody's latency
        request = self._request
        if request is None:
            self.close()
            return
        try:
            is_usual = self._answer is None and len(data) <= SMALL_BYTES_MAX
            head = (read_whole(data) if is_usual else None) or self._read(data)
        except BadAnswer:
            self._exchange.finish(request, "invalid", heard, self._answer and self._answer.head)
            self.cancel()
            return
        if head is None:
            return
        self._request = self._answer = None
        self._exchange.finish(request, "", heard, head)
        if head.keep_alive and not self._closing and heard - self.made_at <= AGE_S_MAX:
            self.idle_since = heard
            self._exchange.idle.append(self)
        else:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Say what the peer's closing means for the request on its way, if there is one."""
        self._closing = True
        request, self._request = self._request, None
        if request is None:
            return
        answer = self._answer or Answer()
        answer.end()
        failure = "" if answer.complete else failure_of(error) if isinstance(error, OSError) else "closed"
        self._exchange.finish(request, failure, monotonic_s(), answer.head)

    def close(self) -> None:
        """Carry nothing more."""
        self._closing = True
        self._transport.close()

    def cancel(self) -> None:
        """Close without waiting for what is still to be written."""
        self._request, self._closing = None, True
        self._transport.abort()

    def _read(self, data: bytes) -> Head | None:
        """Take a piece of the answer; returns its head when it was the last."""
        self._answer = self._answer or Answer()
        self._answer.feed(data)
        return self._answer.head if self._answer.complete else None


def _raise_what_it_raised(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.result()


@lru_cache(HEADS_MAX)
def origin_of(head: Head | None) -> tuple[str, ...]:
    """What an answer says of where it came from, in the order of `ORIGINS`; "" where it does not."""
    return tuple((head.headers.get(name, b"") if head else b"").decode("latin-1") for name in ORIGIN_HEADERS)


def failure_of(error: OSError) -> str:
    """The kind of failure an error of the socket is."""
    return next(kind for classes, kind in FAILURES if isinstance(error, classes))
