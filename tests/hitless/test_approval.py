"""What may be carried out is what somebody approved: this runbook, these parameters, this plan."""

import asyncio

import pytest

from hitless.approval import Denied, approve, code_of, over, require_approved
from hitless.errors import NotReady
from hitless.plan import Plan
from hitless.request import Request
from hitless.run_folder import open_folder
from hitless.step import Deed
from tests.hitless.here import Here

PARAMETERS = {"DRY_RUN": False, "REASON": "test", "COUNT": 2}


def plan(what="one host"):
    return Plan("Change", [Deed("change", "terraform:apply", {"what": what}, what, "back", dict)])


@pytest.fixture
def open_it(tmp_path):
    runs = []

    def make(environment="aws", parameters=PARAMETERS, runbook_sha256="a" * 64, **asked):
        path = tmp_path / f"run{len(runs)}"
        path.mkdir()
        request = Request("05-try", "r-1", runbook_sha256, parameters=parameters, actor="alice", **asked)
        runs.append(open_folder(Here(environment), path, request))
        return runs[-1]

    yield make
    for run in runs:
        run.close()


def ask(run, shown=None):
    said = []
    asyncio.run(approve(run, shown or plan(), say=said.append))
    return "\n".join(said)


def code(run, shown=None):
    return code_of(over(run, shown or plan()))


def test_the_code_of_a_dry_run_approves_exactly_that(open_it):
    dry = open_it(parameters=PARAMETERS | {"DRY_RUN": True, "REASON": ""})
    assert code(dry)[:12] in ask(dry) and dry.approved is None
    run = open_it(approve=code(dry)[:12])
    with pytest.raises(NotReady, match="has not been approved"):
        require_approved(run, plan())
    ask(run)
    require_approved(run, plan())
    assert run.approved["by"] == "alice" and (run.path / "approval.json").exists()
    with pytest.raises(NotReady, match="has not been approved"):
        require_approved(run, plan("two hosts"))


@pytest.mark.parametrize("change", ["plan", "parameters", "runbook"])
def test_what_changed_since_voids_it(open_it, change):
    approved = code(open_it())
    shown = plan("two hosts") if change == "plan" else plan()
    parameters = PARAMETERS | {"COUNT": 3} if change == "parameters" else PARAMETERS
    run = open_it(parameters=parameters, runbook_sha256=("b" if change == "runbook" else "a") * 64, approve=approved)
    with pytest.raises(NotReady, match="not what would be done"):
        ask(run, shown)
    assert run.approved is None


def test_nobody_approving_is_a_refusal_that_names_the_code(open_it):
    run = open_it()
    with pytest.raises(NotReady, match=f"--approve {code(run)[:12]}"):
        ask(run)


@pytest.mark.parametrize("length", [0, 1, 11])
def test_a_code_too_short_approves_nothing(open_it, length):
    with pytest.raises(NotReady):
        ask(open_it(approve=code(open_it())[:length]))


def test_only_the_lab_rehearses_unapproved(open_it):
    ask(open_it("lab", approve="lab"))
    with pytest.raises(NotReady, match="Only a rehearsal"):
        ask(open_it("aws", approve="lab"))


def test_a_file_says_who_and_over_what(open_it):
    digests = over(open_it(), plan())
    run = open_it(approval={"by": "bob", "source": "github-environment: prod", "over": digests})
    assert "approved by bob (github-environment: prod)" in ask(run)
    for wrong in ({}, {"by": "bob"}, {"over": digests}, {"by": "bob", "over": digests | {"plan": "0" * 64}}):
        with pytest.raises(NotReady):
            ask(open_it(approval=wrong or {"by": ""}))


@pytest.mark.parametrize("pressed", [True, False])
def test_in_jupyterlab_a_button_says_it(open_it, monkeypatch, pressed):
    monkeypatch.setenv("JPY_SESSION_NAME", "notebook")
    from hitless import approval_box

    boxes = []
    monkeypatch.setattr(approval_box, "display", boxes.append)
    run = open_it()

    async def press():
        asked = asyncio.ensure_future(approve(run, plan(), say=str))
        while not boxes:  # noqa: ASYNC110 - there is nothing to wait for but the other task
            await asyncio.sleep(0)
        boxes[0].children[0 if pressed else 1].click()
        await asked

    if pressed:
        asyncio.run(press())
        assert run.approved["source"] == "button"
    else:
        with pytest.raises(Denied):
            asyncio.run(press())
        assert run.approved is None
