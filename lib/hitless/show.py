"""What a notebook shows of a run when it is over; the only module of verbs that needs IPython."""

from __future__ import annotations

from IPython.display import display

from hitless.charts import bundle
from hitless.run_folder import RunFolder
from hitless.timeline import Timeline


def show_timeline(run: RunFolder) -> None:
    """Draw a run again from its journal: the picture is a view of the file, also after a page reload."""
    data, metadata = bundle(Timeline.load(run.journal.path))
    display(data, metadata=metadata, raw=True)
