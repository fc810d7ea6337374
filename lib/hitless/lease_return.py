"""Give a lease back for a kernel that is gone and did not do so itself."""

from __future__ import annotations

import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from hitless import lease_table
from hitless.connect import connect
from hitless.ending import Ending
from hitless.errors import HitlessError
from hitless.journal import read
from hitless.lease_table import Holder
from hitless.request import Request
from hitless.run_folder import JOURNAL

DIED = "kernel died"


def give_back(request: Request, run_dir: Path, ending: Ending) -> None:
    """Let the next run in at once, unless this one died in the midst of something: then its lease runs out by itself.

    Args:
        request: Of the run.
        run_dir: Its folder; its journal says whether a lease was taken and given back.
        ending: How it ended.
    """
    taken = [entry for entry in read(run_dir / JOURNAL) if entry.kind in ("lease.acquired", "lease.released")]
    if not taken or taken[-1].kind == "lease.released" or ending.outcome == DIED:
        return
    facts = taken[-1].facts
    mine = Holder(facts["run_id"], request.actor, request.runbook, "", fence=facts["fence"])
    try:
        here = connect(account_id=str(request.parameters["ACCOUNT_ID"]), region=str(request.parameters["REGION"]))
        lease_table.free(here, facts["environment"], mine)
    except (HitlessError, ClientError, BotoCoreError) as error:  # it runs out by itself
        print(f"the lease on {facts['environment']} was not given back: {error}", file=sys.stderr)
