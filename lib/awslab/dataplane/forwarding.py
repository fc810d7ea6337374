"""What an Application Load Balancer adds to a request before a target sees it."""

from __future__ import annotations

import random

from awslab.dataplane.syntax import Request


def head_for_target(request: Request, client: bytes, port: int, trace_id: bytes) -> bytes:
    """The head to send on.

    AWS: the client's address is appended to X-Forwarded-For (`xff_header_processing.mode` append, the default); the
    protocol and port are the load balancer's own word, whatever the client claimed.

    Args:
        request: As it was read.
        client: The client's address.
        port: The listener's configured port.
        trace_id: X-Amzn-Trace-Id.
    """
    came_by = b"%b, %b" % (request.forwarded_for, client) if request.forwarded_for else client
    return (
        b"%bX-Forwarded-For: %b\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: %d\r\nX-Amzn-Trace-Id: %b\r\n\r\n"
    ) % (request.onward, came_by, port, trace_id)


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
