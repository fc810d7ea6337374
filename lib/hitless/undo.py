"""Undo what a run has done, last first: turn round what is going, take back what went through, leave the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hitless import runner
from hitless.connect import Connection
from hitless.ending import DONE, Ending, read_past, write_outcome
from hitless.errors import Refused
from hitless.in_flight import GOING, GOOD, Stand, read_stands
from hitless.parameters_cell import read_parameters
from hitless.past import Past
from hitless.plan import Plan
from hitless.provisioning import EVERYTHING, MAKE
from hitless.request import Request, ticket_of, who
from hitless.run_folder import RUNBOOKS, RUNS, RunFolder, open_folder
from hitless.status import connect_as, read_request
from hitless.wait import wait_until

TIMEOUT_S = 3 * 3600.0
POLL_S = 15.0
NAME = "undo"


def undo(run_dir: Path, say: Callable[[str], object] = print) -> int:
    """Undo a run.

    What still goes on is turned round by AWS itself (a refresh rolls back, a deployment stops and its traffic goes
    back). What went through is taken back by the runbook made for that, with the same parameters, under load, with a
    record of its own. What did not go through, and what nothing runs, needs nothing.

    Args:
        run_dir: The run's folder.
        say: Receives each line.

    Returns:
        0 when everything is undone or needed nothing; else what the first undoing that failed ended with.

    Raises:
        Refused: That folder is no run's, or what was done cannot be undone; nothing was changed.
        TimedOut: AWS still turns something round.
    """
    request, past = read_request(run_dir), read_past(run_dir) or Past()
    if not past.changed_something:
        say("nothing was changed, so there is nothing to undo")
        return DONE
    here = connect_as(request)
    stands = read_stands(here, past)
    _refuse_what_cannot_be(stands, past)
    if any(stand.state == GOING for stand in stands):
        _turn_round(here, request, past, say)
        stands = read_stands(here, past)
    for stand in reversed(stands):
        if code := _take_back(stand, request, past, say):
            return code
    say(f"undone: {request.runbook}, run {request.run_id}")
    return DONE


def _refuse_what_cannot_be(stands: list[Stand], past: Past) -> None:
    if EVERYTHING in {stand.name for stand in stands}:
        raise Refused("What was destroyed cannot be undone.", do="runbooks/10-provision.ipynb makes a new one")
    if MAKE in {stand.name for stand in stands} and past.plan["facts"]["existed"]:
        do = "bring the variables and modules back to what they were, and run 10-provision again"
        raise Refused("Terraform changed what was there before: only Terraform can change it back.", do=do)


def _turn_round(here: Connection, request: Request, past: Past, say: Callable[[str], object]) -> None:
    """Ask AWS to turn round what is going, and wait until it has."""
    run = _open(here, request)
    try:
        stops = [stand.stop for stand in reversed(read_stands(here, past)) if stand.stop is not None]
        Plan(f"Undo {request.runbook}", stops).run(here, dry_run=False, say=say, run=run)
    finally:
        run.close()
    wait_until(
        lambda: [stand for stand in read_stands(here, past) if stand.state == GOING],
        lambda going: not going,
        what="what is going to have turned round",
        clock=here.clock,
        timeout_s=TIMEOUT_S,
        every_s=POLL_S,
        show=lambda going: "; ".join(stand.words for stand in going) or "it has",
        say=say,
    )
    write_outcome(run.path, Ending("done", DONE))


def _open(here: Connection, request: Request) -> RunFolder:
    folder = runner.new_folder(RUNS / NAME)
    wanted = {**request.parameters, "REASON": _reason(request), "DRY_RUN": False}
    undoing = Request(NAME, folder.name, parameters=wanted, actor=who(), undoes=request.run_id)
    undoing.write(folder)
    return open_folder(here, folder, undoing)


def _reason(request: Request) -> str:
    reason = str(request.parameters.get("REASON", ""))
    ticket = ticket_of(reason)
    return f"{ticket + ': ' if ticket else ''}undo of run {request.run_id}"


def _take_back(stand: Stand, request: Request, past: Past, say: Callable[[str], object]) -> int:
    if stand.state != GOOD or stand.call not in BACK:
        say(f"{stand.name}: {stand.state}, nothing to take back")
        return DONE
    runbook, parameters = BACK[stand.call](past.plan["facts"])
    if not runbook:
        say(f"{stand.name}: nothing runs it, nothing to take back")
        return DONE
    path = RUNBOOKS / f"{runbook}.ipynb"
    known = {name: value for name, value in request.parameters.items() if name in read_parameters(path)}
    say(f"{stand.name}: {stand.state}; {runbook} takes it back")
    given = {**known, **parameters, "REASON": _reason(request), "DRY_RUN": False}
    return runner.run(path, given, settings=runner.Settings(undoes=request.run_id))


def _hosts(facts: Mapping) -> tuple[str, dict]:
    return "41-roll-back-hosts", {"TO_VERSION": facts["before"]}


def _release(facts: Mapping) -> tuple[str, dict]:
    return "40-roll-back-app", {"TO_REVISION": facts["before"].rpartition(":")[2]}


def _terraform(facts: Mapping) -> tuple[str, dict]:
    """A new environment goes; a launch template version that no group names may stay."""
    return ("90-tear-down", {}) if facts.get("existed") is False else ("", {})


BACK: dict[str, Callable[[Mapping], tuple[str, dict]]] = {
    "autoscaling:start_instance_refresh": _hosts,
    "codedeploy:create_deployment": _release,
    "terraform:apply": _terraform,
}
