"""Where a message's body ends, found while it streams past."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

CHUNK_LINE_BYTES_MAX = 256
TRAILER_BYTES_MAX = 8 * 1024
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,12})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
TRAILER_START = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z\r]")
TRAILER = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*+\r\n")


class BadChunk(ValueError):
    """A chunked body that can't be read in one way only."""


class TooLarge(ValueError):
    """A body longer than the limit."""


class Body(ABC):
    """Feed what arrives; `done` once the last byte was seen."""

    __slots__ = ()
    chunked = False
    done = False

    @abstractmethod
    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Split what arrived into the body's content, without any framing, and what follows the body."""


class Length(Body):
    """As many bytes as Content-Length says."""

    __slots__ = ("done", "left")

    def __init__(self, length: int) -> None:
        self.left = length
        self.done = length == 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """See `Body.feed`."""
        if len(data) < self.left:
            self.left -= len(data)
            return data, b""
        content, rest = (data, b"") if len(data) == self.left else (data[: self.left], data[self.left :])
        self.left, self.done = 0, True
        return content, rest


class UntilClose(Body):
    """Everything until the connection ends; responses only."""

    __slots__ = ()

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """See `Body.feed`."""
        return data, b""


class Chunks(Body):
    """Transfer-Encoding: chunked. Extensions and trailers are read and dropped.

    Args:
        bytes_max: Content longer than this is refused.
    """

    __slots__ = ("_in_trailer", "_left", "_line", "_room", "done")
    chunked = True

    def __init__(self, bytes_max: int | None = None) -> None:
        self._line = b""  # of a size line or of the trailer, so far
        self._left = 0  # of this chunk, with the line end after it
        self._in_trailer = False
        self._room = bytes_max
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """See `Body.feed`.

        Raises:
            BadChunk: Wrong framing.
            TooLarge: More than `bytes_max`.
        """
        content: list[bytes] = []
        while data and not self.done:
            if self._left:
                data = self._inside(data, content)
            elif self._in_trailer:
                data = self._trailer(data)
            else:
                data = self._size_line(data)
        return b"".join(content), data

    def _inside(self, data: bytes, content: list[bytes]) -> bytes:
        piece, rest = data[: self._left], data[self._left :]
        before, self._left = self._left, self._left - len(piece)
        body = piece[: max(0, before - 2)]
        if body:
            content.append(body)
        ending = piece[len(body) :]
        if ending != b"\r\n"[-before:][: len(ending)]:
            raise BadChunk("no line end after a chunk")
        return rest

    def _size_line(self, data: bytes) -> bytes:
        line, found, rest = (self._line + data).partition(b"\r\n")
        if len(line) > CHUNK_LINE_BYTES_MAX:
            raise BadChunk("chunk line too long")
        if not found:
            self._line = line
            if b"\n" in line:
                raise BadChunk("bare LF")
            return b""
        matched = CHUNK_LINE.fullmatch(line)
        if matched is None:
            raise BadChunk("chunk size")
        self._line = b""
        self._open(int(matched[1], 16))
        return rest

    def _open(self, size: int) -> None:
        if size == 0:
            self._in_trailer = True
            return
        if self._room is not None:
            self._room -= size
            if self._room < 0:
                raise TooLarge
        self._left = size + 2

    def _trailer(self, data: bytes) -> bytes:
        block = self._line + data
        end = 2 if block[:2] == b"\r\n" else block.find(b"\r\n\r\n") + 4
        if end == 3:  # not found yet
            if len(block) > TRAILER_BYTES_MAX or TRAILER_START.match(block) is None:
                raise BadChunk("trailer")
            self._line = block
            return b""
        if end > TRAILER_BYTES_MAX or TRAILER.fullmatch(block[:end]) is None:
            raise BadChunk("trailer")
        self._line, self.done = b"", True
        return block[end:]
