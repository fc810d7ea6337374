"""Stands before the lab's HTTP server and lets in only what can be read in one way, in time, and within limits.

The server's own parser forgives what RFC 9112 lets it forgive, and waits for ever. So the load balancer's parser reads
first: what it refuses never reaches the server; what it lets in goes on byte for byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from awslab.dataplane.answers import answer
from awslab.dataplane.bodies import BadChunk, Body, TooLarge
from awslab.dataplane.heads import end_of_request_head
from awslab.dataplane.syntax import Malformed, parse_request

HEAD_S_MAX = 10.0  # real seconds from a connection's or request's first moment to the end of its head
BODY_S_MIN, BODY_BYTES_PER_S = 10.0, 16 * 1024  # a body may take that long, and as long as at that rate
CHECK_S = 1.0
LINGER_S = 0.5  # real seconds in which a client may read why it is sent away
CONNECTIONS_MAX = 1000
POISON = b"\0\r\n\r\n"  # no server reads this as a head: it answers what came before, then 400, and closes


class Doorkeeper:
    """The connections of one server.

    Args:
        serve: Makes the protocol that answers; each connection gets its own.
        body_bytes_max: A request with more is refused before it is read.
        now: Lab time, for the date of an answer.
    """

    def __init__(self, serve: Callable[[], asyncio.Protocol], body_bytes_max: int, now: Callable[[], float]) -> None:
        self.serve, self.body_bytes_max, self.now = serve, body_bytes_max, now
        self.open = 0

    def __call__(self) -> Guard:
        """One more connection."""
        return Guard(self)


class Guard(asyncio.Protocol):
    """One connection; everything that is not refused is the inner protocol's."""

    def __init__(self, keeper: Doorkeeper) -> None:
        self._keeper, self._inner = keeper, keeper.serve()
        self._loop = asyncio.get_running_loop()
        self._buffer, self._body = b"", None
        self._heads = 0  # that were let in
        self._refused = False
        self._waits_for_head = True
        self._since = self._loop.time()
        self._read_bytes = 0  # of this body

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See asyncio.Protocol."""
        self._transport = transport
        self._keeper.open += 1
        self._inner.connection_made(transport)
        self._timer = self._loop.call_later(CHECK_S, self._check_time)
        if self._keeper.open > CONNECTIONS_MAX:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._refused:
            return
        if not self._buffer and self._body is None:
            self._since, self._waits_for_head = self._loop.time(), True
        self._buffer += data
        try:
            while self._buffer and self._step():
                pass
            if self._buffer and self._body is None and not self._waits_for_head:  # the next head has begun already
                self._since, self._waits_for_head = self._loop.time(), True
        except Malformed as bad:
            self._refuse(bad.status)
        except TooLarge:
            self._refuse(413)
        except BadChunk:
            self._refuse(400)

    def eof_received(self) -> bool | None:
        """See asyncio.Protocol."""
        return self._inner.eof_received()

    def connection_lost(self, why: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._keeper.open -= 1
        self._timer.cancel()
        self._inner.connection_lost(why)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._inner.resume_writing()

    # ---- reading

    def _step(self) -> bool:
        return self._take_head() if self._body is None else self._take_body(self._body)

    def _take_head(self) -> bool:
        end = end_of_request_head(self._buffer)
        if not end:
            return False
        head, self._buffer = self._buffer[:end], self._buffer[end:]
        framing = parse_request(head).framing
        if framing.length > self._keeper.body_bytes_max:
            raise TooLarge
        self._body, self._read_bytes = framing.body(self._keeper.body_bytes_max), 0
        self._since, self._waits_for_head = self._loop.time(), False
        self._heads += 1
        self._inner.data_received(head)
        return True

    def _take_body(self, body: Body) -> bool:
        data = self._buffer
        _, self._buffer = body.feed(data)
        read = data[: len(data) - len(self._buffer)]
        self._read_bytes += len(read)
        if body.done:
            self._body = None
            self._since, self._waits_for_head = self._loop.time(), bool(self._buffer)
        self._inner.data_received(read)
        return not self._transport.is_closing()

    # ---- sending away

    def _check_time(self) -> None:
        waited = self._loop.time() - self._since
        slow_body = self._body is not None and waited > BODY_S_MIN + self._read_bytes / BODY_BYTES_PER_S
        if slow_body or (self._waits_for_head and waited > HEAD_S_MAX):
            self._refuse(408)
        self._timer = self._loop.call_later(CHECK_S, self._check_time)

    def _refuse(self, status: int) -> None:
        """Say why, if nothing that came before is still to be answered, and close."""
        if self._refused:
            return
        self._refused, alone = True, self._heads == (self._body is not None)
        self._buffer = b""
        if alone:
            self._transport.write(answer(status, self._keeper.now(), close=True, head_only=False))
            self._transport.write_eof()
            self._loop.call_later(LINGER_S, self._transport.abort)
        elif self._body is None:
            self._inner.data_received(POISON)
        else:
            self._transport.abort()
