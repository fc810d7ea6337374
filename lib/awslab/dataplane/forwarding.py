"""What an Application Load Balancer adds to a request before a target sees it."""

from __future__ import annotations

import random

from awslab.dataplane.syntax import Request


def head_for_target(request: Request, *, client: bytes, host: bytes, port: int, trace_id: bytes) -> bytes:
    """The head to send on.

    AWS: the client's address is appended to X-Forwarded-For (`xff_header_processing.mode` append, the default); the
    protocol and port are the load balancer's own word, whatever the client claimed.

    Args:
        request: As it was read.
        client: The client's address.
        host: Where it was asked, for the HTTP/1.0 client that does not say.
        port: The listener's configured port.
        trace_id: X-Amzn-Trace-Id.
    """
    came_by = b"%b, %b" % (request.forwarded_for, client) if request.forwarded_for else client
    fields = request.fields if not request.old or b"Host: " in request.fields else b"Host: %b\r\n" % host
    framing = b"Content-Length: %d\r\n" % request.framing.length if request.framing.length else b""
    if request.framing.chunked:
        framing = b"Transfer-Encoding: chunked\r\n"
    return (
        b"%b %b HTTP/1.1\r\n%b%bX-Forwarded-For: %b\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: %d\r\n"
        b"X-Amzn-Trace-Id: %b\r\n\r\n"
    ) % (request.method, request.target, fields, framing, came_by, port, trace_id)


def trace_id(told: bytes, now: float, rng: random.Random) -> bytes:
    """X-Amzn-Trace-Id: a Root of our own, or a Self beside the one that came.

    Args:
        told: What the client sent, or empty.
        now: Lab time, seconds since the epoch.
        rng: Where the ids come from.
    """
    own = b"1-%08x-%024x" % (int(now), rng.getrandbits(96))
    if b"Root=" not in told:
        return b"Root=" + own
    fields = [field for field in told.split(b";") if field and not field.startswith(b"Self=")]
    return b";".join([b"Self=" + own, *fields])
