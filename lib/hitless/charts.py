"""The picture of a run: one figure for live frames, the record and the front page.

The headline is the finding. Below it a lane of events, then latency, requests, capacity and traffic weights, on one
axis of AWS time. Nothing here touches pyplot: a `TimelineChart` may live in a thread of its own.
"""

from __future__ import annotations

import base64
import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from hitless.clock import duration_text
from hitless.finding import headline, subtitle
from hitless.fleet_panels import Hosts, Weight
from hitless.font import font
from hitless.lane import Lane
from hitless.panel import BODY_PT, Panel
from hitless.probe_panels import Latency, Requests
from hitless.theme import THEMES
from hitless.timeline import Timeline

PANELS: tuple[type[Panel], ...] = (Latency, Requests, Hosts, Weight)
WIDTH_IN, HEIGHT_IN = 9.2, 6.9
LEFT, RIGHT = 0.066, 0.862
LANE_TOP_IN, LANE_HEIGHT_IN, CAPTION_IN, BOTTOM_IN = 0.86, 0.54, 0.285, 0.40
FRAME_DPI, FINAL_DPI, CSS_WIDTH_PX = 100, 200, 920
PALETTE_COLOURS = 256
FRAME_LEVEL = 3  # zlib's, for what is seen for half a second: less than half the time, a fifth more bytes
FINAL_LEVEL = 6  # a sixth of the time of 9, for a fourteenth more bytes
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


class TimelineChart:
    """A figure that follows one run.

    Args:
        theme: "light" or "dark".
    """

    def __init__(self, theme: str = "light") -> None:
        self.theme = THEMES[theme]
        self._figure: Figure | None = None
        self._shape: tuple[type[Panel], ...] = ()

    def update(self, timeline: Timeline, running: bool = False, progress: str = "") -> None:
        """Show the run as it stands.

        Args:
            timeline: The run.
            running: Leave room on the axis for what comes.
            progress: What is awaited; shown in the place of the second line.
        """
        wanted = tuple(panel for panel in PANELS if panel.is_wanted(timeline))
        if self._figure is None or wanted != self._shape:
            self._build(wanted)
        x_end = room(timeline.seconds) if running else max(timeline.seconds, 1e-3)
        for axes in self._axes:
            axes.set_xlim(0, x_end)
        for panel in self._panels:
            panel.update(timeline, x_end)
        self._lane.update(timeline)
        self._time_axis(x_end)
        self._fit(self._headline, headline(timeline, running), 15.0)
        self._fit(self._subtitle, progress or subtitle(timeline), BODY_PT + 0.5)

    def png(self, dpi: int = FRAME_DPI) -> bytes:
        """The picture as a PNG of few colours, three times smaller and to the eye the same.

        By octree, which keeps the colour of small text; the usual median cut turned green words teal.
        """
        canvas = self._canvas(dpi)
        canvas.draw()
        return self._encode(canvas, dpi)

    def frame(self) -> bytes:
        """The picture while it runs, in a third of the time: what stands still is kept from frame to frame."""
        canvas, moving = self._canvas(FRAME_DPI), self._moving()
        still = (self._lane.shown, *((a.get_xlim(), a.get_ylim(), tuple(a.get_yticks())) for a in self._axes))
        if still != self._still:
            self._still = still
            for artist in moving:
                artist.set_animated(True)
            canvas.draw()
            for artist in moving:
                artist.set_animated(False)
            self._ground = canvas.copy_from_bbox(canvas.figure.bbox)
        canvas.restore_region(self._ground)
        for artist in moving:
            artist.draw(canvas.get_renderer())
        return self._encode(canvas, FRAME_DPI)

    def _canvas(self, dpi: int) -> FigureCanvasAgg:
        assert self._figure is not None, "update it first"
        canvas = self._figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self._figure.set_dpi(dpi)
        return canvas

    def _moving(self) -> list:
        """Everything but captions, axes and what the lane keeps, in the order it lies on each other."""
        found = [self._headline, self._subtitle, *self._lane.moving()]
        for panel in self._panels:
            found += panel.moving()
        return sorted((artist for artist in found if artist.get_visible()), key=lambda artist: artist.get_zorder())

    def _encode(self, canvas: FigureCanvasAgg, dpi: int) -> bytes:
        image = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")
        few = image.quantize(PALETTE_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        out = io.BytesIO()
        few.save(out, "png", compress_level=FINAL_LEVEL if dpi > FRAME_DPI else FRAME_LEVEL, dpi=(dpi, dpi))
        return out.getvalue()

    def _build(self, wanted: tuple[type[Panel], ...]) -> None:
        theme, self._shape, self._still = self.theme, wanted, None
        figure = self._figure = Figure((WIDTH_IN, HEIGHT_IN), dpi=FRAME_DPI, facecolor=theme.card)
        FigureCanvasAgg(figure)
        self._headline = figure.text(
            LEFT, 1 - 0.335 / HEIGHT_IN, "", color=theme.ink, font=font(15.0, True), va="center"
        )
        self._subtitle = figure.text(LEFT, 1 - 0.57 / HEIGHT_IN, "", color=theme.muted, font=font(9.5), va="center")
        self._panels = [panel(axes, theme) for panel, axes in zip(wanted, self._stack(figure, wanted), strict=True)]
        below = [panel.axes for panel in self._panels]
        lane = self._place(figure, LANE_TOP_IN, LANE_HEIGHT_IN)
        self._lane = Lane(lane, below, theme)
        self._axes = [lane, *below]
        self._note = figure.text(
            RIGHT + 8 / 72 / WIDTH_IN, 0.0, "m:ss elapsed", color=theme.muted, font=font(BODY_PT), va="top"
        )

    def _stack(self, figure: Figure, wanted: tuple[type[Panel], ...]) -> list[Axes]:
        top = LANE_TOP_IN + LANE_HEIGHT_IN
        free = HEIGHT_IN - top - BOTTOM_IN - CAPTION_IN * len(wanted)
        unit = free / max(sum(panel.weight for panel in wanted), 1e-9)
        stack = []
        for panel in wanted:
            top += CAPTION_IN
            stack.append(self._place(figure, top, unit * panel.weight))
            top += unit * panel.weight
        return stack

    def _place(self, figure: Figure, top_in: float, height_in: float) -> Axes:
        return figure.add_axes((LEFT, 1 - (top_in + height_in) / HEIGHT_IN, RIGHT - LEFT, height_in / HEIGHT_IN))

    def _time_axis(self, x_end: float) -> None:
        step = next((s for s in TICK_STEPS_S if x_end / s <= 9), TICK_STEPS_S[-1])
        ticks = [i * step for i in range(int(x_end / step) + 1) if self._is_free(i * step, x_end)]
        last = self._axes[-1]
        last.set_xticks(ticks, [duration_text(t) for t in ticks], font=font(BODY_PT))
        self._note.set_text(f"{'h:mm:ss' if x_end >= 3600 else 'm:ss'} elapsed")
        self._note.set_y(last.get_position().y0 - 6 / 72 / HEIGHT_IN)

    def _is_free(self, tick: float, x_end: float) -> bool:
        """Whether a tick's label leaves the note at the right alone."""
        to_the_end_pt = (x_end - tick) / x_end * (RIGHT - LEFT) * WIDTH_IN * 72
        return BODY_PT * 0.32 * len(duration_text(tick)) < to_the_end_pt + 5

    def _fit(self, text, words: str, size_pt: float) -> None:
        text.set_text(words)
        text.set_fontsize(size_pt)
        assert self._figure is not None
        room_px = self._figure.bbox.width * (1 - LEFT - 0.01)
        if (width := text.get_window_extent().width) > room_px:
            text.set_fontsize(max(8.5, size_pt * room_px / width))
        while (width := text.get_window_extent().width) > room_px and len(words) > 8:
            words = words[: min(len(words) - 2, int(len(words) * room_px / width))].rstrip()
            text.set_text(f"{words} …")


def room(seconds: float) -> float:
    """The end of a running axis: it moves in steps of a fifth, so that the picture does not creep."""
    end = 30.0
    while end < seconds * 1.04:
        end *= 1.2
    return end


def render(timeline: Timeline, theme: str = "light", dpi: int = FINAL_DPI) -> bytes:
    """Draw a finished run as a PNG."""
    chart = TimelineChart(theme)
    chart.update(timeline)
    return chart.png(dpi)


def bundle(
    timeline: Timeline, png: bytes | None = None, *, running: bool = False, progress: str = ""
) -> tuple[dict[str, str], dict[str, dict[str, object]]]:
    """The picture as notebooks keep it: a PNG, and the finding in words for everything that shows no pictures."""
    image = base64.b64encode(png if png is not None else render(timeline)).decode()
    lines = [headline(timeline, running), *([progress] if progress else []), subtitle(timeline)]
    words = "\n".join(lines)
    shape = {"width": CSS_WIDTH_PX, "alt": words.replace("\n", ". ")}
    return {"image/png": image, "text/plain": words}, {"image/png": shape}
