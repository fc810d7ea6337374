"""What a process printed, never more than twice a limit, and when each piece of it came."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

BYTES_MAX = 2**20
END = "end"
TOGETHER_S = 0.05  # lab seconds: what comes so soon after something else came with it


class LogFile:
    """Appends to a file; when it is full, it becomes `<name>.1` and a new one begins.

    Given a clock, `<name>.times` says in rows from which byte on, of all that were printed, what followed came when. A
    last row `<bytes> end` says that nothing more will come.

    Args:
        path: Where.
        bytes_max: Most bytes in one file and its times together.
        now: Lab time.
    """

    def __init__(self, path: Path, bytes_max: int = BYTES_MAX, now: Callable[[], float] | None = None) -> None:
        self._path, self._bytes_max, self._now = path, bytes_max, now
        self._size = self._total = 0
        self._open()

    def write(self, data: bytes) -> None:
        """Append."""
        kept = data[-self._bytes_max :]
        dropped = len(data) - len(kept)
        if dropped or (self._size and self._size + len(kept) > self._bytes_max):
            self._total += dropped
            self._turn_over()
        self._note_time()
        self._size += self._file.write(kept)
        self._total += len(kept)

    def end(self) -> None:
        """Nothing more comes."""
        if self._times is not None and not self._times.closed:
            self._times.write(f"{self._total} {END}\n".encode())
        self.close()

    def close(self) -> None:
        """Let go of the file; in another process somebody goes on with it."""
        self._file.close()
        if self._times is not None:
            self._times.close()

    def _open(self) -> None:
        self._file, self._size, self._noted = self._path.open("wb", buffering=0), 0, float("-inf")
        self._times = None if self._now is None else times_of(self._path).open("wb", buffering=0)
        self._note_time()

    def _turn_over(self) -> None:
        self.close()
        self._path.replace(before(self._path))
        if self._times is not None:
            times_of(self._path).replace(times_of(before(self._path)))
        self._open()

    def _note_time(self) -> None:
        """Say when what follows came, unless it came with what was before."""
        if self._times is None or self._now() - self._noted < TOGETHER_S:
            return
        self._noted = self._now()
        self._size += self._times.write(f"{self._total} {self._noted}\n".encode())


def times_of(path: Path) -> Path:
    """The file beside a log that says when."""
    return path.with_name(f"{path.name}.times")


def before(path: Path) -> Path:
    """What a full file is called."""
    return path.with_name(f"{path.name}.1")
