"""The panels of the chart: latency, requests, capacity, weights. Each keeps its artists and moves them.

A panel has a caption at its top left and its values as labels at the right edge; no legend, no y label, no spines.
x is seconds since the start of the run, in AWS time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from hitless.finding import LATE_MS, number, short_names
from hitless.theme import Theme, font
from hitless.timeline import Timeline

BODY_PT, CAPTION_PT = 9.0, 9.5
LABEL_GAP_PT = 12.5
NOTHING = ([0.0, 0.0], [1.0, 1.0], [1.0, 1.0])


class Panel:
    """One axes with a caption, a hairline grid and labels at the right edge."""

    caption = unit = ""
    weight = 1.0
    """Share of the height, among the panels shown."""

    def __init__(self, axes: Axes, theme: Theme) -> None:
        self.axes, self.theme = axes, theme
        self._labels: list = []
        axes.set_facecolor("none")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, pad=6, labelcolor=theme.muted)
        axes.xaxis.set_major_locator(NullLocator())
        axes.grid(axis="y", color=theme.hairline, linewidth=0.8)
        axes.set_axisbelow(True)
        title = axes.annotate(
            self.caption, (0, 1), (0, 6), "axes fraction", "offset points", color=theme.ink, font=font(CAPTION_PT, True)
        )
        beside = (title, "axes fraction")
        axes.annotate(self.unit, (1, 1), (6, 6), beside, "offset points", color=theme.muted, font=font(CAPTION_PT))

    @classmethod
    def is_wanted(cls, timeline: Timeline) -> bool:
        """Whether the run has anything for this panel."""
        raise NotImplementedError

    def update(self, timeline: Timeline, x_end: float) -> None:
        """Show the run as it stands."""
        raise NotImplementedError

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


class Latency(Panel):
    """p50, p95 and p99 of each window on a log axis; one ramp of ink, for their order needs no hue."""

    caption, unit, weight = "Latency at the load balancer", "ms, of the requests that succeeded", 1.75

    def __init__(self, axes: Axes, theme: Theme) -> None:
        super().__init__(axes, theme)
        axes.set_xlim(0, 1)
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
        styles = (("p50_ms", theme.ink_3, 1.1), ("p95_ms", theme.ink_2, 1.1), ("p99_ms", theme.ink, 1.5))
        self._lines = {
            name: axes.plot([], [], color=colour, lw=width, zorder=3, solid_joinstyle="round")[0]
            for name, colour, width in styles
        }
        self._over = axes.fill_between(*NOTHING, color=theme.alarm, alpha=0.2, lw=0, zorder=1)
        self._late = axes.fill_between(*NOTHING, color=theme.muted, alpha=0.13, lw=0, zorder=0)
        self._late_note = axes.text(0, 0, "prober late", color=theme.muted, font=font(8.5), va="top", visible=False)
        self._limit = axes.axhline(1, color=theme.alarm, lw=1.3, dashes=(5, 3), zorder=2, visible=False)
        self._limit_text = axes.annotate(
            "",
            (0, 1),
            (5, 4),
            axes.get_yaxis_transform(),
            "offset points",
            color=theme.alarm_text,
            font=font(8.5),
            zorder=4,
        )
        self._limit_text.set_path_effects(self._halo())

    @classmethod
    def is_wanted(cls, timeline: Timeline) -> bool:
        """With any window."""
        return bool(timeline.windows)

    def update(self, timeline: Timeline, x_end: float) -> None:
        """Move the lines."""
        x, width = middles(timeline)
        series = {name: figures(timeline, name) for name in self._lines}
        for name, line in self._lines.items():
            line.set_data(x, series[name])
        limit_ms = timeline.limits.get("p99_ms")
        low, high = self._axis([*series.values()], limit_ms)
        self._show_limit(limit_ms, x, series["p99_ms"])
        self._show_lateness(timeline, x, width, low, high)
        self.label(self._right(series))

    def _axis(self, series: list[np.ndarray], limit_ms: float | None) -> tuple[float, float]:
        known = [v for values in series for v in values[np.isfinite(values) & (values > 0)]] or [1.0, 10.0]
        least, most = min(known), max([*known, *([limit_ms] if limit_ms else [])])
        low, high = least * 0.75, max(most * 1.25, least * 4)
        if limit_ms is not None:
            high = max(high, limit_ms * (limit_ms / low) ** 0.17)  # room for the limit's name above its line
        nice = [m * 10.0**e for e in range(-3, 6) for m in ((1, 2, 5) if high / low < 2000 else (1,))]
        self.ticks([v for v in nice if low <= v <= high], low, high)
        return low, high

    def _show_limit(self, limit_ms: float | None, x: np.ndarray, p99: np.ndarray) -> None:
        for artist in (self._limit, self._limit_text):
            artist.set_visible(limit_ms is not None)
        if limit_ms is None:
            return
        self._limit.set_ydata([limit_ms, limit_ms])
        self._limit_text.xy = (0, limit_ms)
        self._limit_text.set_text(f"p99 limit {limit_ms:g} ms")
        over = np.where(np.isfinite(p99), np.maximum(p99, limit_ms), limit_ms)
        self._over.set_data(x, np.full_like(x, limit_ms), over)

    def _show_lateness(self, timeline: Timeline, x: np.ndarray, width: np.ndarray, low: float, high: float) -> None:
        late = np.array([w.lag_ms > LATE_MS for w in timeline.windows])
        edges, tops = steps(x - width / 2, np.where(late, high, low), float((x + width / 2)[-1]))
        self._late.set_data(edges, np.full_like(edges, low), tops)
        self._late_note.set_visible(bool(late.any()))
        if late.any():
            is_early = float(x[late][0]) < 0.3 * float(x[-1])
            self._late_note.set_position((float((x - width / 2)[late][0]), high**0.8 * low**0.2 if is_early else high))

    def _right(self, series: dict[str, np.ndarray]) -> list[tuple[float, str, str, bool]]:
        rows = []
        for name in self._lines:
            known = series[name][np.isfinite(series[name])]
            if len(known):
                text = f"{name.removesuffix('_ms')}  {figure(float(known[-1]))} ms"
                colour = self.theme.ink if name == "p99_ms" else self.theme.muted
                rows.append((float(known[-1]), text, colour, name == "p99_ms"))
        return rows


class Requests(Panel):
    """Requests a second as a pale area, failed ones as stems: to scale when many, long enough to be seen when few."""

    caption, unit, weight = "Requests and failures", "per second", 0.62
    SHORTEST = 0.4

    def __init__(self, axes: Axes, theme: Theme) -> None:
        super().__init__(axes, theme)
        self._area = axes.fill_between(*NOTHING, color=theme.volume, lw=0, zorder=1)
        self._stems = axes.vlines([], 0, 0, color=theme.alarm, lw=1.7, zorder=4)
        (self._dots,) = axes.plot([], [], "o", color=theme.alarm, ms=3.8, mew=0, zorder=5, clip_on=False)

    @classmethod
    def is_wanted(cls, timeline: Timeline) -> bool:
        """With any window."""
        return bool(timeline.windows)

    def update(self, timeline: Timeline, x_end: float) -> None:
        """Move the area and the stems."""
        windows = timeline.windows
        x, width = middles(timeline)
        rate = np.array([w.sent / w.seconds for w in windows])
        failed = np.array([w.failures / w.seconds for w in windows])
        top = max(1.0, float(rate.max()))
        self.ticks([0, nice_below(top)], 0, top * 1.12)
        edges, heights = steps(x - width / 2, rate, float((x + width / 2)[-1]))
        self._area.set_data(edges, np.zeros_like(edges), heights)
        is_bad = failed > 0
        seen = self.SHORTEST + (0.95 - self.SHORTEST) * failed[is_bad] / max(1e-9, float(failed.max()))
        heights = np.maximum(failed[is_bad], seen * top)
        self._stems.set_segments([[(at, 0), (at, h)] for at, h in zip(x[is_bad], heights, strict=True)])
        self._dots.set_data(x[is_bad], heights)
        theme, total = self.theme, timeline.failures
        verdict = f"{number(total)} failed" if total else "0 failed"
        typical = float(np.median(rate))
        self.label([(typical, f"{typical:.0f}/s", theme.muted, False), (0.1 * top, verdict, self._tone(total), True)])

    def _tone(self, failures: int) -> str:
        return self.theme.alarm_text if failures else self.theme.green_text


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
            self._least.set_text(f"min {lowest:.0f}%")
            is_low = lowest < 35
            self._least.set(va="bottom" if is_low else "top", position=(4, 5 if is_low else -5))
            self._least.xy = (float(edges[int(np.argmin(healthy))]), float(lowest))

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
        self._name(short_names(names), first, share, edges, other)

    def _name(self, short: dict[str, str], first: str, share: np.ndarray, edges: np.ndarray, other: np.ndarray) -> None:
        rest, last = " + ".join(n for name, n in short.items() if name != first) or "other", float(share[-1])
        theme, rows = self.theme, []
        if last < 100:
            rows.append(((100 + last) / 2, f"{short[first]} {100 - last:.0f}%", theme.blue_text, True))
        if last > 0:
            rows.append((last / 2, f"{rest} {last:.0f}%", theme.green_text, True))
        self.label(rows)
        peak = float(share.max())
        is_hill = last < peak < 100
        self._most.set_visible(is_hill)
        if is_hill:
            self._most.set_text(f"{rest} {peak:.0f}%")
            self._most.xy = (float(edges[np.flatnonzero(other == peak)[-1]]), peak)


PANELS = (Latency, Requests, Hosts, Weight)


def middles(timeline: Timeline) -> tuple[np.ndarray, np.ndarray]:
    """Where the windows' middles are on the axis, and how wide they are."""
    at = np.array([w.at for w in timeline.windows]) - (timeline.start or 0.0)
    width = np.array([w.width_s for w in timeline.windows])
    return at + width / 2, width


def figures(timeline: Timeline, name: str) -> np.ndarray:
    """One figure of every window; NaN, a gap in the line, where nothing succeeded."""
    values = (getattr(w, name) for w in timeline.windows)
    return np.array([math.nan if v is None else v for v in values], dtype=float)


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


def nice_below(value: float) -> float:
    """The largest of 1, 2, 5, 10, 20 … that does not exceed a value of at least 1."""
    return max(m * 10.0**e for e in range(7) for m in (1, 2, 5) if m * 10.0**e <= max(1.0, value))


def figure(milliseconds: float) -> str:
    """Milliseconds as people read them: "0.4", "3.1", "74"."""
    return f"{milliseconds:.0f}" if milliseconds >= 10 else f"{milliseconds:.2g}"
