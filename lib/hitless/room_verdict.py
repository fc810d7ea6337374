"""What the control room can claim when it closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitless.samples import ProbeSummary
from hitless.timeline import Timeline
from hitless.verdict import Verdict

if TYPE_CHECKING:
    from hitless.control_room import ControlRoom

AFTER_S = 120.0  # what a fault did may be felt that long after it


def judge(room: ControlRoom, timeline: Timeline, summary: ProbeSummary | None, is_as_before: bool) -> Verdict:
    """Claim that all was watched, that users were failed only on purpose, and that nothing is left half done.

    Args:
        room: Whose deeds; all have ended.
        timeline: What was seen.
        summary: What the probe saw; None when it did not end well.
        is_as_before: The deployment group has the settings it had.
    """
    verdict = Verdict()
    verdict.at_least("requests sent", summary.sent if summary else None, 1)
    verdict.equal("requests unaccounted for", summary.unaccounted if summary else None, 0)
    verdict.equal("requests failed that nobody let fail", _unexplained(room, timeline), 0)
    for deed in room.deeds:
        verdict.claim(deed.name, measured=deed.end or "not ended", limit="ended", holds=bool(deed.end))
    return verdict.equal("the deployment group is as it was", is_as_before, True)


def _unexplained(room: ControlRoom, timeline: Timeline) -> int:
    """Failed requests outside the time of faults and bad releases."""
    spans = [
        (deed.began, (deed.ended or timeline.end or 0.0) + AFTER_S)
        for deed in [*room.deeds, *room.faults]
        if deed.harms
    ]
    return sum(w.failures for w in timeline.windows if not any(start <= w.end and w.at <= end for start, end in spans))
