"""Read one HTTP/1.1 answer as its bytes come; no sockets here."""

from __future__ import annotations

from functools import lru_cache

HEAD_BYTES_MAX = 65_536
NO_BODY = {204, 304}
KNOWN_MAX = 256  # lines: one answer's are nearly all those of the one before, and need not be read again


class BadAnswer(ValueError):
    """What came is not HTTP."""


class Answer:
    """One answer: `status` and `headers` once the head is there, `complete` once the body is.

    `keep_alive` says whether the connection may carry another request. An answer without a length ends with the
    connection: tell it so by `end`.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.complete = False
        self.keep_alive = True
        self._buffer = b""
        self._left: int | None = None
        self._chunked = self._in_trailer = False

    def feed(self, data: bytes) -> None:
        """Take what came; raises `BadAnswer` when it cannot be HTTP."""
        self._buffer += data
        while not self.status and b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._read_head(head)
        if not self.status:
            if len(self._buffer) > HEAD_BYTES_MAX or not b"HTTP/1.".startswith(self._buffer[:7]):
                raise BadAnswer(f"not an HTTP answer: {self._buffer[:40]!r}")
            return
        self._read_body()

    def end(self) -> None:
        """The peer closed: a body without a length is complete now."""
        if self.status and self._left is None and not self._chunked:
            self.complete = True
        self.keep_alive = False

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        version, status = _status(first)
        if status < 200:  # 100 Continue, 103 Early Hints: the answer is yet to come
            return
        self.status = status
        self.headers = dict(map(_field, lines))
        self._frame(version)

    def _frame(self, version: bytes) -> None:
        connection = self.headers.get(b"connection", b"").lower()
        self.keep_alive = connection != b"close" and (version != b"HTTP/1.0" or connection == b"keep-alive")
        self._chunked = self.headers.get(b"transfer-encoding", b"").lower().endswith(b"chunked")
        length = self.headers.get(b"content-length")
        if self.status in NO_BODY:
            self._left, self._chunked = 0, False
        elif not self._chunked and length is not None:
            if not length.isdigit():
                raise BadAnswer(f"not a length: {length[:40]!r}")
            self._left = int(length)

    def _read_body(self) -> None:
        if self._chunked:
            self._read_chunks()
        elif self._left is not None:
            taken = min(self._left, len(self._buffer))
            self._left -= taken
            self._buffer = self._buffer[taken:]
            self.complete = self._left == 0
        else:
            self._buffer = b""
        if self.complete and self._buffer:
            self.keep_alive = False  # bytes nobody asked for

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


@lru_cache(KNOWN_MAX)
def _status(line: bytes) -> tuple[bytes, int]:
    parts = line.split(b" ", 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or len(parts[1]) != 3 or not parts[1].isdigit():
        raise BadAnswer(f"not an HTTP status line: {line[:40]!r}")
    return parts[0], int(parts[1])


@lru_cache(KNOWN_MAX)
def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()
