"""Where a live picture is shown: widgets in JupyterLab, one updated output headless, nowhere outside a notebook."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

INTERACTIVE = ("auto", "widgets", "output", "none")


@dataclass(frozen=True)
class Frame:
    """One picture of a run, and the same in words.

    Attributes:
        png: The picture.
        data: The MIME bundle a notebook keeps.
        metadata: That bundle's.
        progress: What is awaited, since when, how long it usually takes; "" when nothing is.
    """

    png: bytes
    data: dict[str, str]
    metadata: dict[str, Any]
    progress: str = ""


class Screen(Protocol):
    """Shows one picture, again and again."""

    frame_s: float
    """Real seconds between frames."""

    def show(self, frame: Frame) -> None:
        """Show a frame."""

    def finish(self, frame: Frame) -> None:
        """Show the last picture: the one that stays."""


class NoScreen:
    """Outside a notebook: the journal is the record, and nobody looks."""

    frame_s = float("inf")

    def show(self, frame: Frame) -> None:
        """Show nothing."""

    def finish(self, frame: Frame) -> None:
        """Show nothing."""


class OutputScreen:
    """One output of the cell, updated: papermill and nbclient keep only its last state, so the file stays small."""

    frame_s = 5.0

    def __init__(self) -> None:
        from IPython.display import display

        self._handle = display({"text/plain": "The run begins."}, raw=True, display_id=True)

    def show(self, frame: Frame) -> None:
        """Replace the output."""
        self._handle.update(frame.data, raw=True, metadata=frame.metadata)

    def finish(self, frame: Frame) -> None:
        """Replace the output for good."""
        self.show(frame)


class WidgetScreen:
    """A picture, a line on what is awaited, and an Abort button.

    They go on after a page reload, which a plain output does not.

    Args:
        on_abort: Called when the button is pressed, possibly on another thread.
    """

    frame_s = 0.5

    def __init__(self, on_abort: Callable[[], None]) -> None:
        import ipywidgets
        from IPython.display import display

        self._image = ipywidgets.Image(format="png", layout=ipywidgets.Layout(width="920px"))
        self._button = ipywidgets.Button(description="Abort", button_style="danger", icon="stop")
        self._button.on_click(lambda _: self._abort(on_abort))
        self._progress = ipywidgets.HTML()
        self._box = ipywidgets.VBox([ipywidgets.HBox([self._button, self._progress]), self._image])
        self._handle = display(self._box, display_id=True)

    def show(self, frame: Frame) -> None:
        """Send the frame to the widgets."""
        self._image.value = frame.png
        self._progress.value = html.escape(frame.progress)

    def finish(self, frame: Frame) -> None:
        """Leave a plain picture in the cell; a page that was reloaded keeps the widget and gets it there."""
        self._image.value = frame.png
        self._box.children = [self._image]
        self._handle.update(frame.data, raw=True, metadata=frame.metadata)

    def _abort(self, on_abort: Callable[[], None]) -> None:
        self._button.disabled, self._button.description = True, "Aborting …"
        on_abort()


def open_screen(interactive: str, on_abort: Callable[[], None]) -> Screen:
    """Open the screen.

    Args:
        interactive: See `choose`.
        on_abort: What the Abort button does.
    """
    chosen = choose(interactive)
    if chosen == "widgets":
        return WidgetScreen(on_abort)
    return OutputScreen() if chosen == "output" else NoScreen()


def choose(interactive: str) -> str:
    """Where pictures can be shown.

    Args:
        interactive: "widgets", "output", "none", or "auto": widgets in a kernel JupyterLab started (it sets
            `JPY_SESSION_NAME`), an output in any other kernel, none elsewhere.
    """
    assert interactive in INTERACTIVE, interactive
    if interactive == "auto":
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        in_kernel = shell is not None and getattr(shell, "kernel", None) is not None
        interactive = ("widgets" if "JPY_SESSION_NAME" in os.environ else "output") if in_kernel else "none"
    return interactive
