"""AWS's own policies are there when asked for, and cost nothing when not."""

import json

from awslab.lab import Lab

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def test_a_policy_of_aws_can_be_attached_and_is_read_only_then():
    lab = Lab()
    iam = lab.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    assert iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"] == []
    iam.attach_role_policy(RoleName="r", PolicyArn=READ_ONLY)
    attached = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert attached == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    assert iam.get_policy(PolicyArn=READ_ONLY)["Policy"]["IsAttachable"]
    lab.close()


def test_listing_policies_lists_them():
    lab = Lab()
    assert any(p["Arn"] == READ_ONLY for page in pages(lab) for p in page["Policies"])
    lab.close()


def pages(lab):
    return lab.client("iam").get_paginator("list_policies").paginate(Scope="AWS")
