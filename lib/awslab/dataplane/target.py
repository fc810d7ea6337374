"""One target: where it is, who may send to it, and the connections to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from awslab.dataplane.exchange import Exchange
    from awslab.dataplane.upstream import Upstream


class Target:
    """An endpoint (id, port) and its connections; shared by every target group it is registered in."""

    __slots__ = ("exchanges", "groups", "host_gone", "idle", "is_starting", "loopback_port", "port", "target_id")

    def __init__(self, target_id: str, port: int) -> None:
        self.target_id, self.port = target_id, port
        self.loopback_port = 0  # 0: nothing is there, a connection is refused
        self.is_starting = False  # a process is there, and no check has waited for it to listen
        self.host_gone = False  # nothing answers, not even with a reset
        self.groups: set[str] = set()  # whose new requests may come here
        self.idle: list[Upstream] = []  # last used last
        self.exchanges: set[Exchange] = set()  # open now

    def take_idle(self) -> Upstream | None:
        """A connection kept alive, the one used last."""
        while self.idle:
            upstream = self.idle.pop()
            if not upstream.transport.is_closing():
                return upstream
        return None

    def keep(self, upstream: Upstream) -> None:
        """Keep a connection for later requests, if there will be any."""
        if self.groups and self.loopback_port == upstream.loopback_port and not self.host_gone:
            self.idle.append(upstream)
        else:
            upstream.transport.close()

    def leave(self, target_group_arn: str) -> None:
        """A group sends no new requests here."""
        self.groups.discard(target_group_arn)
        if not self.groups:
            self.close_idle()

    def close_idle(self) -> None:
        """Close what carries no request."""
        idle, self.idle = self.idle, []
        for upstream in idle:
            upstream.transport.close()

    def cut(self, target_group_arn: str) -> None:
        """End what is still open for a group in a 502."""
        for exchange in tuple(self.exchanges):
            if exchange.target_group_arn == target_group_arn:
                exchange.fail(502)
