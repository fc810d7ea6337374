"""What an Application Load Balancer adds to a request before a target sees it."""

from __future__ import annotations

import random
from functools import lru_cache

from awslab.dataplane.syntax import HEADS_REMEMBERED, Request


def head_for_target(request: Request, client: bytes, port: int, trace_id: bytes) -> bytes:
    """The head to send on."""
    told = fields_for_target(request.onward, request.forwarded_for, client, port)
    return b"%bX-Amzn-Trace-Id: %b\r\n\r\n" % (told, trace_id)


@lru_cache(HEADS_REMEMBERED)
def fields_for_target(onward: bytes, forwarded_for: bytes, client: bytes, port: int) -> bytes:
    """A request's line and fields, with who sent it.

    AWS: the client's address is appended to X-Forwarded-For (`xff_header_processing.mode` append, the default); the
    protocol and port are the load balancer's own word, whatever the client claimed.

    Args:
        onward: The line and fields that go on as they came.
        forwarded_for: What the client sent as X-Forwarded-For.
        client: The client's address.
        port: The listener's configured port.
    """
    came_by = b"%b, %b" % (forwarded_for, client) if forwarded_for else client
    return b"%bX-Forwarded-For: %b\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: %d\r\n" % (onward, came_by, port)


def trace_id(told: bytes, now: float, rng: random.Random) -> bytes:
    """X-Amzn-Trace-Id: a Root of our own, or a Self beside the one that came.

    Args:
        told: What the client sent, or empty.
        now: Lab time, seconds since the epoch.
        rng: Where the ids come from.
    """
    own = b"1-%08x-%024x" % (int(now), rng.getrandbits(96))
    if not told or b"Root=" not in told:
        return b"Root=" + own
    fields = [field for field in told.split(b";") if field and not field.startswith(b"Self=")]
    return b";".join([b"Self=" + own, *fields])
