"""The AppSpec of a release, from `codedeploy/appspec.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from hitless.errors import Refused
from hitless.template import Rendered, fill

TEMPLATE = Path("codedeploy/appspec.yaml")
HOOK_EVENTS = ("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
REVISION = re.compile(r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:task-definition/[A-Za-z0-9_-]{1,255}:[1-9]\d*")
CONTAINER = re.compile(r"[A-Za-z0-9_-]{1,255}")  # ECS: ContainerDefinition.name
FUNCTION = re.compile(r"(arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:)?[A-Za-z0-9_-]{1,64}(:[\w$-]{1,128})?")


def render(
    *,
    task_definition_arn: str,
    container_name: str,
    container_port: int,
    capacity_provider_strategy: Sequence[Mapping[str, object]],
    hooks: Mapping[str, str] | None = None,
    template: Path | str = TEMPLATE,
) -> Rendered:
    """Say what a deployment deploys.

    Args:
        task_definition_arn: Of one revision, `…:task-definition/family:7`.
        container_name: The container behind the load balancer.
        container_port: Its port, 1 to 65535.
        capacity_provider_strategy: As ECS describes it: `[{"capacityProvider": …, "weight": 1, "base": 0}]`.
        hooks: {lifecycle event: Lambda function}, of the events in `HOOK_EVENTS`.
        template: The AppSpec's file.

    Returns:
        JSON for `revision["appSpecContent"]`, and its SHA-256.

    Raises:
        Refused: A value is none AWS would take, there is no strategy (an AppSpec without one makes ECS drop the
            service's), or the template has lost a placeholder or got an unknown one.
    """
    _check(task_definition_arn, container_name, container_port, capacity_provider_strategy)
    values = {
        "TASK_DEFINITION_ARN": task_definition_arn,
        "CONTAINER_NAME": container_name,
        "CONTAINER_PORT": container_port,
        "CAPACITY_PROVIDER_STRATEGY": [_share(share) for share in capacity_provider_strategy],
        "HOOKS": _hooks(hooks or {}),
    }
    filled = fill("The AppSpec", yaml.safe_load(Path(template).read_text()), values)
    return Rendered.of({key: value for key, value in filled.items() if value != []})


def _check(
    task_definition_arn: str, container_name: str, container_port: int, strategy: Sequence[Mapping[str, object]]
) -> None:
    if not REVISION.fullmatch(task_definition_arn):
        raise Refused(
            "An AppSpec names one revision of a task definition by its ARN.",
            seen={"given": task_definition_arn},
            do="use taskDefinitionArn of RegisterTaskDefinition's answer, which ends in :<revision>",
        )
    if not CONTAINER.fullmatch(container_name):
        raise Refused("A container's name is letters, digits, - and _.", seen={"given": repr(container_name)[:80]})
    if not 1 <= container_port <= 65535:
        raise Refused("A container port is 1 to 65535.", seen={"given": container_port})
    if not strategy:
        raise Refused(
            "An AppSpec without a capacity provider strategy makes ECS drop the service's own.",
            do="give the strategy the service has; tasks that find no room would add no hosts otherwise",
        )


def _share(share: Mapping[str, object]) -> dict[str, object]:
    """From ECS's spelling to the AppSpec's."""
    return {
        "Base": int(share.get("base") or 0),
        "CapacityProvider": share["capacityProvider"],
        "Weight": int(share.get("weight") or 0),
    }


def _hooks(hooks: Mapping[str, str]) -> list[dict[str, str]]:
    if unknown := [event for event in hooks if event not in HOOK_EVENTS]:
        seen = {"given": ", ".join(unknown), "events with hooks": ", ".join(HOOK_EVENTS)}
        raise Refused("A lifecycle event takes no hook.", seen=seen)
    if bad := [name for name in hooks.values() if not FUNCTION.fullmatch(name)]:
        raise Refused("A hook is a Lambda function's name or ARN.", seen={"given": repr(bad[0])})
    return [{event: hooks[event]} for event in HOOK_EVENTS if event in hooks]
