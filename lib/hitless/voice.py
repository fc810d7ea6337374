"""What a notebook says, on a terminal: each line indented once, none empty, long blocks folded."""

from __future__ import annotations

import os
import re
import sys
from typing import IO, Any

from hitless.redaction import Redactor
from hitless.trickle import Trickle

INDENT = "  "
FOLD_ABOVE = 24  # lines of one block: a plan of seventy resources belongs into the notebook, not between two sentences
FOLD_TO = 8
WIDTH = 140  # of a line of an object's repr
ANSI = re.compile(r"\x1b\[[0-9;]*m")


INTERRUPTS = ("KeyboardInterrupt", "CancelledError")


class Voice:
    """Prints the outputs of cells as they come.

    Args:
        out: Where to; standard output by default.
        where: Says where the rest of a folded block is.
        redactor: Takes secrets out of everything that is said; by default what looks like one.
    """

    def __init__(self, where: str, out: IO[str] | None = None, redactor: Redactor | None = None) -> None:
        self._where, self._out = where, out or sys.stdout
        self._redactor = redactor or Redactor({})
        self._trickle, self._rest = Trickle(self._redactor), ""

    def hear(self, output: Any) -> None:
        """Take one output of a cell, as nbformat knows them."""
        if output.output_type == "stream":
            text = self._rest + self._trickle.feed("".join(output.text))
            text, newline, self._rest = text.rpartition("\n")
            self._say(text + newline)
            return
        self.end()
        if output.output_type == "error":
            self._say(_told(output), fold=False)
        elif output.output_type == "execute_result":
            self._say("\n".join(map(_clipped, "".join(output.data.get("text/plain", "")).splitlines())))

    def end(self) -> None:
        """The cell has ended; what it said last may have no newline."""
        rest, self._rest = self._rest + self._trickle.flush(), ""
        self._say(rest)

    def _say(self, text: str, fold: bool = True) -> None:
        text = self._redactor.redact_text(text)
        lines = [line.rstrip() for line in ANSI.sub("", text).splitlines() if line.strip()]
        if fold and len(lines) > FOLD_ABOVE:
            left = len(lines) - FOLD_TO
            lines = [*lines[:FOLD_TO], f"… {left} more lines, in {self._where}"]
        try:
            for line in lines:
                print(INDENT + line, file=self._out, flush=True)
        except BrokenPipeError:  # as in `| head`; a change is not left half done because nobody listens any more
            mute(self._out)


def mute(out: IO[str]) -> None:
    """Let everything that is still said there go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)


def _clipped(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 2]} …"


def _told(error: Any) -> str:
    """An error as it is to be read; whoever interrupted a step knows why it ended."""
    if error.ename in INTERRUPTS:
        return f"{error.ename}: the step was told to stop, and did"
    return "\n".join(error.traceback)
