"""What a run promised, what was measured, and whether the one kept the other."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass

from hitless.errors import NotProven
from hitless.finding import number
from hitless.samples import ProbeSummary

Figure = float | int | None
SENT_MIN = 3000  # fewer requests could all have missed a gap of a second
SENT_MIN_TAKEN_BACK = 1000  # a change that is stopped early leaves less time to ask


@dataclass(frozen=True)
class Claim:
    """One promise: what was measured, what it must keep to, and whether it does."""

    name: str
    measured: str
    limit: str
    holds: bool


class Verdict:
    """A table of claims. What was not measured does not hold.

    Each method adds one claim and returns the verdict, so they chain.
    """

    def __init__(self) -> None:
        self.claims: list[Claim] = []

    def claim(self, name: str, *, measured: str, limit: str, holds: bool) -> Verdict:
        """Add a claim in your own words."""
        self.claims.append(Claim(name, measured, limit, bool(holds)))
        return self

    def at_most(self, name: str, measured: Figure, limit: float, unit: str = "") -> Verdict:
        """Claim that a figure does not exceed a limit."""
        holds = measured is not None and measured <= limit
        return self.claim(name, measured=text_of(measured, unit), limit=f"≤ {text_of(limit, unit)}", holds=holds)

    def at_least(self, name: str, measured: Figure, limit: float, unit: str = "") -> Verdict:
        """Claim that a figure does not fall short of a limit."""
        holds = measured is not None and measured >= limit
        return self.claim(name, measured=text_of(measured, unit), limit=f"≥ {text_of(limit, unit)}", holds=holds)

    def equal(self, name: str, measured: object, wanted: object) -> Verdict:
        """Claim that two things are the same."""
        return self.claim(name, measured=text_of(measured), limit=text_of(wanted), holds=measured == wanted)

    def within(self, name: str, measured: Collection[str], allowed: Collection[str]) -> Verdict:
        """Claim that everything seen was allowed, and that something was seen; names the first that was not."""
        strangers = sorted(set(measured) - set(allowed))
        seen = f"{strangers[0]} and {len(strangers) - 1} more not among them" if strangers else f"{len(measured)} seen"
        holds = bool(measured) and not strangers
        return self.claim(name, measured=seen, limit=f"among {len(set(allowed))}", holds=holds)

    def probe(
        self,
        summary: ProbeSummary | None,
        *,
        p99_ms_max: float,
        sent_min: int = SENT_MIN,
        gap_s_max: float = 1.0,
        lag_ms_max: float = 250.0,
    ) -> Verdict:
        """Add what every probe claims: enough requests, none failed, no gap, p99 in bounds, and a prober in time.

        Args:
            summary: What the probe saw; None when it did not end well, which is claimed alone.
            p99_ms_max: Limit of the 99th percentile, ms from the intended start.
            sent_min: Fewer requests than this prove nothing.
            gap_s_max: Longest time without a success, real seconds.
            lag_ms_max: How late the prober itself may have been, ms.
        """
        if summary is None:
            limit = f"≥ {text_of(sent_min)}"
            return self.claim("requests sent", measured="the probe did not end", limit=limit, holds=False)
        self.at_least("requests sent", summary.sent, sent_min)
        kinds = ", ".join(f"{count} {kind}" for kind, count in summary.failed_by_kind.items())
        measured = f"{summary.failed}{f' ({kinds})' if kinds else ''}"
        self.claim("requests failed", measured=measured, limit="0", holds=summary.failed == 0)
        self.equal("requests unaccounted for", summary.unaccounted, 0)
        self.at_most("longest time without a success", summary.longest_gap_s, gap_s_max, "s")
        self.latency(summary, p99_ms_max)
        return self.at_most("prober's own lateness", summary.lag_ms, lag_ms_max, "ms")

    def latency(self, summary: ProbeSummary, p99_ms_max: float) -> Verdict:
        """Claim that the 99th percentile keeps to a limit, and show the median and the slowest beside it."""
        figures = (summary.p50_ms, summary.p99_ms, summary.max_ms)
        return self.claim(
            "latency p50, p99, max",
            measured=", ".join(text_of(figure, "ms") for figure in figures),
            limit=f"p99 ≤ {text_of(p99_ms_max, 'ms')}",
            holds=summary.p99_ms is not None and summary.p99_ms <= p99_ms_max,
        )

    @property
    def holds(self) -> bool:
        """Whether there are claims and all of them hold."""
        return bool(self.claims) and all(claim.holds for claim in self.claims)

    def require(self) -> Verdict:
        """Raise unless everything holds.

        Raises:
            NotProven: A claim does not hold, or there is none; it lists those that fail.
        """
        if self.holds:
            return self
        failing = [claim for claim in self.claims if not claim.holds]
        what = f"{len(failing)} of {len(self.claims)} claims do not hold." if failing else "Nothing was claimed."
        seen = {claim.name: f"{claim.measured}, wanted {claim.limit}" for claim in failing}
        raise NotProven(what, seen=seen, do="look at the timeline and the journal before anything is changed again")

    def facts(self) -> list[dict[str, object]]:
        """The claims for the journal."""
        return [asdict(claim) for claim in self.claims]

    def text(self) -> str:
        """The table for a terminal."""
        rows = [("", "claim", "measured", "limit"), *self._rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)

    def markdown(self) -> str:
        """The table for a report."""
        rows = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in self._rows())
        return "\n".join(["| | claim | measured | limit |", "|---|---|---|---|", *rows]) + "\n"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows()
        )
        return f"<table><tr><th></th><th>claim</th><th>measured</th><th>limit</th></tr>{rows}</table>"

    def __repr__(self) -> str:
        return self.text()

    def _rows(self) -> Iterator[tuple[str, str, str, str]]:
        for claim in self.claims:
            yield ("holds" if claim.holds else "FAILS", claim.name, claim.measured, claim.limit)


def text_of(value: object, unit: str = "") -> str:
    """A figure for people: "12 345", "0.004 s", "not measured"."""
    if value is None:
        return "not measured"
    if isinstance(value, bool) or not isinstance(value, int | float):
        words = str(value)
    elif isinstance(value, int) or value.is_integer():
        words = number(int(value))
    else:
        words = f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"
    return words + (unit if unit == "%" else f" {unit}" if unit else "")
