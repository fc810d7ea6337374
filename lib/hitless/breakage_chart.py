"""What each safety is worth: the share of requests users lose with it and without it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hitless.breakage import Breakage
from hitless.figure import Card
from hitless.finding import number
from hitless.font import font

NOTHING = 0.01  # percent; where "none" stands on the logarithmic axis
TICKS = (NOTHING, 0.1, 1.0, 10.0, 100.0)


def draw_breakages(told: Sequence[Breakage], headline: str, theme: str = "light") -> Card:
    """Draw one line a scenario, from the loss with the safety to the loss without it.

    Args:
        told: Scenarios, drawn from top to bottom.
        headline: The finding.
        theme: "light" or "dark".
    """
    subtitle = (
        "share of requests that failed from the change's beginning to its end, percent  ·  rehearsed on virtual time"
    )
    card = Card(headline, subtitle, height_in=1.5 + 0.42 * len(told), theme=theme, left=0.27, right=0.93)
    axes, colours = card.axes, card.theme
    axes.set(xlim=(math.log10(NOTHING) - 0.15, 2.1), ylim=(len(told) - 0.5, -0.8))
    axes.set_xticks([math.log10(tick) for tick in TICKS], ["none", "0.1 %", "1 %", "10 %", "all"])
    axes.set_yticks(range(len(told)), [one.safety for one in told])
    axes.grid(axis="x", color=colours.hairline, lw=0.8)
    for row, one in enumerate(told):
        _row(card, row, one)
    axes.annotate(
        "with it",
        (_x(told[0].kept.seen.failed_percent), -0.55),
        color=colours.blue_text,
        font=font(9.0, True),
        ha="center",
    )
    axes.annotate(
        "without it",
        (_x(told[0].removed.seen.failed_percent), -0.55),
        color=colours.alarm_text,
        font=font(9.0, True),
        ha="center",
    )
    card.type()
    return card


def _row(card: Card, row: int, one: Breakage) -> None:
    kept, removed = _x(one.kept.seen.failed_percent), _x(one.removed.seen.failed_percent)
    card.axes.plot([kept, removed], [row, row], color=card.theme.ink_3, lw=1.4, zorder=2)
    card.axes.scatter([removed], [row], s=70, color=card.theme.alarm, zorder=3)
    card.axes.scatter([kept], [row], s=34 if kept == removed else 70, color=card.theme.blue, zorder=4)
    failed = one.removed.seen.failed
    words = f"{number(failed)} failed" if failed else f"none failed; {one.removed.ended}"
    place = {"xytext": (9, 0), "textcoords": "offset points", "va": "center"}
    near_edge = removed > 1.4
    place |= {"xytext": (-9, 9), "ha": "right"} if near_edge else {}
    card.axes.annotate(words, (removed, row), color=card.theme.alarm_text, font=font(8.6), **place)


def _x(percent: float) -> float:
    return math.log10(max(NOTHING, percent))
