"""What a change left behind: what went wrong, what was seen, whether its promises were kept."""

from __future__ import annotations

from dataclasses import dataclass

from hitless.errors import HitlessError, NotProven, RolledBack
from hitless.timeline import Timeline
from hitless.verdict import Verdict


@dataclass
class Outcome:
    """The end of a change, good or bad; nothing is raised before it is on record."""

    error: HitlessError | None
    timeline: Timeline
    verdict: Verdict

    @property
    def failed_requests(self) -> int:
        """How many requests failed while it was watched."""
        return self.timeline.failures

    @property
    def weights_seen(self) -> frozenset[float]:
        """Every share of the traffic, percent, that some target group was seen to have."""
        return frozenset(percent for seen in self.timeline.weights for percent in seen.percent.values())

    def require(self) -> None:
        """Raise what went wrong, or the claims that do not hold; called last, when everything is on record."""
        if self.error is not None:
            raise self.error
        self.verdict.require()

    def require_rolled_back(self) -> str:
        """The opposite promise, of a change that had to be taken back: it was, and users kept what they had.

        Returns:
            Why it was taken back.

        Raises:
            NotProven: It went through, it failed in another way, or a claim does not hold.
        """
        if not isinstance(self.error, RolledBack):
            seen = {"ended": str(self.error).partition("\n")[0] if self.error else "as if it were good"}
            raise NotProven("The change was not taken back.", seen=seen, do="look at the timeline and the journal")
        self.verdict.require()
        return str(self.error)
