"""The pictures that a run's folder keeps: its timeline, for light pages and for dark ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hitless.run_folder import RunFolder
    from hitless.timeline import Timeline

LIGHT, DARK = "timeline.png", "timeline-dark.png"


def keep_pictures(run: RunFolder, timeline: Timeline) -> None:
    """Draw a run that is over, and keep what was drawn in its folder."""
    from hitless.charts import render  # matplotlib takes a third of a second; `LiveTimeline` has it loaded meanwhile

    run.write(LIGHT, render(timeline))
    run.write(DARK, render(timeline, "dark"))
