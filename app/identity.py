"""Which task this is, on which host, in which Availability Zone.

The lab says so in variables. On ECS the task comes from the task metadata endpoint; host and zone come from the
container metadata file, which the agent writes when `ECS_ENABLE_CONTAINER_METADATA=true` and which is complete some
time after the start. ECS tells a task its *container instance*, not the EC2 instance id, so on AWS the host is the last
part of that ARN.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from settings import NAME, read_name

UNKNOWN = "unknown"
METADATA_TIMEOUT_S = 2.0
log = logging.getLogger("app")


@dataclass(slots=True)
class Identity:
    """Names that are safe in a header; `unknown` where nobody said."""

    task_id: str = UNKNOWN
    instance_id: str = UNKNOWN
    availability_zone: str = UNKNOWN
    metadata_file: Path | None = None

    def complete(self) -> None:
        """Read the container metadata file, until it has once been whole."""
        if self.metadata_file is None:
            return
        try:
            told = json.loads(self.metadata_file.read_text())
        except (OSError, json.JSONDecodeError):  # not written yet, or half of it
            return
        if told.get("MetadataFileStatus") == "READY":
            self.metadata_file = None
            self.instance_id = _last(told.get("ContainerInstanceARN", ""), self.instance_id)
            self.availability_zone = _last(told.get("AvailabilityZone", ""), self.availability_zone)


async def read_identity(environment: Mapping[str, str]) -> Identity:
    """Ask the environment, then ECS.

    Raises:
        BadSetting: A variable of ours is no name.
    """
    file = environment.get("ECS_CONTAINER_METADATA_FILE")
    identity = Identity(
        task_id=read_name(environment, "HITLESS_TASK_ID", UNKNOWN),
        instance_id=read_name(environment, "HITLESS_INSTANCE_ID", UNKNOWN),
        availability_zone=read_name(environment, "HITLESS_AZ", UNKNOWN),
        metadata_file=Path(file) if file else None,
    )
    uri = environment.get("ECS_CONTAINER_METADATA_URI_V4")
    if uri and identity.task_id == UNKNOWN:
        await _ask_ecs(uri, identity)
    identity.complete()
    return identity


async def _ask_ecs(uri: str, identity: Identity) -> None:
    timeout = aiohttp.ClientTimeout(total=METADATA_TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{uri}/task") as answer:
            answer.raise_for_status()
            told = await answer.json(content_type=None)
    except (TimeoutError, aiohttp.ClientError, json.JSONDecodeError) as why:
        log.warning("task metadata is not to be had: %s %s", type(why).__name__, why)
        return
    identity.task_id = _last(told.get("TaskARN", ""), identity.task_id)
    identity.availability_zone = _last(told.get("AvailabilityZone", ""), identity.availability_zone)


def _last(arn: str, otherwise: str) -> str:
    name = arn.rpartition("/")[2]
    return name if NAME.fullmatch(name) else otherwise
