"""A host that died rings an alarm minutes later, and that alarm would stop the next release."""

import pytest

from hitless.quiet import is_quiet

OK = {"StateValue": "OK", "Period": 60, "EvaluationPeriods": 2}


@pytest.mark.parametrize(
    ("alarms", "failed_at", "quiet"),
    [
        ([OK], None, True),
        ([OK], 800.0, False),
        ([OK], 750.0, True),
        ([OK, {**OK, "EvaluationPeriods": 5}], 750.0, False),
        ([OK, {**OK, "StateValue": "ALARM"}], None, False),
        ([], None, True),
    ],
    ids=["nothing failed", "not told yet", "told", "a longer memory", "it rings", "no alarm"],
)
def test_quiet_is_only_what_stays_so(alarms, failed_at, quiet):
    assert is_quiet(alarms, failed_at, 1000.0) == quiet
