"""What a notebook shows of a run when it is over; the only module of verbs that needs IPython."""

from __future__ import annotations

from IPython.display import Markdown, display

from hitless.charts import bundle
from hitless.finding import summary_markdown
from hitless.outcome import Outcome
from hitless.run_folder import RunFolder
from hitless.timeline import Timeline


def show_timeline(run: RunFolder) -> None:
    """Draw a run again from its journal, also after a page reload, and say the same in a table beside it."""
    timeline = Timeline.load(run.journal.path)
    data, metadata = bundle(timeline)
    display(data, metadata=metadata, raw=True)
    display(Markdown(summary_markdown(timeline)))


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
