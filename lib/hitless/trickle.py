"""Redacts what comes in pieces, line by line: a line that may end within a secret waits for the next."""

from __future__ import annotations

from hitless.redaction import Redactor


class Trickle:
    """A stream of text on its way to a terminal."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor, self._held = redactor, ""

    def feed(self, text: str) -> str:
        """Take a piece; give the lines that can be said."""
        self._held += text
        ready = self._redactor.open_end(self._held[: self._held.rfind("\n") + 1])
        ready = self._held.rfind("\n", 0, ready) + 1
        said, self._held = self._held[:ready], self._held[ready:]
        return self._redactor.redact_text(said)

    def flush(self) -> str:
        """Give the rest: nothing more comes."""
        said, self._held = self._held, ""
        return self._redactor.redact_text(said)
