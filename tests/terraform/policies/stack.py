"""A stack as Terraform says it would be: resources by type, policies as data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

RULES: dict[str, Callable[[Stacks], list[str]]] = {}
NONE = [None]  # Terraform's empty block lists


@dataclass
class Stack:
    """Resources and outputs of one root module, applied to a pretended AWS."""

    resources: list[dict]
    outputs: dict

    def of(self, kind: str) -> Iterator[tuple[str, dict]]:
        """(address, values) of every resource of a type."""
        for one in self.resources:
            if one["type"] == kind and one["mode"] == "managed":
                yield one["address"], one["values"]

    def reads(self, kind: str) -> list[str]:
        """Addresses of data sources of a type."""
        return [one["address"] for one in self.resources if one["type"] == kind and one["mode"] == "data"]


Stacks = dict[str, Stack]


def rule(function: Callable[[Stacks], Iterator[str]]) -> Callable[[Stacks], list[str]]:
    """Keep a rule under its own name."""
    RULES[function.__name__] = lambda stacks: list(function(stacks))
    return RULES[function.__name__]


def every(stacks: Stacks, kind: str) -> Iterator[tuple[str, dict]]:
    """(address, values) of a type in all stacks; at least one, or the rule would hold of nothing."""
    found = [(f"{name}: {address}", values) for name, stack in stacks.items() for address, values in stack.of(kind)]
    assert found, f"there is no {kind} to check"
    yield from found


def read_stacks(lines: list[str], runs: dict[str, str]) -> Stacks:
    """From `terraform test -json -verbose`: the states of these runs (run name to stack name)."""
    stacks = {}
    for line in lines:
        if '"type":"test_state"' not in line:
            continue
        said = json.loads(line)
        if (name := runs.get(said["@testrun"])) is not None:
            state = said["test_state"]
            outputs = {key: one["value"] for key, one in state.get("outputs", {}).items()}
            stacks[name] = Stack(list(_walk(state["root_module"])), outputs)
    return stacks


def _walk(module: dict) -> Iterator[dict]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _walk(child)


def statements(policy: str | None) -> list[dict]:
    """A policy document's statements, actions and resources always lists."""
    return [
        {**one, "Action": _many(one.get("Action")), "Resource": _many(one.get("Resource"))}
        for one in json.loads(policy or '{"Statement": []}')["Statement"]
    ]


def allowed(policy: str | None) -> list[dict]:
    """The statements that allow something."""
    return [one for one in statements(policy) if one["Effect"] == "Allow"]


def _many(value: object) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]
