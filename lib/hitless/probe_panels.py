"""What the probe saw: latency, and requests with their failures."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from hitless.clock import duration_text
from hitless.columns import outline
from hitless.finding import LATE_MS, number
from hitless.font import font
from hitless.panel import NOTHING, Panel, steps
from hitless.theme import Theme
from hitless.timeline import Breach, Timeline

POINTS_MAX = 1500  # two a pixel of the record; an hour has five times as many windows


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
        self._late_note = axes.text(
            0, 0, "prober late", color=theme.muted, font=font(8.5), va="top", visible=False, zorder=5
        )
        self._late_note.set_path_effects(self._halo())
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
        (self._passed,) = axes.plot([], [], "o", color=theme.alarm, ms=4.5, mew=0, zorder=5)
        self._passed_text = axes.annotate(
            "", (0, 1), (0, 4), "data", "offset points", color=theme.alarm_text, font=font(8.5, True), zorder=5
        )
        self._passed_text.set_path_effects(self._halo())

    @classmethod
    def is_wanted(cls, timeline: Timeline) -> bool:
        """With any latency: a rehearsal counts requests and measures none."""
        return any(window.p99_ms is not None or not window.ok for window in timeline.windows)

    def moving(self) -> list:
        """The three lines, too."""
        return [*super().moving(), *self._lines.values()]

    def update(self, timeline: Timeline, x_end: float) -> None:
        """Move the lines."""
        x, width = middles(timeline)
        series = {name: timeline.columns[name] for name in self._lines}
        for name, line in self._lines.items():
            seen = outline(series[name], POINTS_MAX)
            line.set_data(x[seen], series[name][seen])
        limit_ms = timeline.limits.get("p99_ms")
        low, high = self._axis([*series.values()], limit_ms)
        self._show_limit(limit_ms, x, series["p99_ms"])
        self._show_breaches([b for b in timeline.breaches if b.limit == "p99_ms"], timeline.start or 0.0, x_end)
        self._show_lateness(timeline, x, width, low, high)
        self.label(self._right(series))

    def _axis(self, series: list[np.ndarray], limit_ms: float | None) -> tuple[float, float]:
        known = np.concatenate([values[np.isfinite(values) & (values > 0)] for values in series])
        least, most = (float(known.min()), float(known.max())) if len(known) else (1.0, 10.0)
        most = max(most, limit_ms or most)
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
        seen = outline(over, POINTS_MAX)
        self._over.set_data(x[seen], np.full(len(seen), limit_ms), over[seen])

    def _show_breaches(self, breaches: list[Breach], start: float, x_end: float) -> None:
        """A dot where the limit was passed each time; the first says when and by what."""
        self._passed.set_data([b.at - start for b in breaches], [b.value for b in breaches])
        self._passed_text.set_visible(bool(breaches))
        if breaches:
            first = breaches[0]
            at = first.at - start
            self._passed_text.set_text(f"{figure(first.value)} ms at {duration_text(at)}")
            is_late = at > 0.34 * x_end  # then the room before it is free: the line was below the limit there
            self._passed_text.set(ha="right" if is_late else "left", position=(-6 if is_late else 0, 4))
            self._passed_text.xy = (
                at if is_late else max(at, 0.16 * x_end),
                first.allowed,
            )  # clear of the limit's name

    def _show_lateness(self, timeline: Timeline, x: np.ndarray, width: np.ndarray, low: float, high: float) -> None:
        late = timeline.columns["lag_ms"] > LATE_MS
        if not late.any():
            self._late.set_data(*NOTHING)
            self._late_note.set_visible(False)
            return
        edges, tops = steps(x - width / 2, np.where(late, high, low), float((x + width / 2)[-1]))
        self._late.set_data(edges, np.full_like(edges, low), tops)
        self._late_note.set_visible(True)
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
    """Requests a second as a pale area, failed ones as stems, to scale but never too short to be seen."""

    caption, unit, weight = "Requests and failures", "per second", 0.62
    SHORTEST = 0.08  # of the axis: a failure that nobody can see is a lie

    def __init__(self, axes: Axes, theme: Theme) -> None:
        super().__init__(axes, theme)
        self._area = axes.fill_between(*NOTHING, color=theme.volume, lw=0, zorder=1)
        self._stems = axes.vlines([], 0, 0, color=theme.alarm, lw=1.7, zorder=4)
        (self._dots,) = axes.plot([], [], "o", color=theme.alarm, ms=3.8, mew=0, zorder=5, clip_on=False)
        self._passed = axes.axvline(0, color=theme.alarm, lw=1.3, dashes=(5, 3), zorder=3, visible=False)
        self._passed_text = axes.annotate(
            "",
            (0, 1),
            (5, -1),
            ("data", "axes fraction"),
            "offset points",
            color=theme.alarm_text,
            font=font(8.5, True),
            va="top",
            zorder=6,
        )
        self._passed_text.set_path_effects(self._halo())

    @classmethod
    def is_wanted(cls, timeline: Timeline) -> bool:
        """With any window."""
        return bool(timeline.windows)

    def update(self, timeline: Timeline, x_end: float) -> None:
        """Move the area and the stems."""
        x, width = middles(timeline)
        rate, failed = (timeline.columns[name] / timeline.columns["seconds"] for name in ("sent", "failed"))
        top = max(1.0, float(rate.max()))
        self.ticks([0, nice_below(top)], 0, top * 1.12)
        seen = outline(rate, POINTS_MAX)
        edges, heights = steps((x - width / 2)[seen], rate[seen], float((x + width / 2)[-1]))
        self._area.set_data(edges, np.zeros_like(edges), heights)
        worst = outline(failed, POINTS_MAX)
        is_bad = worst[failed[worst] > 0]
        heights = np.maximum(failed[is_bad], self.SHORTEST * top)
        self._stems.set_segments([[(at, 0), (at, h)] for at, h in zip(x[is_bad], heights, strict=True)])
        self._dots.set_data(x[is_bad], heights)
        theme, total = self.theme, timeline.failures
        allowed = timeline.limits.get("failed_max")
        verdict = f"{number(total)} failed" + (f" of {allowed:.0f}" if allowed is not None else "")
        typical = float(np.median(rate))
        self.label([(typical, f"{typical:.0f}/s", theme.muted, False), (0.1 * top, verdict, self._tone(total), True)])
        self._show_gate(timeline, x_end)

    def _show_gate(self, timeline: Timeline, x_end: float) -> None:
        """Where more failed than the gate lets; there is no line for it, since failures are counted, not levelled."""
        passed = next((b for b in timeline.breaches if b.limit == "failed_max"), None)
        for artist in (self._passed, self._passed_text):
            artist.set_visible(passed is not None)
        if passed is not None:
            at = passed.at - (timeline.start or 0.0)
            is_late = at > 0.6 * x_end
            self._passed.set_xdata([at, at])
            self._passed_text.xy = (at, 1)
            self._passed_text.set(ha="right" if is_late else "left", position=(-5 if is_late else 5, -1))
            over = f"{passed.value:.0f} failed, {passed.allowed:.0f} allowed, at {duration_text(at)}"
            self._passed_text.set_text(over)

    def _tone(self, failures: int) -> str:
        return self.theme.alarm_text if failures else self.theme.green_text


def middles(timeline: Timeline) -> tuple[np.ndarray, np.ndarray]:
    """Where the windows' middles are on the axis, and how wide they are."""
    width = timeline.columns["width_s"]
    return timeline.columns["at"] - (timeline.start or 0.0) + width / 2, width


def nice_below(value: float) -> float:
    """The largest of 1, 2, 5, 10, 20 … that does not exceed a value of at least 1."""
    return max(m * 10.0**e for e in range(7) for m in (1, 2, 5) if m * 10.0**e <= max(1.0, value))


def figure(milliseconds: float) -> str:
    """Milliseconds as people read them: "0.4", "3.1", "74"."""
    return f"{milliseconds:.0f}" if milliseconds >= 10 else f"{milliseconds:.2g}"
