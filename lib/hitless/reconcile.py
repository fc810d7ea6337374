"""What a pipeline does after its run, whichever way that ended: say what became of it, and leave nothing half-way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hitless import pack, runner
from hitless.ending import DONE, FAILED, read_past
from hitless.manifest import ENVELOPE
from hitless.past import Past
from hitless.request import FILE
from hitless.status import status
from hitless.undo import undo

RESUME, UNDO, REPORT = "resume", "undo", "report"
CUT_OFF = ("", "cancelled", "timeout", "kernel died", "stopped early")
"""Ends that say nothing of the change itself; "" is a run that was killed."""


def reconcile(run_dir: Path, then: str, say: Callable[[str], object] = print) -> int:
    """Look at a run, and end what it has left half-way.

    A run that is done, or that changed nothing, needs nothing. One that was cut off is resumed or undone; one that
    judged itself (rolled back, not proven, failed) is never resumed, since that would do again what was found bad.

    Args:
        run_dir: The run's folder; there is none if the job ended before its run began.
        then: `resume`, `undo`, or `report` to leave it to a person.
        say: Receives each line.

    Returns:
        0 when nothing is left half-way; 4 when it is left to a person; else as the resuming or undoing ended.
    """
    if not (run_dir / FILE).exists():
        say(f"no run began in {run_dir}: nothing was changed")
        return DONE
    for line in status(run_dir):
        say(line)
    past = read_past(run_dir) or Past()
    try:
        return _end(run_dir, past, then, say)
    finally:
        if not (run_dir / ENVELOPE).exists():  # it was killed before it could seal what it left
            pack.seal(run_dir)


def _end(run_dir: Path, past: Past, then: str, say: Callable[[str], object]) -> int:
    if not past.changed_something or past.outcome == "done":
        return DONE
    if then == UNDO:
        return undo(run_dir, say)
    if then == RESUME and past.outcome in CUT_OFF:
        return runner.resume(run_dir)
    say("left as it is, for a person to look at")
    return FAILED
