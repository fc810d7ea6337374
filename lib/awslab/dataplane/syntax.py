"""Reads the heads of HTTP/1 messages, strictly: what two readers could read in two ways is refused.

Refused are whatever RFC 9112 lets a server guess about: bare LF, folded lines, spaces before colons, control bytes, two
lengths, a length beside a transfer coding, any coding but `chunked`, absolute and authority targets. What comes out has
lost its hop-by-hop fields and can be sent on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from awslab.dataplane.bodies import Body, Chunks, Length, UntilClose

TARGET_BYTES_MAX = 8 * 1024
FIELDS_MAX = 100
BODY_BYTES_MAX = 2**30
HEADS_REMEMBERED = 128  # clients and targets say the same over and over; reading it anew is a third of the work

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
VALUE = rb"[\t\x20-\x7e\x80-\xff]*+"
FIELDS = rb"((?:" + TOKEN + rb":" + VALUE + rb"\r\n)*+)\r\n"
REQUEST = re.compile(rb"(" + TOKEN + rb") ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])\r\n" + FIELDS)
RESPONSE = re.compile(rb"HTTP/1\.([01]) (([1-5][0-9][0-9])(?: " + VALUE + rb")?)\r\n" + FIELDS)
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*([^\r]*)\r\n")
CHUNKED = b"Transfer-Encoding: chunked\r\n"
TARGET = re.compile(rb"/(?:[!$&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]|{}^]|%[0-9A-Fa-f]{2})*+")
DIGITS = re.compile(rb"[0-9]{1,18}")
UNTOLD_HOST = b"Host: localhost\r\n"  # of the HTTP/1.0 client that does not say
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-]+)(?::[0-9]{1,5})?")

HOP_BY_HOP = (b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer")
OURS = frozenset(HOP_BY_HOP) | {
    b"connection", b"content-length", b"expect", b"host", b"http2-settings", b"transfer-encoding", b"upgrade",
    b"x-amzn-trace-id", b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto",
}  # fmt: skip
THEIRS = frozenset(HOP_BY_HOP) | {b"connection", b"content-length", b"transfer-encoding", b"upgrade"}
END_TO_END = frozenset({b"host", b"content-length", b"transfer-encoding", b"authorization", b"cookie", b"expect"})


class Malformed(ValueError):
    """Not HTTP/1 as it must be; `status` is what a client is told of a request like this."""

    def __init__(self, what: str, status: int = 400) -> None:
        self.status = status
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Framing:
    """How a message's body is delimited; the default is no body."""

    length: int = 0
    chunked: bool = False
    until_close: bool = False

    @property
    def empty(self) -> bool:
        """There is no body."""
        return not (self.length or self.chunked or self.until_close)

    def is_all(self, data: bytes) -> bool:
        """`data` is a whole body, and nothing but."""
        return len(data) == self.length and not (self.chunked or self.until_close)

    def body(self, bytes_max: int | None = None) -> Body | None:
        """A reader for one body; None when there is none to read."""
        if self.chunked:
            return Chunks(bytes_max)
        if self.until_close:
            return UntilClose()
        return Length(self.length) if self.length else None


NO_BODY = Framing()


@dataclass(frozen=True, slots=True)
class Request:
    """A request's head; `onward` is its line and fields as they are to be sent on, each with its line end."""

    method: bytes
    onward: bytes
    framing: Framing
    has_body: bool
    keep_alive: bool
    old: bool  # HTTP/1.0
    expects_continue: bool
    forwarded_for: bytes
    trace_id: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """A response's head; `onward` is its line and fields as they are to be sent on, each with its line end."""

    status: int
    onward: bytes
    framing: Framing
    keep_alive: bool
    is_length_told: bool  # also where there is no body


@lru_cache(HEADS_REMEMBERED)
def parse_request(head: bytes, host_allowed: Callable[[bytes], bool] = lambda host: True) -> Request:
    """Read a head that ends in an empty line.

    Args:
        head: All of it.
        host_allowed: Whether a Host (lower case, without port) may be asked here.

    Raises:
        Malformed: With the status to answer.
    """
    matched = REQUEST.fullmatch(head)
    if matched is None:
        raise Malformed("no request head")
    method, target, major, minor, block = matched.groups()
    if major != b"1" or minor not in b"01":
        raise Malformed("version", 505)
    _check_target(method, target)
    kept, own = _split(block, OURS)
    host = _host(own, minor, host_allowed)
    options = _connection_options(own)
    framing = _request_framing(own, minor)
    length = b"Content-Length: %d\r\n" % framing.length if b"content-length" in own else b""
    if b"websocket" in own.get(b"upgrade", b"").lower():
        raise Malformed("the lab's load balancer upgrades no connection")
    expects = own.get(b"expect", b"").lower()
    if expects not in (b"", b"100-continue"):
        raise Malformed("expectation", 417)
    return Request(
        method=method,
        onward=b"%b %b HTTP/1.1\r\n%b%b%b"
        % (method, target, host, _joined(kept, options), CHUNKED if framing.chunked else length),
        framing=framing,
        has_body=not framing.empty,
        keep_alive=b"close" not in options and (minor == b"1" or b"keep-alive" in options),
        old=minor == b"0",
        expects_continue=bool(expects) and minor == b"1",
        forwarded_for=own.get(b"x-forwarded-for", b""),
        trace_id=own.get(b"x-amzn-trace-id", b""),
    )


@lru_cache(HEADS_REMEMBERED)
def parse_response(head: bytes, method: bytes = b"GET") -> Response:
    """Read a head that ends in an empty line.

    Args:
        head: All of it.
        method: What was asked; decides whether there is a body.

    Raises:
        Malformed: A client is to see 502.
    """
    matched = RESPONSE.fullmatch(head)
    if matched is None:
        raise Malformed("no response head", 502)
    minor, line, status_digits, block = matched.groups()
    status = int(status_digits)
    kept, own = _split(block, THEIRS)
    options = _connection_options(own)
    length = own.get(b"content-length")
    framing = _response_framing(own, minor)
    if method == b"HEAD" or status in (204, 304) or status < 200:
        framing = NO_BODY
    keep_alive = b"close" not in options and (minor == b"1" or b"keep-alive" in options)
    is_length_told = length is not None and status != 204 and status >= 200
    told = b"Content-Length: %b\r\n" % length if is_length_told else b""
    onward = b"HTTP/1.1 %b\r\n%b%b" % (line, _joined(kept, options), told)
    return Response(status, onward, framing, keep_alive and not framing.until_close, is_length_told)


def _check_target(method: bytes, target: bytes) -> None:
    if len(target) > TARGET_BYTES_MAX:
        raise Malformed("target too long", 414)
    if method in (b"CONNECT", b"TRACE"):
        raise Malformed("method", 405)
    if TARGET.fullmatch(target) is None and not (target == b"*" and method == b"OPTIONS"):
        raise Malformed("target")


def _split(block: bytes, special: frozenset[bytes]) -> tuple[list[tuple[bytes, bytes, bytes]], dict[bytes, bytes]]:
    """Fields to keep as (lower-case name, name, value), and those that mean something here by lower-case name."""
    kept, own = [], {}
    pairs = FIELD.findall(block)
    if len(pairs) > FIELDS_MAX:
        raise Malformed("too many fields", 431)
    for name, value in pairs:
        key = name.lower()
        if key not in special:
            kept.append((key, name, value))
        elif key not in own:
            own[key] = value.rstrip(b" \t")
        elif key in (b"host", b"content-length", b"transfer-encoding", b"expect"):
            raise Malformed("twice")
        else:
            own[key] += b", " + value.rstrip(b" \t")
    return kept, own


def _joined(kept: list[tuple[bytes, bytes, bytes]], options: frozenset[bytes] | set[bytes]) -> bytes:
    return b"".join([b"%b: %b\r\n" % (name, value) for key, name, value in kept if key not in options])


def _connection_options(own: dict[bytes, bytes]) -> frozenset[bytes] | set[bytes]:
    told = own.get(b"connection")
    if told is None:
        return frozenset()
    options = {option.strip(b" \t").lower() for option in told.split(b",")}
    if not options.isdisjoint(END_TO_END):  # it would make the next hop read another message
        raise Malformed("Connection names an end-to-end field")
    return options


def _host(own: dict[bytes, bytes], minor: bytes, host_allowed: Callable[[bytes], bool]) -> bytes:
    told = own.get(b"host")
    if told is None:
        if minor == b"1":
            raise Malformed("no Host")
        return UNTOLD_HOST
    matched = HOST.fullmatch(told)
    if matched is None:
        raise Malformed("Host")
    if not host_allowed(matched[1].lower()):
        raise Malformed("Host is not the lab's", 403)
    return b"Host: %b\r\n" % told


def _request_framing(own: dict[bytes, bytes], minor: bytes) -> Framing:
    coding = own.get(b"transfer-encoding")
    if coding is None:
        length = _length(own) or 0
        if length > BODY_BYTES_MAX:
            raise Malformed("body too large", 413)
        return Framing(length)
    if b"content-length" in own or minor == b"0":
        raise Malformed("two lengths")
    if coding.lower() != b"chunked":
        raise Malformed("coding", 501)
    return Framing(chunked=True)


def _response_framing(own: dict[bytes, bytes], minor: bytes) -> Framing:
    coding = own.get(b"transfer-encoding")
    if coding is None:
        length = _length(own)
        return Framing(until_close=True) if length is None else Framing(length)
    if b"content-length" in own or minor == b"0" or coding.lower() != b"chunked":
        raise Malformed("coding", 502)
    return Framing(chunked=True)


def _length(own: dict[bytes, bytes]) -> int | None:
    told = own.get(b"content-length")
    if told is None:
        return None
    if DIGITS.fullmatch(told) is None:
        raise Malformed("length", 413 if told.isdigit() else 400)
    return int(told)
