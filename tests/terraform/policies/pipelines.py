"""Who GitHub's jobs are, and what they may do."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator

from .stack import Stacks, allowed, rule, statements

PUT = ["s3:PutObject", "s3:PutObjectRetention"]
ISSUER = "token.actions.githubusercontent.com"


def trusts(stacks: Stacks) -> Iterator[tuple[str, dict, dict]]:
    """(address, values, condition) of every role that GitHub's jobs become."""
    for address, one in stacks["bootstrap"].of("aws_iam_role"):
        for said in json.loads(one["assume_role_policy"])["Statement"]:
            if "sts:AssumeRoleWithWebIdentity" in said["Action"]:
                yield address, one, said["Condition"]


def policies(stacks: Stacks, purpose: str) -> Iterator[tuple[str, dict]]:
    """(address, statement that allows) of one purpose's role."""
    for address, one in stacks["bootstrap"].of("aws_iam_role_policy"):
        if address.rsplit(".", 1)[1].startswith(purpose):
            yield from ((address, said) for said in allowed(one["policy"]))


def may(said: dict, *actions: str) -> bool:
    """Whether a statement allows any of these actions, patterns on either side."""
    return any(
        fnmatch.fnmatch(action, given) or fnmatch.fnmatch(given, action)
        for given in said["Action"]
        for action in actions
    )


@rule
def tokens_are_meant_for_aws(stacks: Stacks) -> Iterator[str]:
    """The audience, of the provider and of each role."""
    for address, one in stacks["bootstrap"].of("aws_iam_openid_connect_provider"):
        if one["client_id_list"] != ["sts.amazonaws.com"]:
            yield address
    for address, _, condition in trusts(stacks):
        if condition.get("StringEquals", {}).get(f"{ISSUER}:aud") != "sts.amazonaws.com":
            yield address


@rule
def each_role_is_one_github_environment(stacks: Stacks) -> Iterator[str]:
    """The exact subject in both of GitHub's forms, and no other."""
    for address, _, condition in trusts(stacks):
        subjects = condition.get("StringEquals", {}).get(f"{ISSUER}:sub") or ["*"]
        ends = {subject.partition(":environment:")[2] for subject in subjects}
        forms = sorted("@" in subject for subject in subjects)
        if any("*" in subject for subject in subjects) or len(ends) != 1 or "" in ends or forms != [False, True]:
            yield address


@rule
def a_recycled_name_is_nobody(stacks: Stacks) -> Iterator[str]:
    """Repository and owner by the ids GitHub never gives again."""
    for address, _, condition in trusts(stacks):
        if not {f"{ISSUER}:repository_id", f"{ISSUER}:repository_owner_id"} <= set(condition.get("StringEquals", {})):
            yield address


@rule
def only_the_main_branchs_workflow_writes(stacks: Stacks) -> Iterator[str]:
    """A workflow that somebody edits on a branch is not the one that was reviewed."""
    for address, _, condition in trusts(stacks):
        workflow = condition.get("StringEquals", {}).get(f"{ISSUER}:job_workflow_ref", "")
        if '"plan"' not in address and not workflow.endswith("@refs/heads/main"):
            yield address


@rule
def claims_are_compared_exactly(stacks: Stacks) -> Iterator[str]:
    """StringLike lets patterns in, ForAllValues is true of a claim that is missing."""
    for address, _, condition in trusts(stacks):
        if set(condition) != {"StringEquals"}:
            yield address


@rule
def build_can_only_push(stacks: Stacks) -> Iterator[str]:
    """It unmakes nothing."""
    bad = ("ecr:Delete*", "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy", "ecr:PutImageTagMutability", "iam:*")
    yield from (f"{address} {said['Sid']}" for address, said in policies(stacks, "build") if may(said, *bad))


@rule
def deploy_touches_neither_traffic_nor_hosts(stacks: Stacks) -> Iterator[str]:
    """CodeDeploy moves traffic, with its own role and under alarms."""
    bad = (
        "ecs:UpdateService",
        "elasticloadbalancing:Modify*",
        "ec2:RunInstances",
        "ec2:Terminate*",
        "autoscaling:Start*",
    )
    for address, said in policies(stacks, "deploy"):
        other_iam = [a for a in said["Action"] if a.startswith("iam:") and a != "iam:PassRole"]
        if may(said, *bad) or other_iam:
            yield f"{address} {said['Sid']}"


@rule
def revisions_are_never_privileged(stacks: Stacks) -> Iterator[str]:
    """Registered for one family, and not privileged."""
    for address, said in policies(stacks, "deploy"):
        if may(said, "ecs:RegisterTaskDefinition"):
            told = said.get("Condition", {}).get("StringEquals", {}).get("ecs:privileged")
            if told != "false" or "*" in said["Resource"]:
                yield f"{address} {said['Sid']}"


@rule
def plan_writes_the_lock_alone(stacks: Stacks) -> Iterator[str]:
    """Everything else it may do is reading; no secret's value is among it."""
    reads = ("Describe", "Get", "List", "Decrypt", "GenerateDataKey")
    for address, said in policies(stacks, "plan"):
        locks = all(resource.endswith(".tflock") for resource in said["Resource"])
        writes = [action for action in said["Action"] if not action.split(":")[1].startswith(reads)]
        if (writes and not locks) or may(said, "secretsmanager:GetSecretValue"):
            yield f"{address} {said['Sid']}"


@rule
def roles_are_made_within_the_boundary(stacks: Stacks) -> Iterator[str]:
    """A role without it could do what its maker may not."""
    for address, said in policies(stacks, "apply"):
        if may(said, "iam:CreateRole", "iam:PutRolePolicy"):
            bound = said.get("Condition", {}).get("StringEquals", {}).get("iam:PermissionsBoundary")
            if not bound or "*" in said["Resource"]:
                yield f"{address} {said['Sid']}"


@rule
def the_state_is_never_deleted(stacks: Stacks) -> Iterator[str]:
    """Only its lock is."""
    for purpose in ("apply", "build", "deploy", "plan"):
        for address, said in policies(stacks, purpose):
            if may(said, "s3:DeleteObject") and not all(r.endswith(".tflock") for r in said["Resource"]):
                yield f"{address} {said['Sid']}"


@rule
def evidence_is_put_and_left(stacks: Stacks) -> Iterator[str]:
    """Each environment's below its own name; nobody who runs reads back or mends."""
    for purpose in ("apply", "deploy"):
        for address, said in policies(stacks, purpose):
            if said["Sid"] == "KeepEvidence" and (said["Action"] != PUT or _all_of_the_bucket(said)):
                yield address


def _all_of_the_bucket(said: dict) -> bool:
    return any(resource.count("/") < 2 for resource in said["Resource"])


@rule
def apply_can_never(stacks: Stacks) -> Iterator[str]:
    """Denied, whatever else allows it."""
    wanted = {
        "iam:CreateUser",
        "iam:*AccessKey*",
        "iam:AttachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "kms:ScheduleKeyDeletion",
        "s3:BypassGovernanceRetention",
    }
    for address, one in stacks["bootstrap"].of("aws_iam_policy"):
        if address.endswith("aws_iam_policy.guard"):
            denied = {a for said in statements(one["policy"]) if said["Effect"] == "Deny" for a in said["Action"]}
            if missing := wanted - denied:
                yield f"{address}: {', '.join(sorted(missing))}"


@rule
def apply_cannot_change_itself(stacks: Stacks) -> Iterator[str]:
    """Neither the pipelines' roles nor GitHub's provider nor the boundary."""
    for address, one in stacks["bootstrap"].of("aws_iam_policy"):
        if address.endswith("aws_iam_policy.guard"):
            covered = [r for s in statements(one["policy"]) if s["Action"] == ["iam:*"] for r in s["Resource"]]
            if not all(
                any(part in resource for resource in covered) for part in ("role/*-ci-*", "oidc-provider/", "boundary")
            ):
                yield address


@rule
def nobody_administers(stacks: Stacks) -> Iterator[str]:
    """No statement allows everything."""
    for stack in stacks.values():
        for address, one in stack.of("aws_iam_role_policy"):
            yield from (address for said in allowed(one["policy"]) if may_everything(said))


def may_everything(said: dict) -> bool:
    """Whether an action is `*`, or all of IAM."""
    return any(action in ("*", "*:*", "iam:*") for action in said["Action"])
