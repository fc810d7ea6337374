"""A timeline in four lines of text, for places that show no picture; a column is its worst moment, never a mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hitless.clock import duration_text
from hitless.journal import Entry
from hitless.timeline import Timeline

COLUMNS = 72
BARS = "▁▂▃▄▅▆▇█"
NONE = "·"  # nothing was measured then
Point = tuple[float, float]


def chart(entries: Iterable[Entry]) -> str:
    """Requests, failures, healthy hosts and the new release's share over a run; "" when nothing was measured."""
    line = Timeline.of(entries)
    if not line.windows:
        return ""
    begun = line.windows[0].at
    took_s = max(line.windows[-1].end - begun, 1e-9)
    rows = [
        ("requests/s", [(w.at, w.ok / w.seconds) for w in line.windows if w.seconds], min, ""),
        ("failed", [(w.at, float(w.failures)) for w in line.windows], max, ""),
        ("hosts", [(c.at, c.percent) for c in line.capacity], min, " %"),
        ("latency p99", [(w.at, w.p99_ms) for w in line.windows if w.p99_ms is not None], max, " ms"),
    ]
    drawn = [_row(name, points, worst, unit, begun, took_s) for name, points, worst, unit in rows if points]
    return "\n".join([*drawn, f"{'':12}{'0':<{COLUMNS - 8}}{duration_text(took_s):>8}"])


def _row(name: str, points: Sequence[Point], worst: Callable, unit: str, begun: float, took_s: float) -> str:
    columns: list[list[float]] = [[] for _ in range(COLUMNS)]
    for at, value in points:
        columns[min(max(int((at - begun) / took_s * COLUMNS), 0), COLUMNS - 1)].append(value)
    low, high = min(value for _, value in points), max(value for _, value in points)
    bars = "".join(_bar(worst(column), high) if column else NONE for column in columns)
    return f"{name:<12}{bars}  {low:.4g} to {high:.4g}{unit}"


def _bar(value: float, high: float) -> str:
    return BARS[round(value / high * (len(BARS) - 1))] if high > 0 else BARS[0]
