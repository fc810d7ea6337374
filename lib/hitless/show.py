"""What a notebook shows of a run when it is over; the only module of verbs that needs IPython."""

from __future__ import annotations

from pathlib import Path

from IPython.display import Markdown, display

from hitless.charts import bundle
from hitless.finding import summary_markdown
from hitless.run_folder import JOURNAL, RunFolder
from hitless.timeline import Timeline


def show_timeline(run: RunFolder) -> None:
    """Draw a run again from its journal, also after a page reload, and say the same in a table beside it."""
    timeline = Timeline.load(run.journal.path)
    data, metadata = bundle(timeline)
    display(data, metadata=metadata, raw=True)
    display(Markdown(summary_markdown(timeline)))


def replay(run_dir: Path) -> Timeline:
    """A run drawn from nothing but its journal; a notebook shows it.

    Raises:
        BadJournal: The file is not as it was written.
    """
    return Timeline.load(run_dir / JOURNAL)
