"""Send single requests over keep-alive connections, each within a time limit and never twice.

A connection that lies idle may be closed by the server at any time; that is no failure of anybody. So a request is put
only on a connection that says nothing: one the peer has closed already, even if the loop was held and has not heard of
it, is passed over. What remains, a peer that closes as the request leaves, is counted as "closed" or "reset".
Clients that retry would hide it; this one does not. Connections idle for four seconds are closed from our side, well
before a load balancer (60 s) or a web server (75 s) would; busy ones after ten, so that the probe also sees whether new
connections are taken. Each request wakes this process twice, with cold caches: so here and in `hitless.connection` what
must come first is done in the fewest steps.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from hitless.answer import HEADS_MAX, Head
from hitless.clock import monotonic_s
from hitless.connection import Connection
from hitless.errors import Refused
from hitless.samples import ORIGINS

IDLE_S_MAX = 4.0
UNDER_WAY_MAX = 10_000
LATE_S = 0.25e-3  # of a hundred requests ninety-nine leave within 0.2 ms
ORIGIN_HEADERS = tuple(f"x-hitless-{name}".encode() for name in ORIGINS)
OnDone = Callable[[float, float, float, str, Head | None], None]
"""Of a request: when it was meant to leave, when it left, when its outcome was there (monotonic seconds); the kind of
its failure, "" where it succeeded; the head of its answer, if one came."""


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
        under_way: The connections that carry a request, or are opened for one, in the order in which these were sent.
        under_way_max: How many they may be: a request too many is "unsent", as is one that is late by the timeout.
        idle: The connections that carry none; the one that is so for the shortest time is the last.
        last_answer, last_head: The last small answer that came whole, for the next is most often the same.
    """

    def __init__(self, target: Target, timeout_s: float, on_done: OnDone) -> None:
        self.target, self._timeout_s, self.on_done = target, timeout_s, on_done
        self.under_way: dict[Connection, None] = {}
        self.under_way_max = UNDER_WAY_MAX
        self.idle: list[Connection] = []
        self.last_answer, self.last_head = b"", None

    def send(self, intended: float, now: float) -> None:
        """Put a request on a silent connection, or on a new one.

        What a peer said before the request was meant to leave, the loop has heard. What it said since is asked for only
        where that is long ago, for asking costs a twentieth of a request.
        """
        late_s = now - intended
        while self.idle and late_s <= self._timeout_s:
            connection = self.idle.pop()
            is_over = connection.closing or connection.transport.is_closing()
            if is_over or (late_s > LATE_S and connection.unheard.poll(0)):
                connection.close()
                continue
            connection.ask()  # all else can wait: what comes before is latency
            connection.intended, connection.sent, connection.is_asked = intended, now, True
            self.under_way[connection] = None
            return
        if late_s <= self._timeout_s and len(self.under_way) < self.under_way_max:
            Connection(self, intended, now).open()
        else:
            self.on_done(intended, now, now, "unsent", None)

    @property
    def oldest(self) -> Connection | None:
        """The one whose request is under way for the longest time."""
        return next(iter(self.under_way), None)

    def sweep(self) -> float:
        """Fail what is over its time, and close what lay idle too long.

        Returns:
            The monotonic second before which nothing else will be over its time.
        """
        now = monotonic_s()
        while (oldest := self.oldest) and now - oldest.intended >= self._timeout_s:
            oldest.finish("timeout", now)
            oldest.cancel()
        while self.idle and now - self.idle[0].idle_since > IDLE_S_MAX:
            self.idle.pop(0).close()
        return (oldest.intended if oldest else now) + self._timeout_s


@lru_cache(HEADS_MAX)
def origin_of(head: Head | None) -> tuple[str, ...]:
    """What an answer says of where it came from, in the order of `ORIGINS`; "" where it does not."""
    return tuple((head.headers.get(name, b"") if head else b"").decode("latin-1") for name in ORIGIN_HEADERS)
