"""Reads an AppSpec for ECS, YAML or JSON; keys count whatever their case, as on AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from awslab.machines.appspecs import AppSpec
from awslab.machines.deployment_events import HOOKABLE
from awslab.machines.task_sets import ProviderShare

SERVICE_TYPE = "AWS::ECS::Service"
CHARACTERS_MAX, BRACKETS_MAX = 64 * 1024, 500
"""The lab's own: its YAML reader takes seconds over 5,000 brackets, and nobody else is answered meanwhile."""
PORT_MAX, DEPTH_MAX, NODES_MAX = 65_535, 32, 10_000
WHOLE = re.compile(r"[0-9]{1,9}")
NOT_PARSED = "The input AppSpec file is a not well-formed yaml. The template cannot be parsed."


class InvalidAppSpec(Exception):
    """The content is no AppSpec for ECS; says what is wrong with it."""


def read_appspec(content: str) -> AppSpec:
    """Read one.

    Raises:
        InvalidAppSpec: It is not well formed, or something is missing or unknown.
    """
    if len(content) > CHARACTERS_MAX or content.count("[") + content.count("{") > BRACKETS_MAX:
        raise InvalidAppSpec(NOT_PARSED)
    try:
        given = yaml.safe_load(content)  # JSON is YAML
    except (yaml.YAMLError, RecursionError, ValueError):  # a date there never was is a ValueError
        raise InvalidAppSpec(NOT_PARSED) from None
    if not isinstance(given, Mapping):
        raise InvalidAppSpec(NOT_PARSED)
    given = _lowered(given, Room())
    if str(given.get("version")) not in ("0.0", "0", "1", "1.0"):
        raise InvalidAppSpec(f"The version {given.get('version')} is not supported; use 0.0.")
    properties = _properties(given.get("resources"))
    balancer = properties.get("loadbalancerinfo") or {}
    for name, value in (
        ("TaskDefinition", properties.get("taskdefinition")),
        ("ContainerName", balancer.get("containername")),
        ("ContainerPort", balancer.get("containerport")),
    ):
        if value in (None, ""):
            raise InvalidAppSpec(f"{name} is missing from the properties of the ECS service.")
    return AppSpec(
        task_definition=str(properties["taskdefinition"]),
        container_name=str(balancer["containername"]),
        container_port=_port(balancer["containerport"]),
        provider_shares=_shares(properties.get("capacityproviderstrategy")),
        hooks=_hooks(given.get("hooks")),
    )


def _properties(resources: object) -> dict:
    if not isinstance(resources, list) or len(resources) != 1 or not isinstance(resources[0], dict):
        raise InvalidAppSpec("Resources must hold exactly one resource.")
    (resource,) = resources[0].values()
    if not isinstance(resource, dict) or resource.get("type") != SERVICE_TYPE:
        raise InvalidAppSpec(f"The type of the resource must be {SERVICE_TYPE}.")
    properties = resource.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("loadbalancerinfo") or {}, dict):
        raise InvalidAppSpec("The resource has no properties.")
    if properties.get("networkconfiguration") or properties.get("platformversion"):
        raise InvalidAppSpec("The lab runs tasks on container instances without awsvpc networking.")
    return properties


def _port(given: object) -> int:
    port = _whole(given)
    if port is None or port > PORT_MAX:
        raise InvalidAppSpec(f"ContainerPort {given} is not a port.")
    return port


def _whole(given: object) -> int | None:
    """A number without sign, written as one or as text."""
    return int(given) if not isinstance(given, bool) and WHOLE.fullmatch(str(given)) else None


def _shares(given: object) -> tuple[ProviderShare, ...]:
    if given is not None and not isinstance(given, list):
        raise InvalidAppSpec("CapacityProviderStrategy must be a list.")
    return tuple(_share(one) for one in given or ())


def _share(given: object) -> ProviderShare:
    if not isinstance(given, dict) or not given.get("capacityprovider"):
        raise InvalidAppSpec("An item of CapacityProviderStrategy needs a CapacityProvider.")
    weight, base = _whole(given.get("weight") or 0), _whole(given.get("base") or 0)
    if weight is None or base is None:
        raise InvalidAppSpec("Weight and Base of a CapacityProviderStrategy are whole numbers.")
    return ProviderShare(str(given["capacityprovider"]), weight, base)


def _hooks(given: object) -> tuple[tuple[str, str], ...]:
    if given is not None and not (isinstance(given, list) and all(isinstance(one, dict) for one in given)):
        raise InvalidAppSpec("Hooks must be a list of lifecycle events and functions.")
    names = {name.lower(): name for name in HOOKABLE}
    found: dict[str, str] = {}
    for key, function_name in ((key, value) for one in given or () for key, value in one.items()):
        if key not in names or names[key] in found or not isinstance(function_name, str) or not function_name:
            raise InvalidAppSpec(f"The hook {key} is unknown, named twice or without a function.")
        found[names[key]] = function_name
    return tuple(found.items())


@dataclass
class Room:
    """How much more an AppSpec may hold: aliases let a page say more than memory holds, or hold itself."""

    nodes: int = NODES_MAX

    def take(self, depth: int) -> None:
        """One node more."""
        self.nodes -= 1
        if self.nodes < 0 or depth > DEPTH_MAX:
            raise InvalidAppSpec(NOT_PARSED)


def _lowered(given: object, room: Room, depth: int = 0) -> object:
    """The same with every key in lower case."""
    room.take(depth)
    if isinstance(given, Mapping):
        return {str(key).lower(): _lowered(value, room, depth + 1) for key, value in given.items()}
    return [_lowered(one, room, depth + 1) for one in given] if isinstance(given, list) else given
