"""When an alarm's data points make an alarm, also when some of them are missing.

CloudWatch looks at more data points than EvaluationPeriods, the evaluation range. As long as there are enough real ones
among them, only the newest of those count, however old, and TreatMissingData does not matter: an alarm on a metric that
is only reported when something is wrong stays ALARM until its last data point has left the range.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
MISSING, IGNORE, BREACHING, NOT_BREACHING = "missing", "ignore", "breaching", "notBreaching"
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state, the positions in the range (oldest first) it was judged by, and how many data points were made up."""

    state: str
    used: tuple[int, ...]
    filled: int


def judge(breaches: Sequence[bool | None], periods: int, to_alarm: int, missing: str, current: str) -> Verdict:
    """Judge one evaluation range.

    Args:
        breaches: Whether each data point breaches, oldest first; None where there is none.
        periods: EvaluationPeriods, N.
        to_alarm: DatapointsToAlarm, M.
        missing: TreatMissingData.
        current: The alarm's state until now.
    """
    real = [i for i, breach in enumerate(breaches) if breach is not None]
    used = tuple(real[-periods:])
    breaching = sum(bool(breaches[i]) for i in used)
    filled = periods - len(used)
    if breaching >= to_alarm:
        state = ALARM
    elif not filled:
        state = OK
    elif missing == BREACHING:
        state = ALARM if breaching + filled >= to_alarm else OK
    elif missing == NOT_BREACHING or breaching < len(used):
        state = OK
    elif missing == IGNORE:
        state = current
    elif not used:
        state = INSUFFICIENT_DATA
    else:  # all there is breaches, and it is too little: wait until the oldest is as old as M data points
        state = ALARM if len(breaches) - used[0] >= to_alarm else OK
    return Verdict(state, used, filled)
