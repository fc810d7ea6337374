"""A deployment that did not succeed, explained: what stopped it, what serves now, what to do."""

from __future__ import annotations

from hitless.connect import Connection
from hitless.deployment import Deployment
from hitless.errors import Failed, HitlessError, RolledBack
from hitless.post_mortem import read_failed_task
from hitless.stack import Stack

REMEDIES = {  # by CodeDeploy's error code: what usually was the matter
    "ALARM_ACTIVE": "mend the release: users met errors; then build it again and deploy it again",
    "HOOK_EXECUTION_FAILURE": "read the hook's log: it tried the release through the test listener and said no",
    "TIMEOUT": "look why the new tasks never became healthy, or the hook never called back; then deploy again",
    "ELASTIC_LOAD_BALANCING_INVALID": "put both listeners back to the running tasks' target group, then deploy again",
    "MANUAL_STOP": "somebody or this runbook's gate stopped it; deploy again when the reason is gone",
}
OTHERWISE = "read the deployment's events, then deploy again"


def ended_badly(
    here: Connection, stack: Stack, label: str, image: str, last: Deployment, gate_saw: str = ""
) -> HitlessError:
    """The error to raise for a deployment that ended Failed or Stopped.

    Args:
        here: Whose account.
        stack: The service's parts.
        label: What was released, for people.
        image: Its image, to find a task of it that failed.
        last: The deployment at its end.
        gate_saw: Why the runbook itself stopped it; "" when it did not.

    Returns:
        RolledBack when another deployment takes it back, Failed when nothing does.
    """
    seen: dict[str, object] = {
        "deployment": f"{last.deployment_id} {last.status}",
        "at": " ".join(last.event),
        "reason": f"{last.error_code}: {last.error_message}" if last.error_code else "none given",
        "rolled back by": last.rollback_id or "nobody",
    }
    if gate_saw:
        seen["stopped by"] = f"the runbook's own gate: {gate_saw}"
    seen |= read_failed_task(here, stack, image)
    remedy = REMEDIES.get(last.error_code, OTHERWISE)
    if last.rollback_id:
        return RolledBack(f"The release of {label} was rolled back; the old tasks serve.", seen=seen, do=remedy)
    what = f"The release of {label} ended {last.status} and nothing was rolled back."
    return Failed(what, seen=seen, do=f"runbooks/40-roll-back-app.ipynb; {remedy}")
