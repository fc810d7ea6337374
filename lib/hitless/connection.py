"""One connection of the probe's pool: it is opened, asked and heard; what became of its request, it tells."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING, cast

from hitless.answer import SMALL_BYTES_MAX, Answer, BadAnswer, Head, read_whole
from hitless.clock import monotonic_s

if TYPE_CHECKING:
    from hitless.exchange import Exchange

AGE_S_MAX = 10.0
FAILURES = (
    (ConnectionRefusedError, "refused"),
    ((ConnectionResetError, BrokenPipeError), "reset"),
    (ssl.SSLError, "tls"),
    (socket.gaierror, "dns"),
    (TimeoutError, "timeout"),
    (OSError, "connect"),
)


class Connection(asyncio.Protocol):
    """One connection, opened for a request and carrying at most one at a time.

    Attributes:
        intended: When the request it was given last was meant to leave, monotonic seconds.
        sent: When that left.
        is_asked: Whether it waits for an answer.
        idle_since: When it had its last one.
        closing: Whether it may carry nothing more.
        ask: Sends the request.
        unheard: To be polled for what the peer has said or done and the loop may not have heard of.
    """

    transport: asyncio.Transport | None = None

    def __init__(self, exchange: Exchange, intended: float, now: float) -> None:
        self._exchange = exchange
        self.intended, self.sent = intended, now
        self.idle_since = self._made_at = now
        self.is_asked = self.closing = False
        self._opening: asyncio.Task[None] | None = None
        self._answer: Answer | None = None  # that comes in pieces
        self.unheard = select.poll()

    def open(self) -> None:
        """Connect, then send the request it was made for."""
        self._exchange.under_way[self] = None
        self._opening = asyncio.get_running_loop().create_task(self._open())
        self._opening.add_done_callback(_raise_what_it_raised)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn the transport."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self.ask = partial(self.transport.write, self._exchange.target.message)
        self.unheard.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Read the answer; bytes nobody asked for end the connection."""
        heard = monotonic_s()  # what it takes us to read them is nobody's latency
        if not self.is_asked:
            self.close()
            return
        exchange = self._exchange
        try:
            is_last_again = data == exchange.last_answer and self._answer is None
            head = exchange.last_head if is_last_again else self._read(data)
        except BadAnswer:
            self.finish("invalid", heard, self._answer and self._answer.head)
            self.cancel()
            return
        if head is None:
            return
        self._answer = None
        self.finish("", heard, head)
        if head.keep_alive and not self.closing and heard - self._made_at <= AGE_S_MAX:
            self.idle_since = heard
            exchange.idle.append(self)
        else:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Say what the peer's closing means for the request on its way, if there is one."""
        self.closing = True
        if not self.is_asked:
            return
        answer = self._answer or Answer()
        answer.end()
        failure = "" if answer.complete else failure_of(error) if isinstance(error, OSError) else "closed"
        self.finish(failure, monotonic_s(), answer.head)

    def finish(self, failure: str, ended: float, head: Head | None = None) -> None:
        """Tell the outcome of the request under way, which was there at `ended`."""
        exchange = self._exchange
        del exchange.under_way[self]
        self.is_asked = False
        exchange.on_done(self.intended, self.sent, ended, failure or (head.failure if head else ""), head)

    def close(self) -> None:
        """Carry nothing more."""
        self.closing = True
        self.transport.close()

    def cancel(self) -> None:
        """Close without waiting for what is still to be written, or to be opened."""
        self.is_asked, self.closing = False, True
        if self._opening:
            self._opening.cancel()
        if self.transport:
            self.transport.abort()

    async def _open(self) -> None:
        loop, target = asyncio.get_running_loop(), self._exchange.target
        try:
            await loop.create_connection(lambda: self, target.host, target.port, ssl=target.tls)
        except OSError as error:
            self.finish(failure_of(error), monotonic_s())
            return
        if self.closing or self.transport.is_closing():
            self.finish("closed", monotonic_s())
        else:
            self.ask()
            self.is_asked = True

    def _read(self, data: bytes) -> Head | None:
        """Take a piece of the answer; returns its head when it was the last."""
        if self._answer is None and len(data) <= SMALL_BYTES_MAX and (head := read_whole(data)):
            self._exchange.last_answer, self._exchange.last_head = data, head
            return head
        self._answer = self._answer or Answer()
        self._answer.feed(data)
        return self._answer.head if self._answer.complete else None


def _raise_what_it_raised(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.result()


def failure_of(error: OSError) -> str:
    """The kind of failure an error of the socket is."""
    return next(kind for classes, kind in FAILURES if isinstance(error, classes))
