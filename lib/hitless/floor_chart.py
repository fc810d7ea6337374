"""The true floor of a refresh over the number of hosts: what was asked, what comes of it, what the lab did."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from hitless.arithmetic import name_of, percents
from hitless.figure import Card
from hitless.font import font
from hitless.refresh import RefreshSettings
from hitless.theme import Theme
from hitless.verdict import Verdict

SIZES_MAX = 100  # looked at for the headline, however many are drawn


def draw_floors(
    counts: Sequence[int],
    careless: RefreshSettings,
    careful: RefreshSettings,
    *,
    seen: Verdict | None = None,
    theme: str = "light",
) -> Card:
    """Draw the floors of two settings.

    Args:
        counts: Numbers of hosts.
        careless: The settings that do not keep what they seem to promise.
        careful: Those that do.
        seen: What the lab really went down to with the careless settings, from `arithmetic.prove` over `counts`.
        theme: "light" or "dark".
    """
    asked = careless.min_healthy_percent
    sizes = range(1, SIZES_MAX + 1)
    broken = [n for n, percent in zip(sizes, percents(sizes, careless), strict=True) if percent < asked]
    headline = (
        f"{asked} % minimum healthy is kept only from {max(broken, default=0) + 1} hosts on, unless you send a maximum"
    )
    card = Card(
        headline, "fewest hosts in service during a refresh, percent of desired  ·  by number of hosts", theme=theme
    )
    axes, colours = card.axes, card.theme
    _frame(axes, colours, counts)
    axes.axhline(asked, color=colours.ink, lw=1.0, ls=(0, (1, 2.2)))
    _line(axes, counts, percents(counts, careful), colours.blue, 2.0)
    _line(axes, counts, percents(counts, careless), colours.alarm, 2.0)
    if seen is not None:
        went_to = [100 * int(claim.measured) / n for n, claim in zip(counts, seen.claims, strict=True)]
        style = {"facecolors": "none", "edgecolors": colours.ink, "linewidths": 1.1, "zorder": 5}
        axes.scatter(counts, went_to, s=64, **style)
        axes.scatter([counts[0] + 1], [9], s=64, **style)
        axes.annotate(
            "seen in the lab",
            (counts[0] + 1, 9),
            (9, 0),
            textcoords="offset points",
            va="center",
            color=colours.ink,
            font=font(9.0),
        )
    _label(axes, counts, 101, name_of(careful).partition(", ")[2], colours.blue_text)
    _label(axes, counts, 83, name_of(careless).partition(", ")[2], colours.alarm_text)
    _label(axes, counts, 92, f"asked: {asked} %", colours.ink)
    card.type()
    return card


def _frame(axes: Axes, theme: Theme, counts: Sequence[int]) -> None:
    axes.set_xlim(counts[0] - 0.5, counts[-1] + 0.3)
    axes.set_ylim(-4, 106)
    axes.set_xticks(list(counts))
    axes.set_yticks([0, 50, 90, 100], ["0 %", "50 %", "90 %", "100 %"])
    axes.grid(axis="y", color=theme.hairline, lw=0.8)


def _line(axes: Axes, counts: Sequence[int], values: Sequence[float], colour: str, width: float) -> None:
    axes.plot(counts, values, color=colour, lw=width, marker="o", ms=4.5, solid_capstyle="round", zorder=3)


def _label(axes: Axes, counts: Sequence[int], y: float, words: str, colour: str) -> None:
    place = (counts[-1], y), (12, 0)
    axes.annotate(
        words,
        place[0],
        place[1],
        textcoords="offset points",
        color=colour,
        font=font(9.0, True),
        va="center",
        annotation_clip=False,
    )
