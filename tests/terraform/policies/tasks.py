"""What a container may be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .stack import Stacks, every, rule


def containers(stacks: Stacks) -> Iterator[tuple[str, dict]]:
    """(address, container definition) of every task."""
    for address, one in every(stacks, "aws_ecs_task_definition"):
        for container in json.loads(one["container_definitions"]):
            yield address, container


@rule
def containers_are_nobody(stacks: Stacks) -> Iterator[str]:
    """A user by number, and not 0."""
    for address, one in containers(stacks):
        if not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", str(one.get("user", "0"))):
            yield address


@rule
def containers_have_no_capabilities(stacks: Stacks) -> Iterator[str]:
    """All dropped, none added."""
    for address, one in containers(stacks):
        had = one.get("linuxParameters", {}).get("capabilities", {})
        if had.get("drop") != ["ALL"] or had.get("add"):
            yield address


@rule
def containers_are_not_privileged(stacks: Stacks) -> Iterator[str]:
    """Nor do they share the host's network or processes."""
    for address, one in containers(stacks):
        if one.get("privileged"):
            yield address
    for address, one in every(stacks, "aws_ecs_task_definition"):
        if one["network_mode"] == "host" or one["pid_mode"] or one["ipc_mode"]:
            yield address


@rule
def containers_write_nothing_on_their_disk(stacks: Stacks) -> Iterator[str]:
    """The root file system is read-only."""
    yield from (address for address, one in containers(stacks) if not one.get("readonlyRootFilesystem"))


@rule
def images_are_named_by_digest(stacks: Stacks) -> Iterator[str]:
    """A tag could be moved between two tasks of one revision."""
    yield from (address for address, one in containers(stacks) if not re.search(r"@sha256:[0-9a-f]{64}$", one["image"]))


@rule
def tags_never_move(stacks: Stacks) -> Iterator[str]:
    """And what is pushed is scanned, and encrypted with a key."""
    for address, one in every(stacks, "aws_ecr_repository"):
        scanned = one["image_scanning_configuration"][0]["scan_on_push"]
        encrypted = one["encryption_configuration"][0]["encryption_type"] == "KMS"
        if one["image_tag_mutability"] != "IMMUTABLE" or not scanned or not encrypted:
            yield address


@rule
def nobody_gets_a_shell_in_a_container(stacks: Stacks) -> Iterator[str]:
    """ECS Exec stays off."""
    yield from (address for address, one in every(stacks, "aws_ecs_service") if one["enable_execute_command"])


@rule
def two_tasks_fit_on_a_host(stacks: Stacks) -> Iterator[str]:
    """Dynamic host ports, or blue and green could not stand side by side."""
    for address, one in containers(stacks):
        if any(port.get("hostPort") for port in one["portMappings"]):
            yield address
