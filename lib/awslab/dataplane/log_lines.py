"""Reads what a `LogFile` keeps, line by line, each with the time it came."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from awslab.dataplane.log_file import END, before, times_of

LINE_BYTES_MAX = 2**18  # AWS: of one log event; a longer line becomes several


@dataclass(frozen=True, slots=True)
class Line:
    """One line that was printed.

    Attributes:
        ends_at: How many bytes had been printed when it ended: where to go on reading.
        at: Lab time at which its end came.
        text: Without its newline.
    """

    ends_at: int
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """The content of one file: where it begins, when what came, whether it is all."""

    begins_at: int
    data: bytes
    came: tuple[tuple[int, float], ...] = ()
    ended: bool = False


def read_lines(path: Path, since: int = 0) -> Iterator[Line]:
    """The lines that are still kept and end behind `since`; an unfinished one only when nothing more will come.

    Args:
        path: A `LogFile`'s that keeps times.
        since: `ends_at` of the last line seen.
    """
    piece = _joined(_read(before(path)), _read(path))
    starts = [total for total, _ in piece.came]
    start = max(0, since - piece.begins_at)
    while start < len(piece.data):
        stop = piece.data.find(b"\n", start, start + LINE_BYTES_MAX) + 1 or start + LINE_BYTES_MAX
        if stop > len(piece.data):
            if not piece.ended:
                return
            stop = len(piece.data)
        ends_at = piece.begins_at + stop
        _, at = piece.came[bisect_left(starts, ends_at) - 1]  # the last to begin before its last byte
        yield Line(ends_at, at, piece.data[start:stop].rstrip(b"\r\n").decode(errors="replace"))
        start = stop


def _read(path: Path) -> _Piece:
    try:
        rows = [row.split() for row in times_of(path).read_text().splitlines(keepends=True) if row.endswith("\n")]
        data = path.read_bytes()
    except FileNotFoundError:
        return _Piece(0, b"")
    came = tuple((int(total), float(at)) for total, at in rows if at != END)
    return _Piece(came[0][0], data, came, rows[-1][1] == END) if came else _Piece(0, b"")


def _joined(first: _Piece, second: _Piece) -> _Piece:
    if not first.came or first.begins_at + len(first.data) != second.begins_at:
        return second
    return _Piece(first.begins_at, first.data + second.data, first.came + second.came, second.ended)
