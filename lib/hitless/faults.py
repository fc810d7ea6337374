"""Let something go wrong, on the lab only: what the control room's Inject button does."""

from __future__ import annotations

import os

from hitless import lab
from hitless.connect import Connection
from hitless.errors import NotReady
from hitless.hosts import read_hosts
from hitless.stack import Stack

THROTTLED_CALLS = 6  # fewer than boto3 tries again
HOST_DIES = "host dies"
FAULTS: dict[str, dict[str, object]] = {
    HOST_DIES: {"name": "InstanceDies"},
    "no capacity": {"name": "CapacityMissing"},
    "capacity back": {"name": "CapacityBack"},
    "API throttled": {"name": "ApiThrottled", "service": "codedeploy", "calls": THROTTLED_CALLS},
    "new AMI": {"name": "AmiPublished"},
}


def plan(here: Connection, stack: Stack, name: str) -> dict[str, object]:
    """What the lab is to be told.

    Args:
        here: Whose account.
        stack: Whose hosts.
        name: One of `FAULTS`.

    Raises:
        NotReady: There is no such fault, or nothing it could happen to.
    """
    if name not in FAULTS:
        raise NotReady("There is no such fault.", seen={"fault": name, "there are": ", ".join(FAULTS)}, do="name one")
    if name != HOST_DIES:
        return FAULTS[name]
    healthy = [host.instance_id for host in read_hosts(here, stack).hosts if host.healthy]
    if not healthy:
        raise NotReady("No host is healthy, so none can die.", do="wait for one")
    return {**FAULTS[name], "instance_id": healthy[0]}


def inject(wanted: dict[str, object]) -> dict:
    """Let it happen in the lab that the SDK speaks to; what did.

    Raises:
        Refused: No lab listens there.
    """
    return lab.inject(os.environ["AWS_ENDPOINT_URL"], **wanted)
