"""What became of a run: what the record says, what AWS says, what to do next. Changes nothing."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from hitless.clock import utc_text
from hitless.connect import Connection, connect
from hitless.ending import read_past
from hitless.errors import HitlessError, Refused
from hitless.in_flight import GOING, Stand, read_stands
from hitless.past import Past
from hitless.request import Request

KILLED = "nobody wrote how it ended: it was killed, or still goes on"


def read_request(run_dir: Path) -> Request:
    """What was asked of a run.

    Raises:
        Refused: That folder is no run's.
    """
    try:
        return Request.read(run_dir)
    except (OSError, ValueError, TypeError) as error:
        do = "name a folder under runs/, as hitless history lists them"
        raise Refused("That is no run's folder.", seen={"folder": run_dir, "why": error}, do=do) from None


def connect_as(request: Request) -> Connection:
    """The account and region of a run.

    Raises:
        WrongTarget: These credentials belong elsewhere.
    """
    given = request.parameters
    return connect(account_id=str(given.get("ACCOUNT_ID", "")), region=str(given.get("REGION", "")))


def status(run_dir: Path) -> list[str]:
    """Lines for people about one run.

    Args:
        run_dir: Its folder.

    Raises:
        Refused: That folder is no run's.
        BadJournal: Its journal was tampered with.
    """
    request, past = read_request(run_dir), read_past(run_dir) or Past()
    lines = [
        f"{request.runbook}, run {request.run_id}",
        f"  asked by  {request.actor}: {request.parameters.get('REASON') or 'no reason given'}",
        f"  attempts  {past.attempts}",
        f"  ended     {past.outcome or KILLED}",
        f"  plan      {(past.plan or {}).get('digest', 'none was made')[:12]}",
        f"  approved  {(past.approval or {}).get('by', 'by nobody')}",
    ]
    stands, asked = _ask(request, past)
    lines += [f"  {stand.name}: {stand.state}\n      {stand.words}" for stand in stands]
    lines += [f"  since     {utc_text(min(past.intents.values()))}" if past.intents else "  nothing was changed"]
    return [*lines, *asked, f"  -> {_next(run_dir, past, stands)}"]


def _ask(request: Request, past: Past) -> tuple[list[Stand], list[str]]:
    if not past.changed_something:
        return [], []
    try:
        return read_stands(connect_as(request), past), []
    except (HitlessError, BotoCoreError, ClientError) as error:
        return [], [f"  AWS could not be asked: {str(error).splitlines()[0]}"]


def _next(run_dir: Path, past: Past, stands: list[Stand]) -> str:
    if not past.changed_something:
        return "nothing to clean up; run it again when the reason is gone"
    if any(stand.state == GOING for stand in stands):
        return f"it still goes on: hitless run --resume {run_dir} watches it; hitless undo {run_dir} turns it round"
    takes_back = f"hitless undo {run_dir} takes it back"
    if past.outcome == "done":
        return f"nothing; {takes_back}, if it should not have been"
    if past.outcome == "not proven":
        return f"everything went through, but users may have noticed: look at the timeline; {takes_back}"
    if past.outcome == "rolled back":
        return "nothing: AWS took it back itself; mend what was changed before it is changed again"
    return f"hitless run --resume {run_dir} does what is left, and says what came of it; {takes_back}"
