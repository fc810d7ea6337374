"""What a host is born with."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from .stack import Stacks, every, rule

INSTALLS = re.compile(r"\b(yum|dnf|apt-get|pip3?) +(-\S+ +)*(install|update|upgrade)|curl [^|\n]*\| *(ba)?sh")


@rule
def metadata_is_out_of_containers_reach(stacks: Stacks) -> Iterator[str]:
    """Tokens only, and one hop: a container on the bridge network is the second."""
    for address, one in every(stacks, "aws_launch_template"):
        (options,) = one["metadata_options"]
        if (options["http_tokens"], options["http_put_response_hop_limit"]) != ("required", 1):
            yield address


@rule
def volumes_are_encrypted_with_our_key(stacks: Stacks) -> Iterator[str]:
    """Every disk, gp3, with the environment's key."""
    for address, one in every(stacks, "aws_launch_template"):
        for mapping in one["block_device_mappings"]:
            (disk,) = mapping["ebs"]
            if disk["encrypted"] != "true" or disk["volume_type"] != "gp3" or not disk["kms_key_id"]:
                yield address


@rule
def hosts_install_nothing_at_boot(stacks: Stacks) -> Iterator[str]:
    """A host that fetches what it needs is a host that does not start on the wrong day."""
    for address, one in every(stacks, "aws_launch_template"):
        if INSTALLS.search(base64.b64decode(one["user_data"]).decode()):
            yield address


@rule
def the_agent_refuses_privileged_containers(stacks: Stacks) -> Iterator[str]:
    """Whatever a task definition says; and tasks with a network of their own do not see the metadata either."""
    for address, one in every(stacks, "aws_launch_template"):
        told = base64.b64decode(one["user_data"]).decode()
        if "ECS_DISABLE_PRIVILEGED=true" not in told or "ECS_AWSVPC_BLOCK_IMDS=true" not in told:
            yield address


@rule
def hosts_of_prod_are_chosen_by_hand(stacks: Stacks) -> Iterator[str]:
    """The image by its id: nothing that AWS publishes tonight is on hosts tomorrow."""
    yield from (address for address in stacks["prod"].reads("aws_ssm_parameter") if "ami" in address)


@rule
def a_refresh_launches_before_it_terminates(stacks: Stacks) -> Iterator[str]:
    """Without a maximum AWS takes a host first."""
    for address, one in every(stacks, "aws_autoscaling_group"):
        preferences = one["instance_refresh"][0]["preferences"][0]
        if preferences["min_healthy_percentage"] < 90 or (preferences["max_healthy_percentage"] or 0) <= 100:
            yield address


@rule
def hosts_leave_empty(stacks: Stacks) -> Iterator[str]:
    """Managed draining moves their tasks first."""
    for address, one in every(stacks, "aws_ecs_capacity_provider"):
        if one["auto_scaling_group_provider"][0]["managed_draining"] != "ENABLED":
            yield address
