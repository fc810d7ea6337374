"""Find what an attempt that was cut off has started, so that nothing is started twice.

A cut-off attempt knows that it meant to call, not whether the call arrived. AWS knows: each finder asks it for exactly
what would have been made since the attempt announced it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from hitless.clock import to_datetime
from hitless.connect import Connection

NEWEST = 10  # revisions to look among: more would mean that many others were registered within minutes
ENDED = ("Succeeded", "Failed", "Stopped")
SLACK_S = 5.0  # AWS stamps in whole seconds, and its clock and ours agree to about one


def find_made(
    here: Connection, call: str, arguments: Mapping, expects: Mapping[str, object], since_s: float
) -> dict | None:
    """What a call has made since then.

    Args:
        here: Whose account.
        call: `service:operation`.
        arguments: What it was called with.
        expects: What its answer was to say.
        since_s: AWS time, epoch seconds, before which it cannot have been made.

    Returns:
        What its answer would have said that is worth remembering; None when it was never made.

    Raises:
        KeyError: Nobody knows how to find what that call makes; a step that needs it must come with its finder.
    """
    return FINDERS[call](here, arguments, expects, since_s)


def _refresh(here: Connection, arguments: Mapping, _expects: Mapping, since_s: float) -> dict | None:
    answer = here.client("autoscaling").describe_instance_refreshes(
        AutoScalingGroupName=arguments["AutoScalingGroupName"]
    )
    for refresh in answer["InstanceRefreshes"]:
        started = refresh.get("StartTime")  # a pending one has none yet
        young = started is None or started.timestamp() >= since_s - SLACK_S
        if young and _holds(refresh.get("DesiredConfiguration") or {}, arguments["DesiredConfiguration"]):
            return {"InstanceRefreshId": refresh["InstanceRefreshId"]}
    return None


def _turned(here: Connection, arguments: Mapping, _expects: Mapping, since_s: float) -> dict | None:
    answer = here.client("autoscaling").describe_instance_refreshes(
        AutoScalingGroupName=arguments["AutoScalingGroupName"]
    )
    for refresh in answer["InstanceRefreshes"]:
        began = (refresh.get("RollbackDetails") or {}).get("RollbackStartTime")
        if began is not None and began.timestamp() >= since_s - SLACK_S:
            return {"InstanceRefreshId": refresh["InstanceRefreshId"]}
    return None


def _holds(found: Mapping, wanted: Mapping) -> bool:
    """AWS answers with what was wanted, and more: a launch template's name beside its id."""
    return all(
        _holds(found.get(name) or {}, value) if isinstance(value, Mapping) else found.get(name) == value
        for name, value in wanted.items()
    )


def _deployment(here: Connection, arguments: Mapping, _expects: Mapping, since_s: float) -> dict | None:
    client, wanted = here.client("codedeploy"), arguments["revision"]["appSpecContent"]["sha256"]
    began = to_datetime(since_s) - timedelta(seconds=SLACK_S)
    pages = client.get_paginator("list_deployments").paginate(
        applicationName=arguments["applicationName"],
        deploymentGroupName=arguments["deploymentGroupName"],
        createTimeRange={"start": began},
    )
    for deployment_id in (each for page in pages for each in page["deployments"]):
        info = client.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
        same = (info["revision"].get("appSpecContent") or {}).get("sha256") == wanted
        if same and info.get("creator") == "user":
            return {"deploymentId": deployment_id}
    return None


def _revision(here: Connection, arguments: Mapping, expects: Mapping, _since_s: float) -> dict | None:
    """The revision that was to come is there (it was not when it was planned) and names the image that was to come."""
    client, arn = here.client("ecs"), str(expects["taskDefinition.taskDefinitionArn"])
    family = client.list_task_definitions(familyPrefix=arguments["family"], sort="DESC", maxResults=NEWEST)
    if arn not in family["taskDefinitionArns"]:
        return None
    made = client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return {} if _images(made) == _images(arguments) else None


def _images(definition: Mapping) -> list[str]:
    return [each["image"] for each in definition["containerDefinitions"]]


def _stopped(here: Connection, arguments: Mapping, _expects: Mapping, _since_s: float) -> dict | None:
    """It has ended, whoever ended it: nothing is left to stop."""
    info = here.client("codedeploy").get_deployment(deploymentId=arguments["deploymentId"])["deploymentInfo"]
    return {"status": info["status"]} if info["status"] in ENDED else None


FINDERS: dict[str, Callable[[Connection, Mapping, Mapping, float], dict | None]] = {
    "autoscaling:start_instance_refresh": _refresh,
    "autoscaling:rollback_instance_refresh": _turned,
    "codedeploy:create_deployment": _deployment,
    "codedeploy:stop_deployment": _stopped,
    "ecs:register_task_definition": _revision,
}
