"""What a notebook shows of a run when it is over; the only module of verbs that needs IPython."""

from __future__ import annotations

from IPython.display import display

from hitless.charts import bundle
from hitless.outcome import Outcome
from hitless.run_folder import RunFolder
from hitless.timeline import Timeline


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
