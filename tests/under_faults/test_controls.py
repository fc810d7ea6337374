"""Each safety of the table taken away: then the table's own tests see what it keeps off."""

import pytest
from botocore.exceptions import ClientError

from hitless import wait
from hitless.errors import NotRecorded
from hitless.images import build_release
from hitless.miniature import APP, NAME
from hitless.release import plan_release
from hitless.step import Step
from tests.under_faults.operations import OPERATIONS
from tests.under_faults.table import FAULTS, WENT_THROUGH, play


@pytest.fixture
def without_delivery(monkeypatch):
    """The SDK's own retries, and nobody who looks for what an unanswered call has made."""

    def make(step, here):
        answer = getattr(here.client(step.service), step.operation)(**step.arguments)
        return {name: value for name, value in answer.items() if isinstance(value, str | int)}, ""

    monkeypatch.setattr(Step, "make", make)
    monkeypatch.setattr(Step, "find", lambda _step, _here, _since_s: None)


def test_without_adoption_a_lost_response_makes_two_revisions(scene, monkeypatch, without_delivery):
    cell = play(scene, OPERATIONS["release"], FAULTS["response lost"], monkeypatch)
    assert cell.started[2] == 2


@pytest.mark.parametrize("operation", ["refresh", "release rollback"])
def test_without_adoption_a_lost_response_is_called_a_refusal_of_what_goes_on(
    scene, monkeypatch, without_delivery, operation
):
    cell = play(scene, OPERATIONS[operation], FAULTS["response lost"], monkeypatch)
    assert cell.ended == "Refused" and sum(cell.started) == 1 and not cell.is_true


def test_without_patience_the_watch_dies_with_aws(scene, monkeypatch):
    monkeypatch.setattr(wait, "is_passing", lambda _error: False)
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        play(scene, OPERATIONS["refresh"], FAULTS["AWS away 10 min"], monkeypatch)


@pytest.mark.parametrize("fault", ["disk full: intent", "disk full: result"])
def test_what_a_full_disk_stopped_goes_on_when_there_is_room_and_makes_nothing_twice(scene, monkeypatch, fault):
    change = plan_release(scene.here, scene.stack, build_release(APP, "2.0.0", "green", ""), "2.0.0", NAME)
    FAULTS[fault].begin(scene, None, monkeypatch)
    run = scene.run()
    with pytest.raises(NotRecorded, match="make room"):
        change.plan.run(scene.here, dry_run=False, say=str, run=run)
    scene.mend()
    answers = change.plan.run(scene.here, dry_run=False, say=scene.said.append, run=scene.run())
    assert answers["deployment"]["deploymentId"].startswith("d-") and scene.started == (0, 1, 1)


def test_a_result_that_could_not_be_written_is_found_and_not_made_again(scene, monkeypatch):
    change = plan_release(scene.here, scene.stack, build_release(APP, "2.0.0", "green", ""), "2.0.0", NAME)
    change.plan.steps = change.plan.steps[-2:]  # without the image, which may be pushed twice
    FAULTS["disk full: result"].begin(scene, None, monkeypatch)
    with pytest.raises(NotRecorded):
        change.plan.run(scene.here, dry_run=False, say=str, run=scene.run())
    scene.mend()
    assert scene.started == (0, 0, 1) and scene.past().in_doubt == ["revision"]
    change.plan.run(scene.here, dry_run=False, say=scene.said.append, run=scene.run())
    assert scene.started == (0, 1, 1) and any("found started already" in line for line in scene.said)


def test_an_undo_is_over_when_the_traffic_is_back_and_not_when_the_release_has_stopped(scene, monkeypatch):
    """The answer to StopDeployment is lost, so it is known to have stopped sooner than its rollback can have begun."""
    cell = play(scene, OPERATIONS["undo a release"], FAULTS["response lost"], monkeypatch)
    assert cell.ended == WENT_THROUGH and cell.is_true
    assert any("going back" in line for line in scene.said)


def test_nothing_goes_wrong_when_nothing_does(scene, monkeypatch):
    cell = play(scene, OPERATIONS["undo a release"], FAULTS["none"], monkeypatch)
    assert cell.ended == WENT_THROUGH and cell.failed == 0
