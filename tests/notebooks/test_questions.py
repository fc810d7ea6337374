"""The walkthrough's answers are proofs: with a cause removed, its claim fails, and only that."""

import pytest

from hitless.errors import NotProven
from hitless.miniature import NAME, Miniature, Settings
from hitless.questions import pipeline, reliability, scalability, why_ec2, zero_downtime
from hitless.refresh import RefreshSettings
from hitless.rehearsal import Rehearsal

pytestmark = pytest.mark.live
SAFE, CARELESS = RefreshSettings(), RefreshSettings(max_healthy_percent=None)


@pytest.fixture(scope="module")
def rehearsal():
    with Rehearsal(seed=3) as running:
        yield running


def answers(rehearsal, settings=SAFE, **given):
    """Every claim that fails, over all five answers."""
    rehearsal.start_over()
    here, stack = rehearsal.here, Miniature(rehearsal.here, Settings(**given)).stack
    verdicts = [
        why_ec2(here, stack),
        zero_downtime(here, stack, settings),
        pipeline(here, stack, NAME, "1.0.0", "blue"),
        scalability(here, stack),
        reliability(here, stack),
    ]
    assert sum(len(verdict.claims) for verdict in verdicts) >= 40
    return {claim.name for verdict in verdicts for claim in verdict.claims if not claim.holds}, verdicts


def test_every_answer_holds_when_nothing_is_missing(rehearsal):
    assert answers(rehearsal)[0] == set()


REMOVED = {
    "draining": ({"managed_draining": False}, {"tasks leave before their host", "managed draining"}),
    "time to finish": (
        {"deregistration_delay_s": 0},
        {"time to finish requests, web-blue", "time to finish requests, web-green"},
    ),
    "alarm": ({"alarm": False}, {"alarms stop a bad release"}),
    "test listener": ({"test_listener": False}, {"health is known before users come"}),
    "second zone": (
        {"zones": 1},
        {"zones with hosts", "zones with tasks", "share of tasks that one zone's loss takes"},
    ),
    "headroom": ({"tasks": 30}, {"room for twice the tasks", "free places, for a second set of tasks"}),
}


@pytest.mark.parametrize("cause", REMOVED)
def test_with_a_cause_removed_its_claims_fail_and_only_those(rehearsal, cause):
    given, expected = REMOVED[cause]
    failing, verdicts = answers(rehearsal, **given)
    assert failing == expected
    with pytest.raises(NotProven):
        next(verdict for verdict in verdicts if not verdict.holds).require()


def test_without_a_maximum_the_floor_is_not_what_was_asked(rehearsal):
    assert answers(rehearsal, CARELESS)[0] == {"true capacity floor"}
