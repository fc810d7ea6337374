"""Why the tasks of a release did not live: the newest one that failed, and the last thing it said."""

from __future__ import annotations

from hitless.connect import Connection
from hitless.logs import last_lines, stopped_as
from hitless.stack import Stack

FAILED_AS = ("TaskFailedToStart", "EssentialContainerExited")
LINES = 5


def read_failed_task(here: Connection, stack: Stack, image: str) -> dict[str, object]:
    """How the newest failed task of an image ended; empty when none failed.

    Args:
        here: Whose account.
        stack: The service's parts.
        image: `repository@sha256:…` of the release.

    Returns:
        {label: fact}, ready for an error: the task, stop code and reason, exit code, last lines of its log.

    Calls:
        ecs:ListTasks, DescribeTasks, DescribeTaskDefinition, logs:GetLogEvents.
    """
    ecs = here.client("ecs")
    stopped = ecs.list_tasks(cluster=stack.cluster_name, serviceName=stack.service_name, desiredStatus="STOPPED")
    if not stopped["taskArns"]:
        return {}
    tasks = ecs.describe_tasks(cluster=stack.cluster_name, tasks=stopped["taskArns"])["tasks"]
    failed = [task for task in tasks if _failed(task) and task["containers"][0].get("image") == image]
    if not failed:
        return {}
    newest = max(failed, key=lambda task: task["createdAt"])
    said = last_lines(here, newest, LINES)
    facts: dict[str, object] = {"failed task": newest["taskArn"].rpartition("/")[2], **stopped_as(newest)}
    return {**facts, **{f"it said ({n})": line for n, line in enumerate(said, 1)}}


def _failed(task: dict) -> bool:
    return task.get("stopCode") in FAILED_AS or "health check" in (task.get("stoppedReason") or "").lower()
