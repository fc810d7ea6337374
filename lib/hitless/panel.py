"""A panel of the chart: a caption at its top left, values as labels at its right edge, and nothing else around it.

No legend, no y label, no spines. A panel keeps its artists and moves them. x is seconds since the start of the run, in
AWS time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, NullLocator

from hitless.font import font
from hitless.theme import Theme
from hitless.timeline import Timeline

BODY_PT, CAPTION_PT = 9.0, 9.5
LABEL_GAP_PT = 12.5
NOTHING = ([0.0, 0.0], [1.0, 1.0], [1.0, 1.0])


class Panel(ABC):
    """One axes with a caption, a hairline grid and labels at the right edge."""

    caption = unit = ""
    weight = 1.0
    """Share of the height, among the panels shown."""

    def __init__(self, axes: Axes, theme: Theme) -> None:
        self.axes, self.theme = axes, theme
        self._labels: list = []
        axes.set_facecolor("none")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, left=False, bottom=False, pad=6, labelcolor=theme.muted)
        axes.xaxis.set_major_locator(NullLocator())
        axes.grid(axis="y", color=theme.hairline, linewidth=0.8)
        axes.set_axisbelow(True)
        title = axes.annotate(
            self.caption, (0, 1), (0, 6), "axes fraction", "offset points", color=theme.ink, font=font(CAPTION_PT, True)
        )
        beside = (title, "axes fraction")
        axes.annotate(self.unit, (1, 1), (6, 6), beside, "offset points", color=theme.muted, font=font(CAPTION_PT))

    @classmethod
    @abstractmethod
    def is_wanted(cls, timeline: Timeline) -> bool:
        """Whether the run has anything for this panel."""

    @abstractmethod
    def update(self, timeline: Timeline, x_end: float) -> None:
        """Show the run as it stands."""

    def moving(self) -> list:
        """What may look different in the next frame; the lines of events are the lane's."""
        own = (artist for artist in vars(self).values() if isinstance(artist, Artist) and artist is not self.axes)
        return [*own, *self._labels]

    def ticks(self, values: Sequence[float], low: float, high: float) -> None:
        """Set the y axis."""
        self.axes.set_ylim(low, high)
        self.axes.yaxis.set_major_locator(FixedLocator(list(values)))
        self.axes.yaxis.set_minor_locator(NullLocator())
        self.axes.set_yticks(list(values), [f"{v:g}" for v in values], font=font(BODY_PT))

    def label(self, wanted: Sequence[tuple[float, str, str, bool]]) -> None:
        """Write values at the right edge: (y, text, colour, bold), pushed apart and kept inside the panel."""
        for text in self._labels:
            text.remove()
        axes, height = self.axes, self._height_pt()
        rows = sorted(wanted, key=lambda row: row[0])
        at = [height * axes.transAxes.inverted().transform(axes.transData.transform((0, y)))[1] for y, *_ in rows]
        self._labels = [
            axes.annotate(
                text,
                (1, 0),
                (8, y),
                "axes fraction",
                "offset points",
                color=colour,
                font=font(BODY_PT, bold),
                va="center",
            )
            for y, (_, text, colour, bold) in zip(dodge(at, LABEL_GAP_PT, height), rows, strict=True)
        ]

    def _height_pt(self) -> float:
        return self.axes.get_position().height * self.axes.figure.get_figheight() * 72

    def _halo(self) -> list:
        return [withStroke(linewidth=3, foreground=self.theme.card)]


def steps(x: np.ndarray, y: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a step line that holds each value until the next, the last one until `end`."""
    edges = np.append(x, max(end, float(x[-1])))
    return np.repeat(edges, 2)[1:-1], np.repeat(y, 2)


def dodge(at: Sequence[float], gap: float, high: float, low: float = 0.0) -> list[float]:
    """Move ascending positions as little as a walk up and a walk down allow, so that all keep `gap` and stay inside."""
    placed = [float(y) for y in at]
    for i in range(len(placed)):
        least = low + gap / 2 if i == 0 else placed[i - 1] + gap
        placed[i] = max(placed[i], least)
    for i in reversed(range(len(placed))):
        most = high - gap / 2 if i == len(placed) - 1 else placed[i + 1] - gap
        placed[i] = min(placed[i], most)
    return placed
