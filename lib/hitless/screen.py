"""Where a live picture is shown: widgets in JupyterLab, one updated output headless, nowhere outside a notebook."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

INTERACTIVE = ("auto", "widgets", "output", "none")


class Screen(Protocol):
    """Shows one picture, again and again."""

    frame_s: float
    """Real seconds between frames."""

    def show(self, png: bytes, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        """Show a frame."""

    def finish(self, png: bytes, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        """Show the last picture: the one that stays."""


class NoScreen:
    """Outside a notebook: the journal is the record, and nobody looks."""

    frame_s = float("inf")

    def show(self, png: bytes, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        """Show nothing."""

    def finish(self, png: bytes, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        """Show nothing."""


class OutputScreen:
    """One output of the cell, updated: papermill and nbclient keep only its last state, so the file stays small."""

    frame_s = 5.0

    def __init__(self) -> None:
        from IPython.display import display

        self._handle = display({"text/plain": "The run begins."}, raw=True, display_id=True)

    def show(self, png: bytes, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        """Replace the output."""
        self._handle.update(bundle, raw=True, metadata=metadata)

    def finish(self, png: bytes, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        """Replace the output for good."""
        self.show(png, bundle, metadata)


class WidgetScreen:
    """A picture and an Abort button: they go on after a page reload, which a plain output does not.

    Args:
        on_abort: Called when the button is pressed, possibly on another thread.
    """

    frame_s = 1.0

    def __init__(self, on_abort: Callable[[], None]) -> None:
        import ipywidgets
        from IPython.display import display

        self._image = ipywidgets.Image(format="png", layout=ipywidgets.Layout(width="920px"))
        self._button = ipywidgets.Button(description="Abort", button_style="danger", icon="stop")
        self._button.on_click(lambda _: on_abort())
        self._box = ipywidgets.VBox([self._button, self._image])
        self._handle = display(self._box, display_id=True)

    def show(self, png: bytes, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        """Send the frame to the widget."""
        self._image.value = png

    def finish(self, png: bytes, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        """Leave a plain picture in the cell; a page that was reloaded keeps the widget and gets it there."""
        self._image.value = png
        self._box.children = [self._image]
        self._handle.update(bundle, raw=True, metadata=metadata)


def open_screen(interactive: str, on_abort: Callable[[], None]) -> Screen:
    """Choose the screen.

    Args:
        interactive: "widgets", "output", "none", or "auto": widgets in a kernel JupyterLab started (it sets
            `JPY_SESSION_NAME`), an output in any other kernel, none elsewhere.
        on_abort: What the Abort button does.
    """
    assert interactive in INTERACTIVE, interactive
    if interactive == "auto":
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        in_kernel = shell is not None and getattr(shell, "kernel", None) is not None
        interactive = ("widgets" if "JPY_SESSION_NAME" in os.environ else "output") if in_kernel else "none"
    if interactive == "widgets":
        return WidgetScreen(on_abort)
    return OutputScreen() if interactive == "output" else NoScreen()
