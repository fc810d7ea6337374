"""What the calls of a run have started on AWS, how it stands now, and how it is ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hitless import adoption, deployment, refresh
from hitless.connect import Connection
from hitless.past import Past
from hitless.step import Step

GOOD, BAD, GOING, NOTHING = "went through", "did not go through", "still going", "nothing was started"


@dataclass(frozen=True)
class Stand:
    """One step of a run, as AWS sees it now.

    Attributes:
        name: The step's.
        call: `service:operation`.
        state: GOOD, BAD, GOING or NOTHING.
        words: What AWS says, in words.
        stop: The step that turns it round while it is going; None when nothing could.
    """

    name: str
    call: str
    state: str
    words: str
    stop: Step | None = None


def read_stands(here: Connection, past: Past) -> list[Stand]:
    """Every announced step of a run as AWS sees it now, in the order they were taken.

    Calls:
        autoscaling:DescribeInstanceRefreshes, codedeploy:GetDeployment, ListDeployments, BatchGetDeploymentTargets,
        ecs:ListTaskDefinitions, DescribeTaskDefinition.
    """
    steps = {one["name"]: one for one in (past.plan or {}).get("steps", ())}
    return [_stand(here, past, name, steps[name]) for name in past.intents]


def _stand(here: Connection, past: Past, name: str, described: Mapping) -> Stand:
    call = past.calls[name]
    result = past.results.get(name)
    if call in adoption.FINDERS and result is None:
        arguments, expects = described["arguments"], described["expects"]
        result = adoption.find_made(here, call, arguments, expects, past.intents[name])
        if result is None:
            return Stand(name, call, NOTHING, "the call never arrived")
    if call in READERS:
        return READERS[call](here, name, call, described.get("arguments", {}), result)
    if result is None:
        return Stand(name, call, BAD, "it was cut off; doing it again does what is left of it")
    return Stand(name, call, GOOD, ", ".join(f"{key} {value}" for key, value in result.items()) or "done")


def _refresh(here: Connection, name: str, call: str, arguments: Mapping, result: Mapping) -> Stand:
    group_name = arguments["AutoScalingGroupName"]
    seen = refresh.read_refresh(here, group_name, result["InstanceRefreshId"])
    words = refresh.describe(seen)
    if seen["Status"] == refresh.SUCCESSFUL:
        return Stand(name, call, GOOD, words)
    if seen["Status"] in refresh.ENDED:
        return Stand(name, call, BAD, words)
    turning = seen["Status"] in ("RollbackInProgress", "Cancelling")
    return Stand(name, call, GOING, words, None if turning else refresh.rollback_step(group_name))


def _turned(here: Connection, name: str, call: str, arguments: Mapping, result: Mapping) -> Stand:
    seen = refresh.read_refresh(here, arguments["AutoScalingGroupName"], result["InstanceRefreshId"])
    went_back = seen["Status"] == "RollbackSuccessful"
    state = GOOD if went_back else BAD if seen["Status"] in refresh.ENDED else GOING
    return Stand(name, call, state, refresh.describe(seen))


def _deployment(here: Connection, name: str, call: str, _arguments: Mapping, result: Mapping) -> Stand:
    seen = deployment.read_deployment(here, result["deploymentId"])
    if seen.status == deployment.SUCCEEDED:
        return Stand(name, call, GOOD, seen.words)
    if seen.ended:
        back = _way_back(here, seen)
        return Stand(name, call, GOING, f"going back: {back}") if back else Stand(name, call, BAD, seen.words)
    stop = Step(
        name=f"stop {name}",
        service="codedeploy",
        operation="stop_deployment",
        arguments={"deploymentId": seen.deployment_id, "autoRollbackEnabled": True},
        changes=f"deployment {seen.deployment_id} stops and its traffic goes back",
        undo="deploy again",
    )
    return Stand(name, call, GOING, seen.words, stop)


def _way_back(here: Connection, seen: deployment.Deployment) -> str:
    """How far the traffic has gone back: a deployment that was stopped is over before that, and this is another."""
    back = deployment.read_deployment(here, seen.rollback_id) if seen.rollback_id else None
    return "" if back is None or back.ended else back.words


READERS: dict[str, Callable[[Connection, str, str, Mapping, Mapping], Stand]] = {
    "autoscaling:start_instance_refresh": _refresh,
    "autoscaling:rollback_instance_refresh": _turned,
    "codedeploy:create_deployment": _deployment,
}
