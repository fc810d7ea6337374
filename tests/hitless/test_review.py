"""An approval is somebody else's, of this job's environment, and of what a finished dry run showed."""

import pytest

from hitless.errors import NotReady, Refused
from hitless.request import Request
from hitless.review import approval_of
from tests.hitless.records import make_run, plan
from tests.workflows.github import approval


@pytest.fixture(autouse=True)
def _own_key(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def dry(tmp_path):
    return make_run(tmp_path / "plan-1-1")


def test_it_says_who_and_over_what(dry):
    given = [approval("carol", "web-plan"), approval("alice", "web-apply"), approval("bob", "web-apply")]
    made = approval_of(dry, given, "web-apply")
    parameters = Request.read(dry).parameters_sha256
    assert made["by"] == "bob (GitHub)" and made["source"] == "github-environment: web-apply"
    assert made["over"] == {"runbook": "a" * 64, "parameters": parameters, "plan": plan().digest}


@pytest.mark.parametrize(
    "given",
    [
        [],
        [approval("alice", "web-apply")],
        [approval("bob", "other-apply")],
        [approval("bob", "web-apply", state="rejected")],
        [approval("bob", "web-apply", state="pending")],
    ],
)
def test_nobody_ones_own_another_environments_and_a_no_are_none(dry, given):
    with pytest.raises(NotReady, match="Nobody but who asked"):
        approval_of(dry, given, "web-apply")
    unasked = approval_of(dry, given, "web-apply", unreviewed=True)
    assert unasked["by"] == "alice (GitHub)" and "asks no reviewer" in unasked["source"]


def test_only_a_dry_run_that_came_to_its_end_can_be_approved(tmp_path):
    given = [approval("bob", "web-apply")]
    for name, how in (("real", {"dry": False}), ("died", {"outcome": ""}), ("failed", {"outcome": "failed"})):
        with pytest.raises(NotReady, match="showed no plan"):
            approval_of(make_run(tmp_path / name, **how), given, "web-apply")


def test_a_record_that_was_changed_since_is_refused(dry):
    (dry / "plan.json").write_text((dry / "plan.json").read_text().replace("every host", "nothing"))
    with pytest.raises(Refused, match="not as it was sealed"):
        approval_of(dry, [approval("bob", "web-apply")], "web-apply")
