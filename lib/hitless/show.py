"""What a notebook shows of a run when it is over; the only module of verbs that needs IPython."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from IPython.display import display

from hitless.charts import bundle
from hitless.clock import to_datetime
from hitless.connect import Connection
from hitless.errors import NotProven, Refused
from hitless.outcome import Outcome
from hitless.run_folder import RUNS, RunFolder, open_run
from hitless.timeline import Timeline


def open_chapter(here: Connection, essay: str, run_dir: str, reason: str, chapter: str) -> RunFolder:
    """Open the folder of one of an essay's changes.

    Args:
        here: Whose account.
        essay: The notebook's name.
        run_dir: The folder somebody chose for the whole essay; "" makes `runs/<essay>/<chapter>-<UTC time>`.
        reason: Why, for whoever reads the record.
        chapter: Which change.
    """
    stamp = f"{to_datetime(here.clock.now()):%Y%m%dT%H%M%SZ}"
    folder = Path(run_dir) / chapter if run_dir else RUNS / essay / f"{chapter}-{stamp}"
    return open_run(here, essay, str(folder), reason)


def refusal(call: Callable[..., object], *args: object, **named: object) -> str:
    """Make a call that must be refused; what it said.

    Raises:
        NotProven: It was not refused.
    """
    try:
        call(*args, **named)
    except Refused as refused:
        return str(refused)
    raise NotProven("This should have been refused, and was not.", do="find out which check no longer looks")


def show_timeline(run: RunFolder) -> None:
    """Draw a run again from its journal: the picture is a view of the file, also after a page reload."""
    data, metadata = bundle(Timeline.load(run.journal.path))
    display(data, metadata=metadata, raw=True)


def show_outcome(outcome: Outcome | None) -> None:
    """Show the verdict, and raise what went wrong.

    Raises:
        HitlessError: The change failed, or a claim does not hold.
    """
    if outcome is None:
        print("dry run: nothing was changed, nothing is claimed")
        return
    display(outcome.verdict)
    outcome.require()
