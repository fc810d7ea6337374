"""Approval of one plan of one runbook with its parameters; a plan that changes voids it.

An approval names three digests: the runbook's file, the parameters that decide what is done, and the plan. Their digest
is the *code*, which a dry run shows. Headless the code comes on the command line or in a file; in JupyterLab a button
gives it; a rehearsal on the lab may go without a person.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping

from hitless.errors import NotReady, Refused
from hitless.journal import canonical
from hitless.plan import Plan
from hitless.run_folder import RunFolder

LAB = "lab"
CODE_LENGTH_MIN = 12


class Denied(Refused):
    """Somebody looked at the plan and said no."""


def over(run: RunFolder, plan: Plan) -> dict[str, str]:
    """The three digests an approval is about."""
    digest = str((run.past.plan or {}).get("digest") or plan.digest) if run.is_resumed else plan.digest
    return {"runbook": run.request.runbook_sha256, "parameters": run.request.parameters_sha256, "plan": digest}


def code_of(digests: Mapping[str, str]) -> str:
    """One code for the three, 64 hex digits; any 12 or more of its first ones will do."""
    return hashlib.sha256(canonical(dict(digests))).hexdigest()


async def approve(run: RunFolder, plan: Plan, *, say: Callable[[str], object] = print) -> None:
    """Let the plan be carried out, if somebody who may say so has seen exactly this one.

    Args:
        run: The run; its request holds what was approved beforehand.
        plan: What would be done.
        say: Receives what is asked and answered.

    Raises:
        NotReady: Nobody approved it, or what was approved is not this; the code of this one is named.
        Denied: Somebody looked at it and said no.
    """
    digests = over(run, plan)
    code = code_of(digests)
    if run.request.is_dry:
        say(f"dry run: nothing to approve. To run exactly this: --approve {code[:CODE_LENGTH_MIN]}")
        return
    if run.is_resumed and run.approved is not None:
        say(f"approved before by {run.approved['by']}; this attempt goes on with the same plan")
        return
    by, source = _given(run, code, digests) or await _asked(run, plan, code)
    run.approve(by, source, digests)
    say(f"approved by {by} ({source}): {code[:CODE_LENGTH_MIN]}")


def require_approved(run: RunFolder, plan: Plan) -> None:
    """Refuse to carry out a plan that nobody approved on record.

    Raises:
        NotReady: The journal holds no approval of exactly this plan.
    """
    if run.here.environment == LAB and not run.request.runbook_sha256:
        return  # a demo on the lab is its own rehearsal
    if run.approved is None or run.approved["over"] != over(run, plan):
        do = "let the approval cell come before the one that writes"
        raise NotReady("This plan has not been approved.", seen={"plan": plan.digest[:12]}, do=do)


def _given(run: RunFolder, code: str, digests: Mapping[str, str]) -> tuple[str, str] | None:
    """Who approved it beforehand, and how."""
    request = run.request
    if request.undoes:
        return request.actor, f"undo of run {request.undoes}, whose plan said how"
    if request.approval:
        return _from_file(request.approval, digests)
    if request.approve == LAB:
        if run.here.environment != LAB:
            what, do = "Only a rehearsal on the lab goes unapproved.", "look at a dry run's plan and give its code"
            raise NotReady(what, seen={"place": run.here.place}, do=do)
        return "nobody: a rehearsal", LAB
    if not request.approve:
        return None
    if len(request.approve) < CODE_LENGTH_MIN or not code.startswith(request.approve):
        raise _not_this({"approved": request.approve, "this plan": code[:CODE_LENGTH_MIN]})
    return request.actor, "code"


def _from_file(approval: Mapping[str, object], digests: Mapping[str, str]) -> tuple[str, str]:
    given = approval.get("over")
    if not approval.get("by") or not isinstance(given, Mapping):
        do = 'write {"by": …, "source": …, "over": {"runbook": …, "parameters": …, "plan": …}}'
        raise NotReady("The approval's file does not say who approved what.", seen={"file": dict(approval)}, do=do)
    if wrong := [name for name in digests if given.get(name) != digests[name]]:
        raise _not_this({f"{wrong[0]} approved": given.get(wrong[0]), f"{wrong[0]} now": digests[wrong[0]]})
    return str(approval["by"]), str(approval.get("source") or "file")


def _not_this(seen: Mapping[str, object]) -> NotReady:
    do = "look at the plan as it is now, and approve that"
    return NotReady("What was approved is not what would be done.", seen=seen, do=do)


async def _asked(run: RunFolder, plan: Plan, code: str) -> tuple[str, str]:
    if "JPY_SESSION_NAME" not in os.environ:  # JupyterLab sets it for its kernels; nobody has buttons elsewhere
        do = f"look at the plan above, then run again with --approve {code[:CODE_LENGTH_MIN]}"
        raise NotReady("Nobody has approved this plan.", seen={"plan": plan.digest[:CODE_LENGTH_MIN]}, do=do)
    from hitless.approval_box import ApprovalBox  # widgets only where somebody sees them

    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    box = ApprovalBox(plan, code[:CODE_LENGTH_MIN], answer)
    try:
        approved = await answer
    finally:
        box.close()
    if not approved:
        raise Denied("The plan was denied.", seen={"by": run.request.actor}, do="nothing was changed; plan again")
    return run.request.actor, "button"
