"""What a task said before it stopped, and how it stopped: the end of a failed release's report."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

from hitless.connect import Connection

LINES = 20


def last_lines(here: Connection, task: Mapping, count: int = LINES) -> list[str]:
    """The last lines of a task's log, oldest first.

    The log driver sends lines some seconds late, so the very last ones of a task that has just stopped may be missing.

    Args:
        here: Whose account.
        task: One task, as DescribeTasks says it; ECS forgets a stopped one after an hour, its log stays.
        count: Lines at most.

    Returns:
        Nothing when the task never started, said nothing, or logs elsewhere than to CloudWatch.

    Calls:
        ecs:DescribeTaskDefinition, logs:GetLogEvents.
    """
    place = _place(here, task)
    if place is None:
        return []
    try:
        answer = here.client("logs").get_log_events(**place, limit=count, startFromHead=False)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return []
    return [event["message"].rstrip("\n") for event in answer["events"]]


def stopped_as(task: Mapping) -> dict[str, object]:
    """How a task ended, as far as ECS says: its stop code and reason, and its containers' exit codes and reasons."""
    facts = {"stop code": task.get("stopCode"), "stopped reason": task.get("stoppedReason")}
    for container in task.get("containers", ()):
        facts[f"{container['name']} exit code"] = container.get("exitCode")
        facts[f"{container['name']} reason"] = container.get("reason")
    return {label: fact for label, fact in facts.items() if fact not in (None, "")}


def _place(here: Connection, task: Mapping) -> dict[str, str] | None:
    answer = here.client("ecs").describe_task_definition(taskDefinition=task["taskDefinitionArn"])
    container = answer["taskDefinition"]["containerDefinitions"][0]
    log = container.get("logConfiguration") or {}
    options = log.get("options") or {}
    if log.get("logDriver") != "awslogs" or "awslogs-stream-prefix" not in options:
        return None
    task_id = task["taskArn"].rpartition("/")[2]
    stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task_id}"
    return {"logGroupName": options["awslogs-group"], "logStreamName": stream}
