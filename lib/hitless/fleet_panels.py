"""What AWS said: hosts in service, and how the listener splits the traffic."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from hitless.clock import duration_text
from hitless.finding import short_names
from hitless.font import font
from hitless.panel import BODY_PT, NOTHING, Panel, steps
from hitless.theme import Theme
from hitless.timeline import Timeline


class Hosts(Panel):
    """Healthy hosts, percent of desired, old and new ones apart, with the floor they must not go below."""

    caption, unit, weight = "Healthy capacity", "% of desired hosts", 1.1

    def __init__(self, axes: Axes, theme: Theme) -> None:
        super().__init__(axes, theme)
        self._old = axes.fill_between(*NOTHING, color=theme.old, lw=0, zorder=1)
        self._new = axes.fill_between(*NOTHING, color=theme.new, lw=0, zorder=1)
        (self._healthy,) = axes.plot([], [], color=theme.ink, lw=1.5, zorder=3)
        self._floor = axes.axhline(0, color=theme.alarm, lw=1.3, dashes=(5, 3), zorder=4, visible=False)
        self._least = axes.annotate(
            "", (0, 0), (4, -5), "data", "offset points", color=theme.ink, font=font(8.5, True), va="top", zorder=5
        )

    @classmethod
    def is_wanted(cls, timeline: Timeline) -> bool:
        """With any sample of capacity."""
        return bool(timeline.capacity)

    def update(self, timeline: Timeline, x_end: float) -> None:
        """Move the areas."""
        samples = timeline.capacity
        x = np.array([c.at for c in samples]) - (timeline.start or 0.0)
        end = max(float(x[-1]), timeline.seconds)
        scale = np.array([100.0 / c.desired if c.desired else 0.0 for c in samples])
        edges, healthy = steps(x, np.array([c.percent for c in samples]), end)
        _, old = steps(x, np.array([c.old for c in samples]) * scale, end)
        _, new = steps(x, np.array([c.new for c in samples]) * scale, end)
        self._old.set_data(edges, np.zeros_like(edges), old)
        self._new.set_data(edges, old, old + new)
        self._healthy.set_data(edges, healthy)
        top = max(118.0, float(max(healthy.max(), (old + new).max())) * 1.08)
        self.ticks([50, 100, *([200] if top > 220 else [])], 0, top)
        self._show_floor(timeline, edges, healthy)
        self.label(self._right(timeline))

    def _show_floor(self, timeline: Timeline, edges: np.ndarray, healthy: np.ndarray) -> None:
        floor, lowest = timeline.floor_percent, timeline.lowest_percent
        self._floor.set_visible(floor is not None)
        if floor is not None:
            self._floor.set_ydata([floor, floor])
        is_dip = lowest is not None and lowest < 100
        self._least.set_visible(is_dip)
        if is_dip:
            passed = next((b for b in timeline.breaches if b.limit == "floor_percent"), None)
            when = f", below the floor from {duration_text(passed.at - (timeline.start or 0.0))}" if passed else ""
            self._least.set_text(f"min {lowest:.0f}%{when}")
            self._least.set_color(self.theme.alarm_text if passed else self.theme.ink)
            is_low = lowest < 35
            at = float(edges[int(np.argmin(healthy))])
            is_late = at > 0.6 * self.axes.get_xlim()[1]
            self._least.set(va="bottom" if is_low else "top", position=(4, 5 if is_low else -5))
            self._least.set_ha("right" if is_late else "left")
            self._least.xy = (at, float(lowest))

    def _right(self, timeline: Timeline) -> list[tuple[float, str, str, bool]]:
        theme, last, rows = self.theme, timeline.capacity[-1], []
        if timeline.floor_percent is not None:
            rows.append((timeline.floor_percent, f"{timeline.floor_percent:.0f}% floor", theme.alarm_text, False))
        rows.append((last.percent, f"{last.percent:.0f}% healthy", theme.ink, True))
        share = 100.0 / last.desired if last.desired else 0.0
        rows += [((last.old + last.new / 2) * share, f"{last.new} new", theme.new_text, True)] if last.new else []
        rows += [(last.old / 2 * share, f"{last.old} old", theme.muted, False)] if last.old else []
        return rows


class Weight(Panel):
    """How the listener splits the traffic: what most of it goes to at first is the ground, the rest stands on it."""

    caption, unit, weight = "Traffic weight", "%", 0.95

    def __init__(self, axes: Axes, theme: Theme) -> None:
        super().__init__(axes, theme)
        self._ground = axes.fill_between(*NOTHING, color=theme.blue_pale, lw=0, zorder=1)
        self._other = axes.fill_between(*NOTHING, color=theme.green, alpha=0.75, lw=0, zorder=2)
        (self._edge,) = axes.plot([], [], color=theme.green, lw=1.8, zorder=3)
        self._most = axes.annotate(
            "",
            (0, 0),
            (0, 5),
            "data",
            "offset points",
            color=theme.green_text,
            font=font(BODY_PT, True),
            ha="right",
            zorder=5,
        )
        self._most.set_path_effects(self._halo())

    @classmethod
    def is_wanted(cls, timeline: Timeline) -> bool:
        """When the split changed; a listener that sends all to one group all the time has nothing to show."""
        return any(w.percent != timeline.weights[0].percent for w in timeline.weights)

    def update(self, timeline: Timeline, x_end: float) -> None:
        """Move the areas."""
        x = np.array([w.at for w in timeline.weights]) - (timeline.start or 0.0)
        names = sorted({name for w in timeline.weights for name in w.percent})
        first = max(names, key=lambda name: timeline.weights[0].percent.get(name, 0.0))
        share = np.array([100.0 - w.percent.get(first, 0.0) for w in timeline.weights])
        edges, other = steps(x, share, max(float(x[-1]), timeline.seconds))
        self._ground.set_data(edges, other, np.full_like(edges, 100.0))
        self._other.set_data(edges, np.zeros_like(edges), other)
        self._edge.set_data(edges, np.where(other > 0, other, np.nan))
        self.ticks([50, 100], 0, 104)
        short = short_names(names)
        self._paint(short[first] == "green")
        self._name(short, first, share, edges, other)

    def _paint(self, from_green: bool) -> None:
        """Every second release goes from green back to blue: a group keeps the colour of its name."""
        theme = self.theme
        rising = theme.blue if from_green else theme.green
        self._ground.set_facecolor(theme.green if from_green else theme.blue_pale)
        self._ground.set_alpha(0.35 if from_green else 1.0)
        self._other.set_facecolor(rising)
        self._edge.set_color(rising)
        self._texts = (theme.green_text, theme.blue_text) if from_green else (theme.blue_text, theme.green_text)
        self._most.set_color(self._texts[1])

    def _name(self, short: dict[str, str], first: str, share: np.ndarray, edges: np.ndarray, other: np.ndarray) -> None:
        rest, last = " + ".join(n for name, n in short.items() if name != first) or "other", float(share[-1])
        rows = []
        if last < 100:
            rows.append(((100 + last) / 2, f"{short[first]} {100 - last:.0f}%", self._texts[0], True))
        if last > 0:
            rows.append((last / 2, f"{rest} {last:.0f}%", self._texts[1], True))
        self.label(rows)
        peak = float(share.max())
        is_hill = last < peak < 100
        self._most.set_visible(is_hill)
        if is_hill:
            self._most.set_text(f"{rest} {peak:.0f}%")
            self._most.xy = (float(edges[np.flatnonzero(other == peak)[-1]]), peak)
