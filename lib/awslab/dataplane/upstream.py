"""One connection to a target: sends a request, reads its response, is kept for the next."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from awslab.dataplane.answers import BAD_GATEWAY
from awslab.dataplane.bodies import BadChunk, Body, UntilClose
from awslab.dataplane.exchange import Exchange, framed
from awslab.dataplane.heads import SMALL_BYTES_MAX, take_response, take_small_response
from awslab.dataplane.syntax import Malformed
from awslab.dataplane.transports import write

if TYPE_CHECKING:
    from awslab.dataplane.target import Target


class Upstream(asyncio.Protocol):
    """A keep-alive connection; `exchange` is None while it idles."""

    def __init__(self, loop: asyncio.AbstractEventLoop, target: Target) -> None:
        self._loop, self._target = loop, target
        self.loopback_port = target.loopback_port
        self.transport: asyncio.Transport = None
        self.exchange: Exchange | None = None
        self.idle_since = 0.0
        self._buffer = b""
        self._in_body = False
        self._body: Body | None = None
        self._chunked_out = False
        self._reusable = False

    def begin(self, exchange: Exchange, head: bytes) -> None:
        """Send a request's head; the connection is open."""
        self.exchange, self._in_body = exchange, False
        self.transport.write(head)

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See asyncio.Protocol."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        exchange = self.exchange
        if exchange is None:  # it says something nobody asked for: whatever follows could be taken for an answer
            self.transport.abort()
            return
        exchange.touched = self._loop.time()
        try:
            if self._in_body:
                self._read_body(exchange, data, b"")
            else:
                self._read_head(exchange, self._buffer + data if self._buffer else data)
        except (Malformed, BadChunk):
            exchange.fail(BAD_GATEWAY)

    def eof_received(self) -> None:
        """See asyncio.Protocol: asyncio closes the connection, as it sends nothing more anyway."""
        if self.exchange is not None and self._in_body and isinstance(self._body, UntilClose):
            self._finish(self.exchange, b"" if not self._chunked_out else framed(b"", True), b"eof")

    def connection_lost(self, _why: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self.exchange is not None:
            if not self._target.host_gone:  # a host that is gone sends no reset: this request waits for its timeout
                self.exchange.fail(BAD_GATEWAY)
        elif self in self._target.idle:
            self._target.idle.remove(self)

    def pause_writing(self) -> None:
        """See asyncio.Protocol: the target reads slowly."""
        if self.exchange is not None:
            self.exchange.client.let_upload(False)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if self.exchange is not None:
            self.exchange.touched = self._loop.time()
            self.exchange.client.let_upload(True)

    # ---- reading

    def _read_head(self, exchange: Exchange, data: bytes) -> None:
        take = take_small_response if len(data) <= SMALL_BYTES_MAX else take_response
        taken = take(data, exchange.request.method)
        if taken is None:
            self._buffer = data
            return
        self._buffer = b""
        response, rest = taken
        if response.status < 200:
            if response.status == 101:
                raise Malformed("nobody asked for an upgrade", BAD_GATEWAY)
            if rest:
                self._read_head(exchange, rest)
            return
        framing, head = response.framing, exchange.respond(response)
        self._reusable = response.keep_alive
        if framing.is_all(rest):  # as most answers come
            self._finish(exchange, head + rest, b"")
            return
        self._in_body, self._body = True, framing.body()
        self._chunked_out = (framing.chunked or framing.until_close) and not exchange.request.old
        self._read_body(exchange, rest, head)

    def _read_body(self, exchange: Exchange, data: bytes, head: bytes) -> None:
        """Send on what came; `head` goes first, in the same write."""
        body = self._body
        if body is None:
            self._finish(exchange, head, data)
            return
        content, rest = body.feed(data)
        if self._chunked_out:
            content = framed(content, body.done)
        if body.done:
            self._finish(exchange, head + content, rest)
        elif head or content:
            write(exchange.client.transport, head + content)

    def _finish(self, exchange: Exchange, last: bytes, rest: bytes) -> None:
        """Send the last of the answer; `rest` came behind it, unasked."""
        if last:
            write(exchange.client.transport, last)
        self.idle_since = self._loop.time()
        exchange.finish(self._reusable and not rest)
