"""What the probe saw: latency, and requests with their failures."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from hitless.finding import LATE_MS, number
from hitless.panel import NOTHING, Panel, steps
from hitless.theme import Theme, font
from hitless.timeline import Timeline


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
        """With any latency: a rehearsal counts requests and measures none."""
        return any(window.p99_ms is not None or not window.ok for window in timeline.windows)

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


def middles(timeline: Timeline) -> tuple[np.ndarray, np.ndarray]:
    """Where the windows' middles are on the axis, and how wide they are."""
    at = np.array([w.at for w in timeline.windows]) - (timeline.start or 0.0)
    width = np.array([w.width_s for w in timeline.windows])
    return at + width / 2, width


def figures(timeline: Timeline, name: str) -> np.ndarray:
    """One figure of every window; NaN, a gap in the line, where nothing succeeded."""
    values = (getattr(w, name) for w in timeline.windows)
    return np.array([math.nan if v is None else v for v in values], dtype=float)


def nice_below(value: float) -> float:
    """The largest of 1, 2, 5, 10, 20 … that does not exceed a value of at least 1."""
    return max(m * 10.0**e for e in range(7) for m in (1, 2, 5) if m * 10.0**e <= max(1.0, value))


def figure(milliseconds: float) -> str:
    """Milliseconds as people read them: "0.4", "3.1", "74"."""
    return f"{milliseconds:.0f}" if milliseconds >= 10 else f"{milliseconds:.2g}"
