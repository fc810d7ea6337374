"""The one way by which an executed notebook reaches the disk: redacted, whole or not at all, synced.

papermill writes a notebook at its start, after each cell, now and then, and again at the end. All of it goes through
this handler when the output's address is the one that `guarded` gives.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from papermill.iorw import papermill_io

from hitless import durable
from hitless.errors import HitlessError
from hitless.notebook_redaction import redact_notebook
from hitless.redaction import NotRedacted, Redactor

SCHEME = "audit://"


class AuditIO:
    """papermill's handler of `audit://` addresses; refuses any that `guarded` did not give."""

    def __init__(self) -> None:
        self._redactors: dict[str, Redactor] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def guarded(self, path: Path, redactor: Redactor) -> Iterator[str]:
        """Give the address to write a notebook to, as long as the block lasts.

        Args:
            path: The file.
            redactor: Knows the run's secrets.
        """
        address = f"{SCHEME}{path.absolute()}"
        with self._lock:
            self._redactors[address] = redactor
        try:
            yield address
        finally:
            with self._lock:
                del self._redactors[address]

    def write(self, text: str, address: str) -> None:
        """Write a notebook without its secrets.

        Raises:
            NotRedacted: It could not be redacted, for whatever reason; what was there is still there.
        """
        try:
            content = clean(text, self._redactors[address])
        except HitlessError:
            raise
        except Exception as why:
            raise NotRedacted(
                "The executed notebook could not be redacted, so it was not written.",
                seen={"file": address.removeprefix(SCHEME), "why": type(why).__name__},
                do="what was written before is still there; report this as a bug",
            ) from why
        durable.replace(Path(address.removeprefix(SCHEME)), content)

    def read(self, address: str) -> str:
        """What is there."""
        return Path(address.removeprefix(SCHEME)).read_text(encoding="utf-8")

    def listdir(self, address: str) -> list[str]:
        """The files of a folder."""
        return sorted(str(path) for path in Path(address.removeprefix(SCHEME)).iterdir())

    def pretty_path(self, address: str) -> str:
        """The file, for people."""
        return address.removeprefix(SCHEME)


def clean(text: str, redactor: Redactor) -> bytes:
    """A notebook's JSON without secrets, in the form nbformat writes it.

    Raises:
        NotRedacted: A known secret would still be in it.
        ValueError: It is no JSON.
    """
    notebook: dict[str, Any] = json.loads(text)
    content = json.dumps(redact_notebook(notebook, redactor), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    redactor.require_clean(content)
    return content.encode()


audit_io = AuditIO()
papermill_io.register(SCHEME, audit_io)
guarded = audit_io.guarded
