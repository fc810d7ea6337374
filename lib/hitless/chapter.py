"""One change of an essay: a run folder of its own, and on AWS an approval."""

from __future__ import annotations

from pathlib import Path

from hitless.approval import LAB, approve
from hitless.clock import to_datetime
from hitless.connect import Connection
from hitless.plan import Plan
from hitless.run_folder import RUNS, RunFolder, open_run


async def open_chapter(
    here: Connection, plan: Plan, *, essay: str, chapter: str, run_dir: str = "", reason: str = ""
) -> RunFolder:
    """Open the folder of one of an essay's changes; on AWS somebody must approve its plan first.

    Args:
        here: Whose account.
        plan: What is to be done.
        essay: The notebook's name.
        chapter: Which change.
        run_dir: The folder somebody chose for the whole essay; "" makes `runs/<essay>/<chapter>-<UTC time>`.
        reason: Why, for whoever reads the record.

    Raises:
        NotReady: Nobody approved it.
    """
    stamp = f"{to_datetime(here.clock.now()):%Y%m%dT%H%M%SZ}"
    folder = Path(run_dir) / chapter if run_dir else RUNS / essay / f"{chapter}-{stamp}"
    run = open_run(here, essay, str(folder), reason)
    run.keep_plan(plan)
    if here.environment != LAB:
        await approve(run, plan)
    return run
