"""What a change left behind: what went wrong, what was seen, whether its promises were kept."""

from __future__ import annotations

from dataclasses import dataclass

from hitless.errors import HitlessError
from hitless.timeline import Timeline
from hitless.verdict import Verdict


@dataclass
class Outcome:
    """The end of a change, good or bad; nothing is raised before it is on record."""

    error: HitlessError | None
    timeline: Timeline
    verdict: Verdict

    def require(self) -> None:
        """Raise what went wrong, or the claims that do not hold; called last, when everything is on record."""
        if self.error is not None:
            raise self.error
        self.verdict.require()
