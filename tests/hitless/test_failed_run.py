"""A failure that is recorded, sealed, verified, tampered with and replayed."""

import pytest

from hitless.evidence import Evidence
from hitless.failed_run import sealed_failure
from hitless.pack import verify
from hitless.rehearsal import Rehearsal
from hitless.show import replay
from hitless.tampering import WAYS, tamper

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def failure():
    with Rehearsal(seed=3) as rehearsal:
        yield sealed_failure(rehearsal)


def test_the_record_of_a_failure_says_so_and_is_sealed(failure):
    pack, key = failure
    evidence = Evidence.read(pack)
    assert (evidence.outcome, evidence.exit_code, evidence.holds, evidence.environment) == (
        "rolled back",
        4,
        False,
        "lab",
    )
    assert {claim["name"] for claim in evidence.claims if not claim["holds"]} == {"refresh"}
    assert verify(pack, key).holds


def test_every_way_to_tamper_is_found_and_the_pack_is_left_as_it_was(failure):
    pack, key = failure
    table = tamper(pack, key)
    assert list(table["verified"]) == ["yes"] + ["NO"] * (len(WAYS) - 1)
    assert table["first thing that is wrong"].iloc[1:].ne("").all()
    assert verify(pack, key).holds


def test_the_journal_alone_draws_it_again(failure):
    timeline = replay(failure[0])
    assert [event.label for event in timeline.events] == ["InProgress", "RollbackInProgress", "RollbackSuccessful"]
    assert timeline.sent >= 10_000 and timeline.failures == 0 and timeline.lowest_percent == 100
    assert timeline.seconds >= 3600
