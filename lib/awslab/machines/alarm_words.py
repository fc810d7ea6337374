"""What an alarm says of itself: StateReason and StateReasonData in CloudWatch's words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from awslab.machines.evaluation import ALARM, BREACHING, IGNORE, INSUFFICIENT_DATA, MISSING, NOT_BREACHING, WORDS

INITIAL = "Unchecked: Initial alarm creation"
TREATED_AS = {BREACHING: "Breaching", NOT_BREACHING: "NonBreaching", IGNORE: "Ignored", MISSING: "Missing"}


def reason(
    state: str,
    points: Sequence[tuple[float, float]],
    filled: int,
    *,
    comparison: str,
    threshold: float,
    periods: int,
    to_alarm: int,
    m_of_n: int,
    missing: str,
) -> str:
    """Why the alarm is in this state.

    Args:
        state: The new state.
        points: The (time, value) pairs it was judged by, newest first.
        filled: How many missing ones were made up.
        comparison: ComparisonOperator.
        threshold: Threshold.
        periods: EvaluationPeriods.
        to_alarm: DatapointsToAlarm.
        m_of_n: How many data points `points` were picked from when DatapointsToAlarm was given, else 0.
        missing: TreatMissingData.
    """
    if state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {_count(periods, 'datapoint')} {_were(periods)} unknown."
    made_up = f"{_count(filled, 'missing datapoint')} {_were(filled)} treated as [{TREATED_AS[missing]}]"
    if not points:
        return f"Threshold Crossed: no datapoints were received for {_count(periods, 'period')} and {made_up}."
    listed = ", ".join(f"{value} ({_moment(at)})" for at, value in points)
    is_not = "" if state == ALARM else "not "
    crossed = f"{is_not}{WORDS[comparison]} the threshold ({threshold})"
    if m_of_n:
        needed = to_alarm if state == ALARM else periods - to_alarm + 1
        return f"Threshold Crossed: {_out_of(state, len(points), m_of_n, f'[{listed}]', crossed, needed)}."
    said = f"{_count(len(points), 'datapoint')} [{listed}] {_were(len(points))} {crossed}"
    return f"Threshold Crossed: {said}{f' and {made_up}' if filled else ''}."


def reason_data(
    now: float, start: float, points: Sequence[tuple[float, float]], statistic: str, period_s: int, threshold: float
) -> str:
    """The same as JSON; `points` newest first."""
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": _stamp(now),
            "startDate": _stamp(start),
            "statistic": statistic,
            "period": period_s,
            "recentDatapoints": [value for _, value in reversed(points)],
            "threshold": threshold,
            "evaluatedDatapoints": [{"timestamp": _stamp(at), "value": value} for at, value in points],
        }
    )


def _out_of(state: str, n: int, of: int, listed: str, crossed: str, needed: int) -> str:
    way = "OK -> ALARM" if state == ALARM else "ALARM -> OK"
    minimum = f"(minimum {_count(needed, 'datapoint')} for {way} transition)"
    return f"{n} out of the last {of} datapoints {listed} {_were(n)} {crossed} {minimum}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d/%m/%y %H:%M:%S")


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
