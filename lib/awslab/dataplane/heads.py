"""Takes the heads of HTTP/1 messages out of what a connection has said so far."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from awslab.dataplane.syntax import (
    HEADS_REMEMBERED,
    TARGET_BYTES_MAX,
    Malformed,
    Request,
    Response,
    parse_request,
    parse_response,
)

HEAD_BYTES_MAX = 32 * 1024
SMALL_BYTES_MAX = 4096  # of what is remembered by its very bytes
END = b"\r\n\r\n"
FIRST_BYTES = frozenset(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
BARE_LF = re.compile(rb"(?<!\r)\n")


def end_of_request_head(data: bytes) -> int:
    """How many bytes the head has that `data` (not empty) begins with; 0 while it is not all there.

    Raises:
        Malformed: It can't become a head; with the status to answer.
    """
    end = data.find(END) + len(END)
    if len(END) <= end <= HEAD_BYTES_MAX:
        return end
    if len(data) > HEAD_BYTES_MAX:
        line = data.find(b"\r\n")
        raise Malformed("head too large", 414 if line < 0 or line > TARGET_BYTES_MAX + 32 else 431)
    if data[0] not in FIRST_BYTES or BARE_LF.search(data) or b"\0" in data:
        raise Malformed("no head")
    return 0


def take_request(data: bytes, host_allowed: Callable[[bytes], bool]) -> tuple[Request, bytes] | None:
    """The request whose head `data` begins with, and what follows the head; None while that is not all there.

    Raises:
        Malformed: With the status to answer.
    """
    end = end_of_request_head(data)
    return (parse_request(data[:end], host_allowed), data[end:]) if end else None


def take_response(data: bytes, method: bytes) -> tuple[Response, bytes] | None:
    """The response whose head `data` begins with, and what follows the head; None while that is not all there.

    Raises:
        Malformed: A client is to see 502.
    """
    end = data.find(END) + len(END)
    if len(END) <= end <= HEAD_BYTES_MAX:
        return parse_response(data[:end], method), data[end:]
    if len(data) > HEAD_BYTES_MAX:
        raise Malformed("response head too large", 502)
    return None


take_small_request = lru_cache(HEADS_REMEMBERED)(take_request)
take_small_response = lru_cache(HEADS_REMEMBERED)(take_response)
