"""An approval that GitHub took: whoever let the job into its environment, over the plan that an earlier job showed.

A person sees the plan of a dry run, then lets the second job into the environment. That job asks GitHub who it was, and
this makes the file that `hitless run --approval` takes. The run plans again, and refuses when the digests differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hitless import pack
from hitless.errors import NotReady
from hitless.evidence import Evidence

APPROVED = "approved"


def approval_of(
    run_dir: Path, given: Sequence[Mapping[str, object]], environment: str, *, unreviewed: bool = False
) -> dict[str, object]:
    """The approval of a dry run's plan.

    Args:
        run_dir: The dry run, sealed.
        given: What GitHub's API says of the workflow run's approvals.
        environment: The GitHub environment that the job is in.
        unreviewed: The environment asks nobody; who started the workflow then answers for it.

    Raises:
        Refused: The record is not as it was sealed, or it is no dry run.
        NotReady: Nobody approved it, or nobody but who asked for it.
    """
    pack.require(run_dir, pack.verify(run_dir))
    evidence = Evidence.read(run_dir)
    over = _digests(evidence)
    actor = evidence.told("actor", "opened")
    reviewers = [login for login in _reviewers(given, environment) if f"{login} (GitHub)" != actor]
    if not reviewers and not unreviewed:
        seen = {"environment": environment, "asked by": actor}
        do = "let a required reviewer who did not start the workflow approve the job"
        raise NotReady("Nobody but who asked for it has approved this plan.", seen=seen, do=do)
    source = f"github-environment: {environment}"
    by = " and ".join(f"{login} (GitHub)" for login in reviewers) or actor
    return {"by": by, "source": source if reviewers else f"{source}, which asks no reviewer", "over": over}


def _digests(evidence: Evidence) -> dict[str, str]:
    request, plan = evidence.file("request.json"), evidence.plan
    over = {
        "runbook": request.get("runbook_sha256"),
        "parameters": request.get("parameters_sha256"),
        "plan": plan.get("digest"),
    }
    if not evidence.is_dry_run or evidence.outcome != "done" or not all(over.values()):
        seen = {"run": evidence.folder.name, "dry": evidence.is_dry_run, "ended": evidence.outcome}
        raise NotReady("That run showed no plan to approve.", seen=seen, do="name a dry run that came to its end")
    return over


def _reviewers(given: Sequence[Mapping[str, object]], environment: str) -> list[str]:
    """Who let the job in; a rejection or another environment counts for nothing."""
    return [
        str(one["user"]["login"])
        for one in given
        if one.get("state") == APPROVED and environment in [place.get("name") for place in one.get("environments", ())]
    ]
