"""What a task printed, never more than twice a limit."""

from __future__ import annotations

from pathlib import Path

BYTES_MAX = 2**20


class LogFile:
    """Appends to a file; when it is full, it becomes `<name>.1` and a new one begins.

    Args:
        path: Where.
        bytes_max: Most bytes in one file.
    """

    def __init__(self, path: Path, bytes_max: int = BYTES_MAX) -> None:
        self._path, self._bytes_max = path, bytes_max
        self._size = 0
        self._file = path.open("wb", buffering=0)

    def write(self, data: bytes) -> None:
        """Append."""
        if self._size + len(data) > self._bytes_max and self._size:
            self._file.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file, self._size = self._path.open("wb", buffering=0), 0
        self._size += self._file.write(data[-self._bytes_max :])

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()
