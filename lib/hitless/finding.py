"""What a run shows, in words and figures: the chart's headline and the table beside it."""

from __future__ import annotations

import math

from hitless.clock import duration_text, to_datetime
from hitless.timeline import Breach, Phase, Timeline

THIN_SPACE = "\u2009"
LIMITS = {"p99_ms": ("p99", " ms"), "floor_percent": ("healthy capacity", "%"), "failed_max": ("failed requests", "")}
LATE_MS = 20.0
"""A window in which the prober itself was later than this says little about the service."""


def headline(timeline: Timeline, running: bool = False) -> str:
    """The finding, in one line."""
    t = timeline
    if running:
        return f"{t.title}: {_so_far(t)}"
    rollback = next((p for p in t.phases if p.tone == "alarm" and p.end is not None), None)
    if rollback is not None:
        return _rolled_back(t, rollback)
    if t.lowest_percent is not None and t.floor_percent is not None and t.lowest_percent < t.floor_percent:
        return f"Healthy capacity fell to {t.lowest_percent:.0f}%, below the floor of {t.floor_percent:.0f}%"
    if t.failures:
        return f"{t.title}: {number(t.failures)} of {number(t.sent)} requests failed"
    if not t.windows:
        return t.title
    if t.capacity and t.capacity[0].old and not t.capacity[-1].old and t.capacity[-1].new:
        return f"{all_of(t.capacity[-1].new)} replaced without one failed request"
    return f"{t.title}: not one of {number(t.sent)} requests failed"


def subtitle(timeline: Timeline) -> str:
    """One line of facts: failures, floor, place, start."""
    t, facts = timeline, []
    if t.windows:
        share = f" ({100 * t.failures / t.sent:.2g}%)" if t.failures else ""
        facts.append(f"{number(t.failures)} of {number(t.sent)} requests failed{share}")
    if t.lowest_percent is not None:
        facts.append(f"capacity never below {t.lowest_percent:.0f}%")
    facts += [t.place] if t.place else []
    facts += [f"started {to_datetime(t.start):%Y-%m-%d %H:%M:%S} UTC"] if t.start is not None else []
    facts += ["synthetic data"] if t.synthetic else []
    return "  ·  ".join(facts)


def summary_markdown(timeline: Timeline) -> str:
    """The picture as a table, for screen readers, grep and git."""
    t, worst = timeline, [w.p99_ms for w in timeline.windows if w.p99_ms is not None]
    rows = [("requests", f"{number(t.failures)} of {number(t.sent)} failed", "0 failed")]
    rows += [(f"failed: {kind}", number(count), "0") for kind, count in failures_by_kind(t).items()]
    if worst:
        limit = f"{t.limits['p99_ms']:g} ms" if "p99_ms" in t.limits else "–"
        rows.append(("worst window's p99", f"{max(worst):.3g} ms", limit))
    if t.lowest_percent is not None:
        floor = f"{t.floor_percent:.0f}%" if t.floor_percent is not None else "–"
        rows.append(("lowest healthy capacity", f"{t.lowest_percent:.0f}% of desired", floor))
    late = sum(w.lag_ms > LATE_MS for w in t.windows)
    rows += (
        [("windows with a late prober", f"{late} of {len(t.windows)}", f"late is over {LATE_MS:g} ms")] if late else []
    )
    rows += [_breach_row(t, breach) for breach in t.breaches]
    rows += [(f"phase: {p.name}", _phase_text(t, p), "") for p in t.phases]
    table = "\n".join(f"| {name} | {measured} | {limit} |" for name, measured, limit in rows)
    return f"**{headline(t)}**  \n{subtitle(t)}\n\n| figure | measured | limit |\n|---|---|---|\n{table}\n"


def failures_by_kind(timeline: Timeline) -> dict[str, int]:
    """Failed requests of all windows, by kind."""
    kinds = sorted({kind for w in timeline.windows for kind in w.failed})
    return {kind: sum(w.failed.get(kind, 0) for w in timeline.windows) for kind in kinds}


def all_of(hosts: int) -> str:
    """Every one of some hosts."""
    return {1: "The one host", 2: "Both hosts"}.get(hosts, f"All {hosts} hosts")


def number(count: int) -> str:
    """A count with thin spaces between thousands."""
    return f"{count:,}".replace(",", THIN_SPACE)


def seconds_text(seconds: float) -> str:
    """Seconds in a sentence, rounded up, for nothing takes 0 s: "9 s", "7:30 min"."""
    if seconds < 100:
        return f"{math.ceil(seconds)} s"
    return f"{duration_text(seconds)} {'min' if seconds < 3600 else 'h'}"


def short_names(names: list[str]) -> dict[str, str]:
    """Names without the beginning they share, cut at a hyphen: "web-blue", "web-green" are "blue", "green"."""
    parts = [name.split("-") for name in names]
    shared = 0
    while len(names) > 1 and all(len(p) > shared + 1 and p[shared] == parts[0][shared] for p in parts):
        shared += 1
    return {name: "-".join(p[shared:]) for name, p in zip(names, parts, strict=True)}


def _so_far(t: Timeline) -> str:
    if not t.windows:
        return "under way"
    return (
        f"{number(t.failures)} of {number(t.sent)} requests failed so far" if t.failures else "no request failed so far"
    )


def _rolled_back(t: Timeline, rollback: Phase) -> str:
    assert rollback.end is not None
    took = seconds_text(rollback.end - rollback.start)
    began = max((p.start for p in t.phases if p.start < rollback.start), default=t.start or 0.0)
    until = [w for w in t.weights if w.at <= rollback.start]
    shifted = [w.percent for w in [*[w for w in until if w.at <= began][-1:], *[w for w in until if w.at > began]]]
    if not shifted:
        return f"{t.title}: rolled back in {took}"
    first = max(shifted[0], key=lambda name: shifted[0][name])
    most = max(100 - w.get(first, 0) for w in shifted)
    if most <= 0:
        return f"Release taken back in {took}, before it had a user"
    return f"Bad release caught at {most:.0f}% traffic and rolled back in {took}"


def _breach_row(t: Timeline, breach: Breach) -> tuple[str, str, str]:
    name, unit = LIMITS[breach.limit]
    when = duration_text(breach.at - (t.start or 0.0))
    return f"limit passed: {name}", f"{breach.value:.3g}{unit} at {when}", f"{breach.allowed:g}{unit}"


def _phase_text(t: Timeline, phase: Phase) -> str:
    begins = duration_text(phase.start - (t.start or 0.0))
    return f"{begins} – {duration_text(phase.end - (t.start or 0.0))}" if phase.end is not None else f"{begins} –"
