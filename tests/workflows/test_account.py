"""From an empty account to every kind of change, as executed steps: bootstrap by a person, all else by workflows.

Each job has a machine of its own, so what Terraform knows reaches it by the bucket that bootstrap has made, or not at
all; the records go into the bucket whose objects nobody can delete.
"""

import json
import os

import pytest

from hitless.connect import connect
from hitless.environment import Environment
from hitless.hosts import read_hosts
from hitless.stack import read_stack
from hitless.terraform import Terraform
from tests.conftest import RunningLab
from tests.workflows.begun import another_refresh, refreshes
from tests.workflows.github import CHECKOUT, GitHub, approval

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.live,
    pytest.mark.skipif(os.environ.get("HITLESS_FLOWS") != "all", reason="ten minutes; GitHub's CI sets HITLESS_FLOWS"),
]
NAME, CHANGE = "hitless-dev", "_run-runbook.yml:change"
ACCOUNT = {
    "account_id": "123456789012",
    "environments": [NAME],
    "github": {"owner": "octo-org", "owner_id": "1234567", "repository": "hitless", "repository_id": "7654321"},
    "lab": True,
}
QUICK = {"PROBE_RATE_PER_S": 400, "MIN_HEALTHY_PERCENT": 100, "MAX_HEALTHY_PERCENT": 200}
PARAMETERS = {"20-refresh-hosts": QUICK}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with RunningLab(tmp_path_factory.mktemp("lab"), rate=45, seed=1) as lab:
        yield lab


@pytest.fixture(scope="module")
def bootstrap(lab, tmp_path_factory):
    terraform = Terraform(CHECKOUT / "terraform" / "bootstrap", tmp_path_factory.mktemp("bootstrap"), say=str)
    terraform.init()
    terraform.apply(terraform.plan(ACCOUNT))
    return terraform


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("github")


@pytest.fixture
def github(bootstrap, lab, root, request):
    made, aws = bootstrap.output(), {name: value for name, value in lab.environment.items() if "KEY" not in name}
    roles = made["role_arns"][NAME]
    own = {"HITLESS_BACKENDS": json.dumps(made["backends"]), "AUDIT_BUCKET": made["audit_bucket"]}
    place = root / request.node.name
    place.mkdir()
    github = GitHub(place, [[{"name": NAME, "reviewed": True}], []], aws, PARAMETERS, **own)
    for purpose, arn in roles.items():
        github.environments[f"{NAME}-{purpose}"]["AWS_ROLE_ARN"] = arn
    github.approve(approval("bob", f"{NAME}-apply"))
    yield github
    print(*github.said, sep="\n")


def change(github, what, value="", **given):
    asked = {"change": what, "value": value, "reason": "CHG-1: try it", "environment": NAME}
    return github.run("infrastructure-update.yml", **asked, **given)


def hosts():
    here = connect()
    return read_hosts(here, read_stack(here, NAME, NAME)).hosts


def archived(lab, bootstrap):
    found = lab.client("s3").list_objects_v2(Bucket=bootstrap.output()["audit_bucket"]).get("Contents", [])
    return {one["Key"].rpartition("/")[0] for one in found if one["Key"].endswith("manifest.json")}


def test_bootstrap_is_made_and_a_second_plan_is_empty(bootstrap):
    plan = bootstrap.plan(ACCOUNT)
    assert plan.is_empty, str(plan)
    assert bootstrap.output()["backends"][NAME]["use_lockfile"] is True


def test_a_merge_makes_the_configuration_and_its_record_is_kept(github, lab, bootstrap):
    assert github.run("infrastructure-update.yml", event="push").result == "success"
    assert len(hosts()) == 4
    assert len(archived(lab, bootstrap)) == 1
    states = lab.client("s3").list_objects_v2(Bucket=bootstrap.output()["backends"][NAME]["bucket"])["Contents"]
    assert [one["Key"] for one in states] == [f"{NAME}/terraform.tfstate", f"{NAME}/variables.json"]


def test_capacity_is_changed_unless_it_is_not_what_was_shown(github, tmp_path, bootstrap, monkeypatch):
    monkeypatch.setenv("HITLESS_BACKENDS", json.dumps(bootstrap.output()["backends"]))
    monkeypatch.chdir(CHECKOUT)

    def by_hand():
        """A colleague's laptop, between plan and approval."""
        own = Environment(connect(), tmp_path / "laptop", NAME, say=str)
        own.apply(own.plan(hosts={"min_size": 4, "desired_capacity": 4, "max_size": 8}))

    github.before[CHANGE] = by_hand
    assert change(github, "capacity", "5,7").result == "failure"
    assert "What was approved is not what would be done" in "".join(github.said)
    assert len(hosts()) == 4

    assert change(github, "capacity", "5,7").result == "success"
    [group] = connect().client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert (group["MinSize"], group["MaxSize"]) == (5, 7)


def test_hosts_get_the_image_that_aws_has_published(github, lab):
    image_id = lab.fault("AmiPublished")["image_id"]
    assert change(github, "ami").result == "success"
    assert {host.image_id for host in hosts()} == {image_id}


def test_hosts_become_another_type_though_somebody_cancels_the_first_time(github):
    github.cancel["Run"] = another_refresh(NAME)
    assert change(github, "instance-type", "t3.large", then="undo").result == "cancelled"
    assert refreshes(NAME)[0]["Status"] in ("RollbackSuccessful", "Cancelled")
    assert {host.instance_type for host in hosts()} == {"t3.medium"}

    assert change(github, "instance-type", "t3.large").result == "success"
    assert {host.instance_type for host in hosts()} == {"t3.large"}
