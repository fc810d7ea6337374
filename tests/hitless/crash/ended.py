"""A run that is ended at a moment of its journal, in one of seven ways, and what its record must then say."""

import os

from hitless.journal import read
from tests.hitless.crash.conftest import FROM_WITHIN, WAYS, of_kind

ENDS = (*WAYS, *FROM_WITHIN)
CODES = {"SIGINT": 130, "SIGTERM": 143, "runner killed": -9}  # else 3, nothing was changed; 4 is right for all
OPENED = {"opened": ("opened", {})}
PLANNED = {"planned": ("plan", {}), "approved": ("approval", {})}
CONCLUDED = {"concluded": ("concluded", {})}


def step(*names):
    """The moments of a plan's steps: each is announced before its call, and answered after."""
    kinds = {"announced": "intent", "answered": "result"}
    return {f"{name} {done}": (kind, {"step": name}) for name in names for done, kind in kinds.items()}


def end(one, moment, way):
    """Run, and end it by force or from within: the exit code."""
    if way in FROM_WITHIN:
        return end_there(one, moment, way)
    process = one.run()
    one.until(process, one.has_said(of_kind(moment[0], **moment[1])))
    if process.poll() is None:
        WAYS[way](process)
    return one.wait(process)


def end_there(one, moment, way, cell_timeout_s=60):
    """Run or go on, and end it while it stands still at the moment: the exit code."""
    process = one.run_and_end_within(*moment, way if way in FROM_WITHIN else "from without", cell_timeout_s)
    if way in WAYS:
        one.until(process, one.mark.exists)
        WAYS[way](process)
    code = one.wait(process)
    assert one.mark.exists(), f"it never came to {moment}: {''.join(one.said)}"
    return code


def assert_true(one, code, way):
    """The record says what happened, as far as anybody was left to write it."""
    read(one.folder / "journal.jsonl", torn_tail_ok=True)
    if way == "runner killed" and code == -9:
        assert one.past.outcome == ""
        return
    ran_out = code == 0 and one.past.outcome == "done"  # it was over before it could be ended
    assert ran_out or code in (CODES.get(way, 3), 4), "".join(one.said)
    assert (code == 3) <= (not one.past.changed_something)
    states = [cell.metadata.papermill.status for cell in one.notebook.cells if "papermill" in cell.metadata]
    ended = next((n for n, state in enumerate(states) if state != "completed"), len(states))
    assert all(state == "pending" for state in states[ended + 1 :]), states
    assert one.notebook.metadata.hitless.run.outcome == one.past.outcome != ""
    assert one.do("verify", one.folder)[0] == 0


def resume(one, *outcomes):
    """Go on with a run that is not done, as its record and `status` say."""
    assert "run " in one.do("status", one.folder)[1]
    if one.past.outcome == "done":
        return
    code, said = one.do("run", "--resume", one.folder)
    assert code in (0, 4) and one.past.outcome in outcomes, said


def cases_of(all_of_them, some, quick):
    """What HITLESS_CRASH asks for: `all`, `some`, or the few that are run every day."""
    return {"all": all_of_them, "some": some}.get(os.environ.get("HITLESS_CRASH", ""), quick)
