"""How state, evidence, logs and keys are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .stack import Stacks, allowed, every, rule, statements


@rule
def evidence_cannot_be_deleted(stacks: Stacks) -> Iterator[str]:
    """COMPLIANCE: by nobody. GOVERNANCE can be lifted."""
    locks = dict(stacks["bootstrap"].of("aws_s3_bucket_object_lock_configuration"))
    retention = [one["rule"][0]["default_retention"][0] for one in locks.values()]
    if [(one["mode"], one["days"] >= 90) for one in retention] != [("COMPLIANCE", True)]:
        yield ", ".join(locks) or "no bucket is locked"


@rule
def states_are_locked(stacks: Stacks) -> Iterator[str]:
    """By S3 itself, and encrypted, each environment's under a key of its own."""
    backends = stacks["bootstrap"].outputs["backends"]
    for name, one in backends.items():
        if not one["use_lockfile"] or not one["encrypt"] or not one["key"].startswith(f"{name}/"):
            yield name


@rule
def buckets_are_private(stacks: Stacks) -> Iterator[str]:
    """Four doors shut."""
    for address, one in every(stacks, "aws_s3_bucket_public_access_block"):
        doors = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        if not all(one[door] for door in doors):
            yield address


@rule
def buckets_speak_tls_only(stacks: Stacks) -> Iterator[str]:
    """A Deny, for everybody."""
    for address, one in every(stacks, "aws_s3_bucket_policy"):
        tls = [s for s in statements(one["policy"]) if s["Effect"] == "Deny" and s["Principal"] == "*"]
        if not any(s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for s in tls):
            yield address


@rule
def buckets_but_the_logs_use_our_key(stacks: Stacks) -> Iterator[str]:
    """Load balancers can write to no other; everything else is encrypted with a key of ours."""
    for address, one in every(stacks, "aws_s3_bucket_server_side_encryption_configuration"):
        how = one["rule"][0]["apply_server_side_encryption_by_default"][0]
        if ".logs." not in address and (how["sse_algorithm"] != "aws:kms" or not how["kms_master_key_id"]):
            yield address


@rule
def buckets_keep_history(stacks: Stacks) -> Iterator[str]:
    """Versions are the way back of a state, and what Object Lock locks."""
    for address, one in every(stacks, "aws_s3_bucket_versioning"):
        if one["versioning_configuration"][0]["status"] != "Enabled":
            yield address


@rule
def leases_survive(stacks: Stacks) -> Iterator[str]:
    """The table that runbooks look for, by environment, protected, restorable, encrypted."""
    for address, one in stacks["bootstrap"].of("aws_dynamodb_table"):
        named = (one["name"], one["hash_key"]) == ("hitless-lease", "environment")
        kept = one["deletion_protection_enabled"] and one["point_in_time_recovery"][0]["enabled"]
        if not named or not kept or not one["server_side_encryption"][0]["enabled"]:
            yield address


@rule
def logs_are_kept_a_year_and_encrypted(stacks: Stacks) -> Iterator[str]:
    """With the environment's key."""
    for address, one in every(stacks, "aws_cloudwatch_log_group"):
        if one["retention_in_days"] < 365 or not one["kms_key_id"]:
            yield address


@rule
def keys_rotate_and_go_slowly(stacks: Stacks) -> Iterator[str]:
    """A month to notice that one is being deleted."""
    for address, one in every(stacks, "aws_kms_key"):
        if not one["enable_key_rotation"] or one["deletion_window_in_days"] != 30:
            yield address


@rule
def keys_are_for_named_principals(stacks: Stacks) -> Iterator[str]:
    """Never for anybody."""
    for address, one in every(stacks, "aws_kms_key"):
        for said in allowed(one["policy"]):
            if said["Principal"] == "*" or "*" in said["Principal"].values():
                yield f"{address} {said['Sid']}"


@rule
def logs_use_the_key_for_named_groups(stacks: Stacks) -> Iterator[str]:
    """Else the service could be made to decrypt another group's data."""
    for address, one in every(stacks, "aws_kms_key"):
        for said in allowed(one["policy"]):
            if said["Sid"] != "EncryptLogs":
                continue
            groups = said.get("Condition", {}).get("ArnEquals", {}).get("kms:EncryptionContext:aws:logs:arn", ["*"])
            if any("*" in group for group in groups):
                yield address


@rule
def sessions_are_written_down(stacks: Stacks) -> Iterator[str]:
    """In a log that is encrypted, and hosts of prod may write to it; what cannot be logged does not start."""
    for address, one in stacks["bootstrap"].of("aws_ssm_document"):
        told = json.loads(one["content"])["inputs"]
        if not told["cloudWatchEncryptionEnabled"] or not told["cloudWatchLogGroupName"]:
            yield address
    hosts = [p["policy"] for a, p in stacks["prod"].of("aws_iam_role_policy") if a.endswith("aws_iam_role_policy.host")]
    if not any(said["Sid"] == "WriteSessionsDown" for policy in hosts for said in allowed(policy)):
        yield "hosts of prod cannot write"


@rule
def sessions_are_encrypted_with_a_key_of_their_own(stacks: Stacks) -> Iterator[str]:
    """Hosts of prod may decrypt with it, and reach KMS; with the key of states and evidence they may not."""
    key = stacks["bootstrap"].outputs["session_key_arn"]
    for address, one in stacks["bootstrap"].of("aws_ssm_document"):
        if json.loads(one["content"])["inputs"].get("kmsKeyId") != key:
            yield address
    hosts = [p["policy"] for a, p in stacks["prod"].of("aws_iam_role_policy") if a.endswith("aws_iam_role_policy.host")]
    if not any(said["Sid"] == "DecryptSessions" for policy in hosts for said in allowed(policy)):
        yield "hosts of prod cannot decrypt"
    if not any(address.endswith('["kms"]') for address, _ in stacks["prod"].of("aws_vpc_endpoint")):
        yield "hosts of prod cannot reach KMS"


@rule
def notices_are_encrypted(stacks: Stacks) -> Iterator[str]:
    """They name what is broken."""
    yield from (address for address, one in every(stacks, "aws_sns_topic") if not one["kms_master_key_id"])
