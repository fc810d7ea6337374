"""The record a run leaves behind: one JSON line per fact, on disk before it is drawn or acted on.

Each line is canonical JSON (sorted keys, no spaces, UTF-8) that ends in `,"hash":"…"}`. The hash is the SHA-256 of the
bytes of the line before that ending, and `prev` inside them is the hash of the line above. So one changed byte, one
lost or one moved line shows, with nothing but `sha256sum`. Cutting whole lines off the end does not: whoever keeps the
journal must keep its head (the last hash) elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from hitless.clock import Clock
from hitless.durable import fsync_folder
from hitless.errors import NotRecorded, Refused

GENESIS = "0" * 64


class BadJournal(Refused):
    """A journal does not hold together; `line` is the first bad one, counted from 1."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        self.path, self.line, self.why = path, line, why
        do = "trust nothing from this line on; compare with the copy kept elsewhere"
        super().__init__(f"{path.name} is not as it was written.", seen={"first bad line": line, "why": why}, do=do)


@dataclass(frozen=True)
class Entry:
    """One line: the `n`-th fact, of a `kind`, `at` an AWS time in epoch seconds."""

    n: int
    at: float
    kind: str
    facts: Mapping[str, Any]
    prev: str
    hash: str = field(default="")


class Journal:
    """An append-only file with one writer, fsynced per entry.

    Args:
        path: The file; made when missing, continued when there. A last line cut short by a crash was never
            acknowledged: it is taken off, and the next entry (`journal.mended`) says how much that was.
        clock: Stamps each entry with AWS time.
        redact: Takes secrets out of an entry's facts before they are written; when it raises, nothing is.

    Raises:
        Refused: Another process is writing to it.
        BadJournal: It is there and does not hold together.
    """

    def __init__(self, path: str | Path, clock: Clock, redact: Callable[[Any], Any] = lambda facts: facts) -> None:
        self.path, self._clock, self._redact = Path(path), clock, redact
        self._lock = threading.Lock()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            self._claim()
            torn = self._take_off_torn_tail()
            last = [Entry(0, 0.0, "", {}, "", GENESIS), *read(self.path)][-1]
        except BaseException:
            os.close(self._fd)
            raise
        self._n, self.head = last.n, last.hash
        fsync_folder(self.path.parent)
        if torn:
            self.append("journal.mended", bytes_dropped=len(torn), sha256=hashlib.sha256(torn).hexdigest())

    def append(self, kind: str, /, *, at: float | None = None, **facts: Any) -> Entry:
        """Write one fact; when this returns, the fact survives a power cut.

        Args:
            kind: What sort of fact: "window", "capacity", "weights", "event", "phase", "limit", "intent", "result" …
            at: When it was so, epoch seconds of AWS time; the clock's now by default.
            **facts: Anything JSON holds. NaN and infinity are refused with `ValueError`.

        Raises:
            NotRecorded: The disk is full or broken; nothing of the fact is in the file.
        """
        facts = self._redact(facts)
        return _uninterrupted(lambda: self._append(kind, at, facts))

    def _append(self, kind: str, at: float | None, facts: dict[str, Any]) -> Entry:
        with self._lock:
            at = round(self._clock.now() if at is None else at, 6)
            body = canonical({"n": self._n + 1, "at": at, "kind": kind, "facts": facts, "prev": self.head})
            line, digest = _seal(body)
            self._write(line)
            entry = Entry(self._n + 1, at, kind, json.loads(body)["facts"], self.head, digest)
            self._n, self.head = entry.n, digest
        return entry

    def _write(self, line: bytes) -> None:
        """All of it or nothing: half a line left behind would make the next one unreadable."""
        whole = os.fstat(self._fd).st_size
        try:
            _write_all(self._fd, line)
            os.fsync(self._fd)
        except OSError as why:
            os.ftruncate(self._fd, whole)
            seen = {"journal": self.path, "why": why.strerror, "whole until line": self._n}
            do = "make room, then hitless run --resume: what was begun is looked for first"
            raise NotRecorded("The journal cannot be written, so nothing more is done.", seen=seen, do=do) from why

    def close(self) -> None:
        """Let the next writer in. Closing twice is harmless."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _claim(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            do = "wait for the run that writes to it, or give this run a file of its own"
            raise Refused("The journal has a writer already.", seen={"journal": self.path}, do=do) from None

    def _take_off_torn_tail(self) -> bytes:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.ftruncate(self._fd, whole)
            os.fsync(self._fd)
        return content[whole:]


def _uninterrupted(act: Callable[[], Entry]) -> Entry:
    """Do something in a thread of its own: Ctrl-C, which only the main thread gets, cannot cut it in two.

    An interrupt between the write and the new head would let the next line follow a line that is not the last; one
    between a lock and its block would keep the lock.
    """
    with ThreadPoolExecutor(1, "journal") as thread:
        try:
            doing = thread.submit(act)
        except RuntimeError:  # Python is ending: there are no threads any more, and no interrupts
            return act()
        return doing.result()


def canonical(value: Any) -> bytes:
    """The one way to write a value as JSON: sorted keys, no spaces, UTF-8, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def read(path: str | Path, *, torn_tail_ok: bool = False) -> list[Entry]:
    """Read every entry, checking the chain.

    Args:
        path: The journal file.
        torn_tail_ok: Leave out a last line that has no end (the writer died in it) instead of raising.

    Raises:
        BadJournal: A line was changed, lost, moved or cut; `.line` is the first such.
        FileNotFoundError: There is no such file.
    """
    return list(walk(path, torn_tail_ok=torn_tail_ok))


def walk(path: str | Path, *, torn_tail_ok: bool = False) -> Iterator[Entry]:
    """As `read`, one entry at a time: what is before the first bad line is yielded before `BadJournal` is raised."""
    path, head = Path(path), GENESIS
    lines = path.read_bytes().split(b"\n")
    torn = lines.pop()
    for n, line in enumerate(lines, 1):
        entry = _parse(path, n, line)
        if (entry.n, entry.prev) != (n, head):
            raise BadJournal(path, n, "it does not follow the line above")
        head = entry.hash
        yield entry
    if torn and not torn_tail_ok:
        raise BadJournal(path, len(lines) + 1, "it has no end: the writer died in it, or it was cut")


def _parse(path: Path, n: int, line: bytes) -> Entry:
    body = line[: -len(_ending(GENESIS))] + b"}"
    if _seal(body)[0] != line + b"\n":
        raise BadJournal(path, n, "its hash does not match its bytes")
    return Entry(**json.loads(line))


def _seal(body: bytes) -> tuple[bytes, str]:
    digest = hashlib.sha256(body[:-1]).hexdigest()
    return body[:-1] + _ending(digest) + b"\n", digest


def _ending(digest: str) -> bytes:
    return f',"hash":"{digest}"}}'.encode()


def _write_all(fd: int, line: bytes) -> None:
    while line:
        line = line[os.write(fd, line) :]
