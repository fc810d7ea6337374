"""Run folders as a runner leaves them, in a few lines."""

import json

from hitless import pack
from hitless.clock import VirtualClock
from hitless.journal import Journal
from hitless.plan import Plan
from hitless.request import Request
from hitless.step import Deed

START = 1_800_000_000.0


def plan():
    return Plan("Change", [Deed("hosts", "terraform:apply", {"what": "it"}, "every host", "back", dict)])


def make_run(folder, *entries, dry=True, outcome="done", reason="CHG-1: try", actor="alice (GitHub)", key=None):
    """A sealed run of a made-up runbook; `entries` are further lines of its journal."""
    folder.mkdir(parents=True)
    parameters = {"DRY_RUN": dry, "NAME": "web", "REASON": reason}
    request = Request("20-refresh-hosts", folder.name, "a" * 64, parameters=parameters, actor=actor)
    request.write(folder)
    (folder / "plan.json").write_text(json.dumps(plan().described()))
    with Journal(folder / "journal.jsonl", VirtualClock(START)) as journal:
        journal.append("opened", runbook=request.runbook, run_id=folder.name, place="lab, 60×", actor=actor)
        journal.append("plan", **plan().described())
        for kind, facts in entries:
            journal.append(kind, **facts)
        if outcome:
            journal.append("outcome", outcome=outcome, exit_code=0 if outcome == "done" else 4, error="", said="")
    pack.seal(folder, key)
    return folder
