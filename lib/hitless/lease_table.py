"""Where leases are kept: one DynamoDB item an environment, changed only under a condition.

The item is never deleted: its fencing number must only rise. A released one has no `run_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from hitless.clock import to_datetime
from hitless.connect import Connection
from hitless.errors import Refused
from hitless.wait import wait_until

TABLE, KEY = "hitless-lease", "environment"
CREATE_S = 180.0  # seconds AWS may take to make the table
DENIED = ("AccessDeniedException", "AccessDenied")
TAKE = "SET run_id=:run_id, actor=:actor, runbook=:runbook, host=:host, since=:since, expires=:expires ADD fence :one"
FREE = "attribute_not_exists(run_id) OR run_id = :run_id OR expires < :gone"
MINE = "run_id = :run_id AND fence = :fence"
TEXTS = ("run_id", "actor", "runbook", "host")


@dataclass(frozen=True)
class Holder:
    """Who has a lease.

    Attributes:
        run_id: The run's.
        actor: Who started it.
        runbook: What it runs.
        host: Machine and process, as `build-7 (pid 4711)`.
        since: Epoch seconds of AWS time.
        expires: Epoch seconds of AWS time, from which on anybody may take it.
        fence: Rises with each taking; whoever has a lower one has lost the lease.
    """

    run_id: str
    actor: str
    runbook: str
    host: str
    since: float = 0.0
    expires: float = 0.0
    fence: int = 0

    @classmethod
    def of_item(cls, item: Mapping[str, Any]) -> Holder:
        """What an item says."""
        texts = {name: item.get(name, {}).get("S", "") for name in TEXTS}
        since, expires, fence = (float(item.get(name, {}).get("N", 0)) for name in ("since", "expires", "fence"))
        return cls(**texts, since=since, expires=expires, fence=int(fence))


def put(here: Connection, environment: str, wanted: Holder, gone: float) -> Holder:
    """Take the lease if it is free, already this run's, or expired before `gone`; the table is made when missing.

    Returns:
        As it now is. Its `run_id` is another one if it was not to be had.

    Raises:
        Refused: AWS does not let us use or make the table.
    """
    values = {f":{name}": {"S": getattr(wanted, name)} for name in TEXTS}
    values |= {":since": _n(wanted.since), ":expires": _n(wanted.expires), ":gone": _n(gone), ":one": _n(1)}
    try:
        return _update(here, environment, TAKE, FREE, values)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
    _create(here)
    return _update(here, environment, TAKE, FREE, values)


def prolong(here: Connection, environment: str, mine: Holder) -> Holder:
    """Move the end of a lease that is still this run's.

    Returns:
        As it now is; compare `run_id` and `fence`.
    """
    values = {":run_id": {"S": mine.run_id}, ":fence": _n(mine.fence), ":expires": _n(mine.expires)}
    return _update(here, environment, "SET expires=:expires", MINE, values)


def free(here: Connection, environment: str, mine: Holder) -> Holder:
    """Let a lease go that is still this run's; its fencing number stays."""
    values = {":run_id": {"S": mine.run_id}, ":fence": _n(mine.fence)}
    return _update(here, environment, "REMOVE run_id, expires", MINE, values)


def look(here: Connection, environment: str) -> Holder | None:
    """Who has the lease of an environment, expired or not; `None` if nobody does.

    Calls:
        dynamodb:GetItem.
    """
    try:
        answer = here.client("dynamodb").get_item(TableName=TABLE, Key={KEY: {"S": environment}}, ConsistentRead=True)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return Holder.of_item(answer["Item"]) if "run_id" in answer.get("Item", {}) else None


def _update(here: Connection, environment: str, change: str, condition: str, values: Mapping[str, Any]) -> Holder:
    try:
        answer = here.client("dynamodb").update_item(
            TableName=TABLE,
            Key={KEY: {"S": environment}},
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeValues=dict(values),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return Holder.of_item(error.response.get("Item", {}))
        if error.response["Error"]["Code"] in DENIED:
            raise _denied(error) from None
        raise
    return Holder.of_item(answer["Attributes"])


def _create(here: Connection) -> None:
    """Make the table, or wait until somebody else has."""
    dynamodb = here.client("dynamodb")
    try:
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            DeletionProtectionEnabled=True,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in DENIED:
            raise _denied(error) from None
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
    wait_until(
        lambda: dynamodb.describe_table(TableName=TABLE)["Table"]["TableStatus"],
        lambda status: status == "ACTIVE",
        what=f"the table {TABLE}",
        clock=here.clock,
        timeout_s=CREATE_S,
        every_s=2.0,
        say=lambda _line: None,
    )


def _denied(error: ClientError) -> Refused:
    return Refused(
        "AWS does not let this caller keep a lease, so nobody could tell whether another run is at work.",
        seen={"table": TABLE, "call": error.operation_name, "answer": error.response["Error"].get("Message", "")},
        do=f"allow dynamodb:UpdateItem, GetItem, DescribeTable and CreateTable on table/{TABLE}, or make it beforehand "
        f"(key: {KEY}, a string)",
    )


def utc(epoch_s: float) -> str:
    """A moment of AWS time, for people."""
    return f"{to_datetime(epoch_s):%Y-%m-%d %H:%M:%S} UTC"


def _n(number: float) -> dict[str, str]:
    return {"N": f"{number:.3f}" if isinstance(number, float) else str(number)}
