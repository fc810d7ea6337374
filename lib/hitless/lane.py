"""The lane above the panels: phases as bars, events as labelled lines, no label on another or on a line."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from hitless.font import font
from hitless.theme import Theme
from hitless.timeline import TONES, Event, Phase, Timeline

ROWS = (0.80, 0.49)
"""Heights of the label rows, as shares of the lane; the bar lies below them."""
BAR_HEIGHT = 0.30
PAD_PX = 5.0
LABEL_PT = 8.8
WAYS_MAX = 60


@dataclass(frozen=True)
class Spot:
    """Where a label is: its row, whether it hangs left of its line, and its extent in pixels."""

    row: int
    is_left: bool
    left: float
    right: float


class Lane:
    """Draws phases and events; drawn anew when they change, for that is seldom."""

    def __init__(self, axes: Axes, others: Sequence[Axes], theme: Theme) -> None:
        self._axes, self._others, self._theme = axes, others, theme
        self._drawn: list = []
        self._lines: list = []
        self._growing: list[tuple[Rectangle, Phase]] = []
        self._names: list = []
        self._name_px: dict[str, float] = {}  # at 100 dpi
        self.shown: object = None
        axes.set_facecolor("none")
        axes.set_axis_off()
        axes.set_ylim(0, 1)

    def update(self, timeline: Timeline) -> None:
        """Draw the lane, and the events' lines through the panels; while all is as it was only open bars grow."""
        start = timeline.start or 0.0
        lines = sorted(e.at - start for e in timeline.events)
        bars = [(p.start, p.end, p.name, self._name_at(p, timeline, lines)) for p in timeline.phases]
        shown = (bars, len(timeline.events), self._axes.get_xlim())
        if shown != self.shown:
            self.shown = shown
            self._draw(timeline, [at for *_, at in bars])
        for bar, phase in self._growing:
            bar.set_width((timeline.end or phase.start) - phase.start)

    def moving(self) -> list:
        """What a frame must draw again, for it grows or lies over what grows."""
        return [*(bar for bar, _ in self._growing), *self._lines, *self._names]

    def _draw(self, timeline: Timeline, names_at: Sequence[float | None]) -> None:
        for artist in [*self._drawn, *self._lines, *self._names]:
            artist.remove()
        self._drawn, self._lines, self._names, self._growing = [], [], [], []
        start = timeline.start or 0.0
        for phase, at in zip(timeline.phases, names_at, strict=True):
            self._bar(phase, start, (phase.end or timeline.end or phase.start) - start, at)
        spots = place([(self._pixel(e.at - start), e) for e in timeline.events], self._width_px, *self._edges_px())
        for event, spot in zip(timeline.events, spots, strict=True):
            self._event(event.at - start, event, spot)

    def _bar(self, phase: Phase, start: float, right: float, name_at: float | None) -> None:
        theme, left = self._theme, phase.start - start
        colours = {"fc": theme.bar_of_tone(phase.tone), "ec": theme.card}  # the edge parts it from the next
        bar = Rectangle((left, 0), right - left, BAR_HEIGHT, lw=1.0, **colours)
        spans = [self._axes.add_patch(bar)]
        if phase.tone == "alarm":
            spans += [a.axvspan(left, right, color=theme.alarm, alpha=0.1, lw=0, zorder=2.2) for a in self._others]
        self._drawn += spans
        self._growing += [(span, phase) for span in spans if phase.end is None]
        if name_at is not None:
            style = {"va": "center_baseline", "color": theme.on_bar, "font": font(LABEL_PT, True)}
            where = (name_at, BAR_HEIGHT / 2)
            self._names.append(self._axes.annotate(phase.name, where, (6, 0.6), textcoords="offset points", **style))

    def _name_at(self, phase: Phase, timeline: Timeline, lines: Sequence[float]) -> float | None:
        start, end = timeline.start or 0.0, phase.end or timeline.end or phase.start
        return self._free(phase.start - start, end - start, lines, self._bar_name_px(phase.name) + 3 * PAD_PX)

    def _free(self, left: float, right: float, lines: Sequence[float], width_px: float) -> float | None:
        """Where in a bar its name meets no line: at its beginning, or after a line."""
        inside = [x for x in lines if left < x < right]
        for begin, end in itertools.pairwise([left, *inside, right]):
            if self._pixel(end) - self._pixel(begin) > width_px:
                return begin
        return None

    def _event(self, x: float, event: Event, spot: Spot | None) -> None:
        colour = self._theme.of_tone(event.tone)
        style = {
            "color": colour,
            "lw": 0.9,
            "alpha": 0.8,
            "ls": (0, (1, 2.2)) if event.tone == "info" else "-",
            "zorder": 2.5,
        }
        self._lines += [axes.axvline(x, **style) for axes in self._others]
        top = BAR_HEIGHT if spot is None else ROWS[spot.row] + 0.12
        self._lines += self._axes.plot([x, x], [0, top], color=colour, lw=1.0)
        if spot is not None:
            side = {"ha": "right" if spot.is_left else "left", "va": "center_baseline"}
            text = self._axes.annotate(
                event.label,
                (x, ROWS[spot.row]),
                (-4 if spot.is_left else 4, 0),
                textcoords="offset points",
                color=self._theme.text_of_tone(event.tone),
                font=label_font(event.tone),
                **side,
            )
            self._drawn.append(text)

    def _pixel(self, x: float) -> float:
        return float(self._axes.transData.transform((x, 0))[0])

    def _edges_px(self) -> tuple[float, float]:
        return self._axes.bbox.x0 - 10, self._axes.figure.bbox.x1 - 10

    def _bar_name_px(self, name: str) -> float:
        if name not in self._name_px:
            self._name_px[name] = self._width_px(name) * 100 / self._axes.figure.dpi
        return self._name_px[name] * self._axes.figure.dpi / 100

    def _width_px(self, text: str, tone: str = "alarm") -> float:
        probe = self._axes.text(0, 0, text, font=label_font(tone))
        width = probe.get_window_extent().width
        probe.remove()
        return float(width)


def label_font(tone: str):
    """Progress is said lightly, what decided something in semibold."""
    return font(LABEL_PT, tone in ("gate", "alarm"))


def place(
    events: Sequence[tuple[float, Event]], width_px: Callable[[str, str], float], left_px: float, right_px: float
) -> list[Spot | None]:
    """Find each label a row and a side where it meets no other label and no line; None leaves it out.

    Alarms choose first, then gates, successes and progress; the best few ways so far are kept (a beam search), so an
    early choice that would cost a later label its place can still be dropped. A line reaches down from its label's
    row, so labels of lower rows must not lie across it; a label left out keeps a short line at the bar.
    """
    order = sorted(range(len(events)), key=lambda i: (-TONES.index(events[i][1].tone), events[i][0]))
    ways: list[tuple[int, list[Spot | None]]] = [(0, [None] * len(events))]
    for i in order:
        x, event = events[i]
        options = list(_options(x, width_px(event.label, event.tone) + 2 * PAD_PX, left_px, right_px))
        loss = 10 ** (TONES.index(event.tone))
        more = []
        for cost, spots in ways:
            fitting = [s for s in options if _fits(s, x, spots, events)]
            more += [(cost + s.row + s.is_left, [*spots[:i], s, *spots[i + 1 :]]) for s in fitting]
            more.append((cost + 20 * loss, spots))
        ways = sorted(more, key=lambda way: way[0])[:WAYS_MAX]
    return ways[0][1]


def _options(x: float, reach: float, left_px: float, right_px: float) -> Iterator[Spot]:
    for row in range(len(ROWS)):
        if x + reach <= right_px:
            yield Spot(row, False, x, x + reach)
        if x - reach >= left_px:
            yield Spot(row, True, x - reach, x)


def _fits(spot: Spot, x: float, spots: Sequence[Spot | None], events: Sequence[tuple[float, Event]]) -> bool:
    for other, (line, _) in zip(spots, events, strict=True):
        if other is None:
            continue
        if other.row == spot.row and other.left < spot.right and spot.left < other.right:
            return False
        if other.row <= spot.row and spot.left + 1 < line < spot.right - 1:
            return False
        if spot.row <= other.row and other.left + 1 < x < other.right - 1:
            return False
    return True
