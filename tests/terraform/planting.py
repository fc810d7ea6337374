"""Ways to plant a defect in a stack that was read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from .policies import Stacks

Defect = Callable[[Stacks], object]


def put(stack: str, kind: str, ending: str, **values: object) -> Defect:
    """Set attributes of the one resource whose address ends so."""

    def plant(stacks: Stacks) -> None:
        found = [one for address, one in stacks[stack].of(kind) if address.endswith(ending)]
        assert found, f"no {kind} ends in {ending}"
        found[0].update(values)

    return plant


def inside(stack: str, kind: str, ending: str, path: str, value: object) -> Defect:
    """Set something deep in a resource: `metadata_options.0.http_tokens`."""

    def plant(stacks: Stacks) -> None:
        (at, *_) = [one for address, one in stacks[stack].of(kind) if address.endswith(ending)]
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in way:
            at = at[part]
        assert at[last] != value
        at[last] = value

    return plant


def document(stack: str, kind: str, ending: str, attribute: str, change: Callable[[dict], object]) -> Defect:
    """Change a JSON document in a resource; `change` gets it as data."""

    def plant(stacks: Stacks) -> None:
        (one, *_) = [values for address, values in stacks[stack].of(kind) if address.endswith(ending)]
        said = json.loads(one[attribute])
        change(said)
        assert json.dumps(said) != json.dumps(json.loads(one[attribute])), "the defect changed nothing"
        one[attribute] = json.dumps(said)

    return plant


def container(**values: object) -> Defect:
    """Change prod's container."""
    return document("prod", "aws_ecs_task_definition", "", "container_definitions", lambda said: said[0].update(values))


def trust(purpose: str, change: Callable[[dict], object]) -> Defect:
    """Change the condition under which GitHub's jobs become a role."""
    ending = f'module.pipeline["hitless-prod"].aws_iam_role.this["{purpose}"]'
    return document(
        "bootstrap",
        "aws_iam_role",
        ending,
        "assume_role_policy",
        lambda said: change(said["Statement"][0]["Condition"]),
    )


def statement(stack: str, ending: str, sid: str, *, kind: str = "aws_iam_role_policy", **values: object) -> Defect:
    """Change one statement of a policy."""

    def change(said: dict) -> None:
        (one,) = [found for found in said["Statement"] if found["Sid"] == sid]
        one.update(values)

    return document(stack, kind, ending, "policy", change)


def add_statement(stack: str, ending: str, **values: object) -> Defect:
    """Allow something more."""
    more = {"Sid": "More", "Effect": "Allow", "Resource": "arn:aws:x:::one", **values}
    return document(stack, "aws_iam_role_policy", ending, "policy", lambda said: said["Statement"].append(more))


def more(stack: str, kind: str, address: str, **values: object) -> Defect:
    """One resource more."""
    made = {"address": address, "mode": "managed", "type": kind, "values": values}
    return lambda stacks: stacks[stack].resources.append(made)


def without(stack: str, kind: str, ending: str) -> Defect:
    """One resource less."""

    def plant(stacks: Stacks) -> None:
        before = len(stacks[stack].resources)
        stacks[stack].resources = [
            one for one in stacks[stack].resources if not (one["type"] == kind and one["address"].endswith(ending))
        ]
        assert len(stacks[stack].resources) < before

    return plant


def user_data(change: Callable[[str], str]) -> Defect:
    """Change what prod's hosts run at boot."""

    def plant(stacks: Stacks) -> None:
        ((_, one),) = stacks["prod"].of("aws_launch_template")
        one["user_data"] = base64.b64encode(change(base64.b64decode(one["user_data"]).decode()).encode()).decode()

    return plant


def drop(sid: str) -> Callable[[dict], None]:
    """Leave a statement out."""

    def change(said: dict) -> None:
        said["Statement"] = [one for one in said["Statement"] if one["Sid"] != sid]

    return change
