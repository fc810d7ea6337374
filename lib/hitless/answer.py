"""Read one HTTP/1.1 answer as its bytes come; no sockets here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

HEAD_BYTES_MAX = 65_536
NO_BODY = {204, 304}
HEADS_MAX = 64  # many answers of a second have the very same head, if not body: it need not be read again
SMALL_BYTES_MAX = 4_096  # of an answer whose very bytes are kept to be known again


class BadAnswer(ValueError):
    """What came is not HTTP."""


class Answer:
    """One answer that comes in pieces: `head` once that is there, `complete` once the body is.

    An answer without a length ends with the connection: tell it so by `end`.
    """

    def __init__(self) -> None:
        self.head: Head | None = None
        self.complete = False
        self._buffer = b""
        self._left: int | None = None
        self._in_trailer = False

    def feed(self, data: bytes) -> None:
        """Take what came; raises `BadAnswer` when it cannot be HTTP."""
        self._buffer += data
        while not self.head and b"\r\n\r\n" in self._buffer:
            lines, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            head = read_head(lines)
            if head.status >= 200:  # else 100 Continue, 103 Early Hints: the answer is yet to come
                self.head, self._left = head, head.length
        if not self.head:
            if len(self._buffer) > HEAD_BYTES_MAX or not b"HTTP/1.".startswith(self._buffer[:7]):
                raise BadAnswer(f"not an HTTP answer: {self._buffer[:40]!r}")
            return
        self._read_body(self.head)

    def end(self) -> None:
        """The peer closed: a body without a length is complete now."""
        if self.head and self._left is None and not self.head.is_chunked:
            self.complete = True

    def _read_body(self, head: Head) -> None:
        if head.is_chunked:
            self._read_chunks()
        elif self._left is not None:
            taken = min(self._left, len(self._buffer))
            self._left -= taken
            self._buffer = self._buffer[taken:]
            self.complete = self._left == 0
        else:
            self._buffer = b""
        if self.complete and self._buffer:
            self.head = replace(head, keep_alive=False)  # bytes nobody asked for

    def _read_chunks(self) -> None:
        """Walk the chunks; `_left` is what the present one lacks, its own line end included."""
        while not self.complete:
            if self._left:
                taken = min(self._left, len(self._buffer))
                self._left -= taken
                self._buffer = self._buffer[taken:]
                if self._left:
                    return
            line, end, rest = self._buffer.partition(b"\r\n")
            if not end:
                return
            self._buffer = rest
            if self._in_trailer:
                self.complete = not line
            else:
                self._start_chunk(line)

    def _start_chunk(self, line: bytes) -> None:
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise BadAnswer(f"not a chunk size: {line[:40]!r}") from None
        self._in_trailer = size == 0
        self._left = size + 2 if size else 0


@dataclass(frozen=True, eq=False, slots=True)
class Head:
    """What an answer's head says.

    Attributes:
        status: 100 to 999.
        headers: By their names in small letters.
        keep_alive: Whether the connection may carry another request.
        is_chunked: Whether the body comes in chunks.
        length: Bytes of the body; None when it ends with the connection, or is chunked.
        failure: "" of a 2xx and a 3xx, else its class, as in "5xx".
    """

    status: int
    headers: Mapping[bytes, bytes]
    keep_alive: bool
    is_chunked: bool
    length: int | None
    failure: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "failure", "" if 200 <= self.status < 400 else f"{self.status // 100}xx")


@lru_cache(HEADS_MAX)
def read_whole(data: bytes) -> Head | None:
    """Read an answer that came whole, with nothing behind it, as most do; None when it must be fed to an `Answer`."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = read_head(data[:end])
    return head if head.length == len(data) - end - 4 and head.status >= 200 else None


@lru_cache(HEADS_MAX)
def read_head(head: bytes) -> Head:
    """Read a head without its empty line; raises `BadAnswer` when it is none."""
    first, *lines = head.split(b"\r\n")
    version, status = _read_first(first)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    connection = headers.get(b"connection", b"").lower()
    keep_alive = connection != b"close" and (version != b"HTTP/1.0" or connection == b"keep-alive")
    if status in NO_BODY:
        return Head(status, headers, keep_alive, False, 0)
    is_chunked = headers.get(b"transfer-encoding", b"").lower().endswith(b"chunked")
    length = None if is_chunked else _read_length(headers)
    return Head(status, headers, keep_alive and (is_chunked or length is not None), is_chunked, length)


def _read_first(line: bytes) -> tuple[bytes, int]:
    parts = line.split(b" ", 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or len(parts[1]) != 3 or not parts[1].isdigit():
        raise BadAnswer(f"not an HTTP status line: {line[:40]!r}")
    return parts[0], int(parts[1])


def _read_length(headers: Mapping[bytes, bytes]) -> int | None:
    length = headers.get(b"content-length")
    if length is not None and not length.isdigit():
        raise BadAnswer(f"not a length: {length[:40]!r}")
    return None if length is None else int(length)
