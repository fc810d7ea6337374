"""One request, from its head until its last byte went back: who asked, who answers, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from awslab.clock import stopwatch
from awslab.dataplane.answers import BAD_GATEWAY, CLIENT_CLOSED
from awslab.dataplane.syntax import CHUNKED, Request, Response
from awslab.dataplane.transports import write

if TYPE_CHECKING:
    from awslab.dataplane.downstream import Downstream
    from awslab.dataplane.target import Target
    from awslab.dataplane.upstream import Upstream


class Exchange:
    """Passes one request up and its response down; ends exactly once, and is then counted.

    Nothing is ever sent twice: a target that fails is what the client is to see.

    Args:
        client: Where the request came from.
        request: Its head.
        head: The head to send on.
        target_group_arn: The group it was counted to.
        target: Who is to answer.
    """

    __slots__ = (
        "_began", "_pending", "_response_time_s", "_status",
        "client", "head", "over", "request", "target", "target_group_arn", "touched", "uploaded", "upstream",
    )  # fmt: skip

    def __init__(
        self, client: Downstream, request: Request, head: bytes, target_group_arn: str, target: Target
    ) -> None:
        self.client, self.request, self.head = client, request, head
        self.target_group_arn, self.target = target_group_arn, target
        self.upstream: Upstream | None = None
        self.uploaded = not request.has_body
        self.over = False
        self.touched = client.balancer.loop.time()  # when something last moved, for the idle timeout
        self._pending: list[bytes] = []  # of the body, until there is a connection
        self._status = 0  # of the target's response, once its head went to the client
        self._began = self._response_time_s = 0.0

    def start(self) -> None:
        """Send the head over an idle connection, or over a new one."""
        self.target.exchanges.add(self)
        upstream = self.target.take_idle()
        if upstream is not None:
            self.connected(upstream)
        else:
            self.client.balancer.connect(self)

    def connected(self, upstream: Upstream) -> None:
        """There is a connection: send what there is."""
        if upstream.transport.is_closing():  # it broke before anybody was told of it
            self.fail(BAD_GATEWAY)
            return
        self.upstream = upstream
        self._began = stopwatch()
        upstream.begin(self, self.head)
        if self._pending:
            write(upstream.transport, b"".join(self._pending))
            self._pending.clear()
            self.client.let_upload(True)

    def upload(self, content: bytes, *, last: bool) -> None:
        """Send on a piece of the request's body, without its framing."""
        self.touched = self.client.balancer.loop.time()
        self.uploaded = last
        if self.request.framing.chunked:
            content = framed(content, last)
        if not content:
            return
        if self.upstream is not None:
            write(self.upstream.transport, content)
        else:
            self._pending.append(content)
            self.client.let_upload(False)

    def respond(self, response: Response) -> bytes:
        """The target's head came; the head for the client."""
        self._status = response.status
        self._response_time_s = stopwatch() - self._began
        head, is_old = response.onward, self.request.old
        if not (response.is_length_told or response.framing.empty):
            if is_old:
                self.client.keep_alive = False
            else:
                head += CHUNKED
        if not self.client.keep_alive:
            head += b"Connection: close\r\n"
        elif is_old:
            head += b"Connection: keep-alive\r\n"
        return head + b"\r\n"

    def finish(self, reusable: bool) -> None:
        """The response's last byte went to the client; whether its connection may carry another."""
        upstream = self._end()
        self.client.balancer.count_target(self, self._status, self._response_time_s)
        if reusable and self.uploaded:
            self.target.keep(upstream)
        else:
            upstream.transport.close()
        self.client.finished()

    def fail(self, status: int, *, connection_error: bool = False) -> None:
        """Answer `status`, or cut the answer off if it is under way already."""
        if self.over:
            return
        upstream = self._end()
        self.client.balancer.count_failure(self, status, connection_error)
        if upstream is not None:
            upstream.transport.abort()
        if self._status:
            self.client.abort()
        else:
            self.client.failed(status)

    def client_lost(self) -> None:
        """Nobody waits for the answer any more."""
        upstream = self._end()
        self.client.balancer.count_failure(self, CLIENT_CLOSED, False)
        if upstream is not None:
            upstream.transport.abort()

    def _end(self) -> Upstream | None:
        assert not self.over
        self.over = True
        self.target.exchanges.discard(self)
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.exchange = None
        return upstream


def framed(content: bytes, last: bool) -> bytes:
    """Content as a chunk, and the end of all chunks after the last."""
    chunk = b"%x\r\n%b\r\n" % (len(content), content) if content else b""
    return chunk + b"0\r\n\r\n" if last else chunk
