"""What a notebook shows of a run when it is over; the only module of verbs that needs IPython."""

from __future__ import annotations

from pathlib import Path

from IPython.display import Markdown, display

from hitless.finding import summary_markdown
from hitless.pictures import LIGHT
from hitless.run_folder import JOURNAL, RunFolder
from hitless.timeline import Timeline


def show_timeline(run: RunFolder) -> None:
    """Show a run's picture, also after a page reload, and say the same in a table beside it.

    It is the one that the run has kept; while there is none, it is drawn from the journal.
    """
    from hitless.charts import bundle  # a third of a second, and a run is awaited before it is shown

    timeline, kept = Timeline.load(run.journal.path), run.path / LIGHT
    data, metadata = bundle(timeline, kept.read_bytes() if kept.exists() else None)
    display(data, metadata=metadata, raw=True)
    display(Markdown(summary_markdown(timeline)))


def replay(run_dir: Path) -> Timeline:
    """A run drawn from nothing but its journal; a notebook shows it.

    Raises:
        BadJournal: The file is not as it was written.
    """
    return Timeline.load(run_dir / JOURNAL)
