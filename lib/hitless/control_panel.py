"""The control room's buttons, its live chart, and the app itself beside it."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hitless.faults import FAULTS
from hitless.screen import Frame, NoScreen, OutputScreen, Screen, choose

if TYPE_CHECKING:
    from hitless.control_room import ControlRoom

BUTTONS = (  # command, words, style, icon
    ("refresh", "Replace hosts", "info", "server"),
    ("release good", "Release", "success", "rocket"),
    ("release bad", "Release a bad one", "warning", "bug"),
    ("approve", "Approve", "primary", "check"),
    ("continue", "End old tasks", "", "forward"),
    ("abort", "Abort", "danger", "stop"),
    ("leave", "Leave", "", "sign-out"),
)
RATE_MAX = 500
FRAME = (
    '<iframe src="{url}/" title="The app, as its users see it" '
    'style="width:100%;height:660px;border:1px solid #8884;border-radius:8px"></iframe>'
)


class ControlPanel:
    """Widgets that say commands to the room and show what becomes of them.

    Args:
        room: Hears the commands.
        rate_per_s: Where the slider stands at first.
    """

    frame_s = 0.5
    is_interactive = True

    def __init__(self, room: ControlRoom, rate_per_s: int) -> None:
        import ipywidgets
        from IPython.display import display

        self._room, self._widgets = room, ipywidgets
        self._buttons = {command: self._button(command, *looks) for command, *looks in BUTTONS}
        self._image = ipywidgets.Image(format="png", layout=ipywidgets.Layout(width="100%", margin="0"))
        self._line = ipywidgets.HTML()
        app = ipywidgets.HTML(FRAME.format(url=html.escape(room.url)), layout=ipywidgets.Layout(flex="0 1 360px"))
        chart = ipywidgets.VBox([self._image], layout=ipywidgets.Layout(flex="1 1 560px", overflow="hidden"))
        beside = ipywidgets.HBox([chart, app], layout=ipywidgets.Layout(align_items="flex-start"))
        wrap = ipywidgets.Layout(flex_flow="row wrap")
        first, second = ipywidgets.HBox([*self._buttons.values()], layout=wrap), self._second_row(rate_per_s, wrap)
        self._box = ipywidgets.VBox([first, second, self._line, beside])
        self._handle = display(self._box, display_id=True)

    def show(self, frame: Frame) -> None:
        """Send the frame, and let only those buttons be pressed that would do something."""
        self._image.value = frame.png
        for command, button in self._buttons.items():
            button.disabled = not self._room.may(command)
        self._fault.disabled = not self._room.may("fault")
        said = f"<b>{html.escape(self._room.said)}</b>  ·  " if self._room.said else ""
        self._line.value = f'<span role="status">{said}{html.escape(frame.progress)}</span>'

    def finish(self, frame: Frame) -> None:
        """Leave a plain picture in the cell."""
        self._image.value = frame.png
        self._box.children = [self._image]
        self._handle.update(frame.data, raw=True, metadata=frame.metadata)

    def _button(self, command: str | Callable[[], str], words: str, style: str, icon: str) -> Any:
        layout = self._widgets.Layout(width="auto")
        button = self._widgets.Button(description=words, button_style=style, icon=icon, layout=layout)
        button.disabled = isinstance(command, str) and not self._room.may(command)
        button.on_click(lambda _: self._room.tell(command if isinstance(command, str) else command()))
        return button

    def _second_row(self, rate_per_s: int, wrap: Any) -> Any:
        widgets = self._widgets
        hold = widgets.Checkbox(value=True, description="hold at Ready", indent=False)
        hold.layout.width = "130px"
        hold.observe(lambda change: self._room.tell(f"hold {'on' if change['new'] else 'off'}"), "value")
        rate = widgets.IntSlider(
            value=rate_per_s, min=10, max=RATE_MAX, step=10, description="requests/s", continuous_update=False
        )
        rate.observe(lambda change: self._room.tell(f"rate {change['new']}"), "value")
        what = widgets.Dropdown(options=[*FAULTS], layout=widgets.Layout(width="150px"))
        self._fault = self._button(lambda: f"fault {what.value}", "Inject", "warning", "bolt")
        return widgets.HBox([hold, rate, what, self._fault], layout=wrap)


class Headless:
    """A screen nobody presses buttons on."""

    is_interactive = False

    def __init__(self, screen: Screen) -> None:
        self.frame_s, self.show, self.finish = screen.frame_s, screen.show, screen.finish


def open_panel(room: ControlRoom, interactive: str, rate_per_s: int) -> ControlPanel | Headless:
    """The panel in JupyterLab, a plain output in any other kernel, nothing elsewhere."""
    chosen = choose(interactive)
    if chosen == "widgets":
        return ControlPanel(room, rate_per_s)
    return Headless(OutputScreen() if chosen == "output" else NoScreen())
