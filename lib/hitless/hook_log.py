"""What a release's validation hook said, from its own log."""

from __future__ import annotations

import json

from hitless.connect import Connection
from hitless.errors import NotProven


def last_word(here: Connection, function_name: str) -> dict[str, object]:
    """The hook's last verdict: `deployment_id`, `status`, and what was `wrong`.

    Raises:
        NotProven: It never said anything.

    Calls:
        logs:DescribeLogStreams, GetLogEvents.
    """
    group, logs = f"/aws/lambda/{function_name}", here.client("logs")
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    said = []
    for stream in streams:
        answer = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
        said += [(e["timestamp"], json.loads(e["message"])) for e in answer["events"] if e["message"].startswith("{")]
    verdicts = [(at, word) for at, word in said if "status" in word]
    if not verdicts:
        raise NotProven("The hook never said anything.", seen={"log group": group}, do="look whether it was called")
    return max(verdicts, key=lambda one: one[0])[1]
