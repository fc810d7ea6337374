"""One client's connection: reads its requests one after the other, and never more than it may."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from awslab.dataplane.answers import CONTINUE, GATEWAY_TIMEOUT, REQUEST_TIMEOUT, UNAVAILABLE, answer
from awslab.dataplane.bodies import BadChunk, Body, TooLarge
from awslab.dataplane.exchange import Exchange
from awslab.dataplane.heads import SMALL_BYTES_MAX, take_request, take_small_request
from awslab.dataplane.syntax import BODY_BYTES_MAX, Malformed, Request
from awslab.dataplane.transports import let_read, write

if TYPE_CHECKING:
    from awslab.dataplane.balancer import Balancer, Listener

LINGER_S = 1.0  # real seconds in which a client that is sent away may read why
LINGER_BYTES_MAX = 2**20
# What is read next: a head, a body, nothing until this request is answered, what is thrown away as the client was sent
# away. No Enum: Python 3.11 takes a tenth of a microsecond to find a member, and a request asks ten times.
HEAD, BODY, ANSWER, LINGER = "head", "body", "answer", "linger"
PIPELINED_BYTES_MAX = 64 * 1024
LOOPBACK = re.compile(rb"127\.0\.0\.1|\[::1\]|localhost|(?:[a-z0-9-]+\.)+(?:localhost|elb\.amazonaws\.com)")


def may_name(host: bytes) -> bool:
    """Whether a request may name this host: no page of the internet can make its name look like these."""
    return LOOPBACK.fullmatch(host) is not None


class Downstream(asyncio.Protocol):
    """A keep-alive connection of a client to a listener."""

    def __init__(self, balancer: Balancer, listener: Listener) -> None:
        self.balancer, self.listener = balancer, listener
        self.transport: asyncio.Transport = None
        self.keep_alive = True
        self._state = HEAD
        self._since = balancer.loop.time()  # when this state began
        self._buffer = b""
        self._body: Body | None = None
        self._head_only = False
        self._exchange: Exchange | None = None
        self._choked = False  # the client reads too slowly
        self._may_upload = self._may_pipeline = True
        self._advancing = False
        self._lingered = 0

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See asyncio.Protocol."""
        self.transport = transport
        peer = transport.get_extra_info("peername")  # None when it has hung up already
        self.address = peer[0].encode() if peer else b""
        if not self.balancer.admit(self):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._buffer:
            self._buffer += data
        elif self._state is LINGER:
            self._lingered += len(data)
            if self._lingered > LINGER_BYTES_MAX:
                self.transport.abort()
            return
        else:
            self._buffer = data
            if self._state is HEAD:
                self._since = self.balancer.loop.time()
        self._advance()

    def connection_lost(self, _why: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.listener.clients.discard(self)
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            exchange.client_lost()

    def pause_writing(self) -> None:
        """See asyncio.Protocol: the client reads slowly, so the target must wait."""
        self._choked = True
        if self._exchange is not None and self._exchange.upstream is not None:
            let_read(self._exchange.upstream.transport, False)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._choked = False
        if self._exchange is not None and self._exchange.upstream is not None:
            self._exchange.touched = self.balancer.loop.time()
            let_read(self._exchange.upstream.transport, True)
        self._advance()

    # ---- what an exchange says

    def finished(self) -> None:
        """The answer is written."""
        self._exchange = None
        if self._state is BODY:  # the target answered before it had read everything
            self._linger()
        elif not self.keep_alive:
            self.transport.close()
        else:
            self._ready()
            if self._buffer:
                self._advance()

    def failed(self, status: int) -> None:
        """The load balancer has to answer itself."""
        self._exchange = None
        self._answer(status)
        self._advance()

    def abort(self) -> None:
        """The answer can't be completed: end it so that nobody takes it for whole."""
        self._exchange = None
        self.transport.abort()

    def let_upload(self, may: bool) -> None:
        """Whether the target can take more of the request's body."""
        self._may_upload = may
        self._read_or_not()

    def check_time(self, now: float) -> None:
        """Do what the timeouts ask for."""
        if now <= self.deadline:
            return
        if self._state is LINGER:
            self.transport.abort()
        elif self._exchange is not None:
            slow_client = self._state is BODY and self._may_upload
            self._exchange.fail(REQUEST_TIMEOUT if slow_client else GATEWAY_TIMEOUT)
        elif self._buffer:
            self._refuse(REQUEST_TIMEOUT)
        else:
            self.transport.close()

    @property
    def deadline(self) -> float:
        """Until when this may go on as it is, by the loop's time."""
        if self._state is LINGER:
            return self._since + LINGER_S
        if self._exchange is not None:
            return self._exchange.touched + self.listener.idle_s
        if self._buffer:
            return self._since + min(self.balancer.head_s_max, self.listener.keep_alive_s)
        return self._since + self.listener.keep_alive_s

    def close_when_idle(self) -> None:
        """The listener is gone: answer what is open, then leave."""
        self.keep_alive = False
        if self._exchange is None:
            self.transport.close()

    # ---- reading

    def _advance(self) -> None:
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._buffer and not self.transport.is_closing() and self._step():
                pass
        finally:
            self._advancing = False

    def _step(self) -> bool:
        if self._state is HEAD:
            return not self._choked and self._take_head()
        if self._state is BODY:
            return self._take_body()
        if self._state is ANSWER and self._may_pipeline and len(self._buffer) > PIPELINED_BYTES_MAX:
            self._may_pipeline = False
            self._read_or_not()
        return False

    def _take_head(self) -> bool:
        take = take_small_request if len(self._buffer) <= SMALL_BYTES_MAX else take_request
        try:
            taken = take(self._buffer, may_name)
        except Malformed as bad:
            self._refuse(bad.status)
            return False
        if taken is None:
            return False
        request, self._buffer = taken
        self._begin(request)
        return True

    def _take_body(self) -> bool:
        data, self._buffer = self._buffer, b""
        try:
            content, self._buffer = self._body.feed(data)
        except (BadChunk, TooLarge) as bad:
            self._exchange.fail(413 if isinstance(bad, TooLarge) else 400)
            return False
        if self._body.done:
            self._state = ANSWER
        self._exchange.upload(content, last=self._body.done)
        return True

    def _begin(self, request: Request) -> None:
        self.keep_alive = self.keep_alive and request.keep_alive
        self._head_only = request.method == b"HEAD"
        self._state = ANSWER
        if request.has_body:
            self._state, self._body = BODY, request.framing.body(BODY_BYTES_MAX)
        arn, target = self.balancer.router.choose(self.listener.arn)
        if target is None:
            self.balancer.count_unrouted(self.listener.arn, UNAVAILABLE)
            self._answer(UNAVAILABLE)
            return
        if request.expects_continue and self._body is not None:
            write(self.transport, CONTINUE)
        head = self.balancer.head_for_target(request, self)
        self._exchange = Exchange(self, request, head, arn, target)
        self._exchange.start()

    # ---- answering

    def _refuse(self, status: int) -> None:
        """Not a request to go on after."""
        self.balancer.count_unrouted(self.listener.arn, status)
        self.keep_alive = False
        self._answer(status)

    def _answer(self, status: int) -> None:
        close = not self.keep_alive or self._state is BODY
        write(self.transport, answer(status, self.balancer.now(), close=close, head_only=self._head_only))
        if close:
            self._linger()
        else:
            self._ready()

    def _ready(self) -> None:
        """Read the next request."""
        self._state, self._since, self._body = HEAD, self.balancer.loop.time(), None
        self._head_only = False
        if not (self._may_pipeline and self._may_upload):
            self._may_pipeline = self._may_upload = True
            self._read_or_not()

    def _linger(self) -> None:
        """Close, but let the client read first: closing over unread input would reset the connection."""
        if self.transport.is_closing():
            return
        self._state, self._since, self._buffer = LINGER, self.balancer.loop.time(), b""
        self._may_pipeline = self._may_upload = True
        self._read_or_not()
        self.transport.write_eof()

    def _read_or_not(self) -> None:
        let_read(self.transport, self._may_pipeline and self._may_upload)
