"""What the roles of a service may do, and who may be them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .stack import Stacks, allowed, every, rule

FORBIDDEN = {
    "aws_iam_access_key": "a key that never ends",
    "aws_iam_user": "people and pipelines are roles",
    "aws_iam_group": "there are no users",
}


@rule
def there_are_no_users_and_no_keys(stacks: Stacks) -> Iterator[str]:
    """Sessions only."""
    for stack in stacks.values():
        for kind, why in FORBIDDEN.items():
            yield from (f"{address}: {why}" for address, _ in stack.of(kind))


@rule
def no_policy_of_aws_is_attached(stacks: Stacks) -> Iterator[str]:
    """They allow on every resource what ours allow on one."""
    for address, one in every(stacks, "aws_iam_role_policy_attachment"):
        if ":iam::aws:policy/" in one["policy_arn"]:
            yield address


@rule
def roles_are_passed_to_one_service(stacks: Stacks) -> Iterator[str]:
    """By name, and the service is told."""
    for address, one in every(stacks, "aws_iam_role_policy"):
        for said in allowed(one["policy"]):
            if "iam:PassRole" not in said["Action"]:
                continue
            told = said.get("Condition", {}).get("StringEquals", {}).get("iam:PassedToService")
            if "*" in said["Resource"] or not told:
                yield address


@rule
def tasks_are_trusted_for_this_account_only(stacks: Stacks) -> Iterator[str]:
    """A service that acts for somebody else's account does not become our role."""
    for address, one in every(stacks, "aws_iam_role"):
        if not address.endswith((".execution", ".aws_iam_role.task")):
            continue
        (said,) = json.loads(one["assume_role_policy"])["Statement"]
        if "aws:SourceAccount" not in said.get("Condition", {}).get("StringEquals", {}):
            yield address


@rule
def the_application_is_not_allowed_anything(stacks: Stacks) -> Iterator[str]:
    """It calls no API; and it is not the role that pulls its image."""
    for name in ("dev", "prod"):
        policies = [address for address, _ in stacks[name].of("aws_iam_role_policy")]
        yield from (f"{name}: {address}" for address in policies if address.endswith("aws_iam_role_policy.task"))


@rule
def hosts_serve_one_cluster(stacks: Stacks) -> Iterator[str]:
    """What names a resource names it; only what AWS offers no narrower form for is on everything."""
    unscopable = {"ecs:DiscoverPollEndpoint", "logs:DescribeLogGroups", "ssmmessages"}
    for address, one in every(stacks, "aws_iam_role_policy"):
        if not address.endswith("aws_iam_role_policy.host"):
            continue
        for said in allowed(one["policy"]):
            wide = {action for action in said["Action"] if action.split(":")[0] not in unscopable} - unscopable
            if "*" in said["Resource"] and wide:
                yield f"{address} {said['Sid']}"


@rule
def codedeploy_moves_this_service_only(stacks: Stacks) -> Iterator[str]:
    """It reads load balancers; what it changes is named."""
    for address, one in every(stacks, "aws_iam_role_policy"):
        if not address.endswith("module.codedeploy.aws_iam_role_policy.this"):
            continue
        for said in allowed(one["policy"]):
            writes = [action for action in said["Action"] if ":Describe" not in action and action != "iam:PassRole"]
            if "*" in said["Resource"] and writes:
                yield f"{address} {said['Sid']}"


@rule
def roles_of_prod_stay_within_the_boundary(stacks: Stacks) -> Iterator[str]:
    """Or the pipeline could not have made them."""
    yield from (address for address, one in stacks["prod"].of("aws_iam_role") if not one["permissions_boundary"])
