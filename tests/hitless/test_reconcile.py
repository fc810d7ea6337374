"""After a run: nothing to do, or exactly what was asked for; a change that judged itself is never done again."""

import pytest

from hitless import reconcile as module
from hitless.reconcile import reconcile
from tests.hitless.records import make_run

BEGUN = ("intent", {"step": "hosts", "call": "terraform:apply", "undo": "back", "key": "k"})


@pytest.fixture
def did(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    called = []
    monkeypatch.setattr(module, "status", lambda _run: ["status"])
    monkeypatch.setattr(module, "undo", lambda run, _say: called.append("undo") or 0)
    monkeypatch.setattr(module.runner, "resume", lambda run: called.append("resume") or 0)
    return called


def test_no_run_and_a_run_that_changed_nothing_need_nothing(did, tmp_path):
    assert reconcile(tmp_path / "none", "undo", str) == 0
    assert reconcile(make_run(tmp_path / "r", dry=False, outcome="refused"), "undo", str) == 0
    assert reconcile(make_run(tmp_path / "d", BEGUN, dry=False), "undo", str) == 0
    assert did == []


@pytest.mark.parametrize("outcome", ["", "cancelled", "kernel died", "timeout"])
def test_what_was_cut_off_is_resumed_or_undone(did, tmp_path, outcome):
    run = make_run(tmp_path / "r", BEGUN, dry=False, outcome=outcome)
    assert [reconcile(run, then, str) for then in ("resume", "undo", "report")] == [0, 0, 4]
    assert did == ["resume", "undo"]


@pytest.mark.parametrize("outcome", ["rolled back", "not proven", "failed"])
def test_what_was_found_bad_is_never_done_again(did, tmp_path, outcome):
    run = make_run(tmp_path / "r", BEGUN, dry=False, outcome=outcome)
    assert [reconcile(run, then, str) for then in ("resume", "undo")] == [4, 0]
    assert did == ["undo"]


def test_a_killed_run_is_sealed_before_the_job_ends(did, tmp_path):
    run = make_run(tmp_path / "r", BEGUN, dry=False, outcome="")
    (run / module.ENVELOPE).unlink()
    reconcile(run, "report", str)
    assert (run / module.ENVELOPE).exists()
