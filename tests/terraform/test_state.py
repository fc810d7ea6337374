"""State on S3: kept where it was asked for, found by the next machine, and changed by one run at a time."""

import json

import pytest

from hitless.connect import connect
from hitless.environment import Environment
from hitless.errors import Refused
from hitless.state_store import LAB, VARIABLE

pytestmark = [pytest.mark.terraform, pytest.mark.live]

BACKEND = {"bucket": "state", "key": "dev/terraform.tfstate", "region": "us-east-1", "use_lockfile": True, **LAB}
OTHER = b'{"ID":"1","Who":"somebody else","Operation":"apply","Created":"2026-01-01T00:00:00Z","Info":"","Version":""}'


def test_a_state_on_s3_is_changed_by_one_run_at_a_time(lab, small, tmp_path, monkeypatch):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="state")
    terraform = small('resource "terraform_data" "one" {}', backend=BACKEND, env=lab.environment)
    terraform.apply(terraform.plan({}))
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="state")["Contents"]] == ["dev/terraform.tfstate"]
    assert not (terraform.state_dir / "terraform.tfstate").exists()

    s3.put_object(Bucket="state", Key="dev/terraform.tfstate.tflock", Body=OTHER)
    monkeypatch.setattr("hitless.terraform.LOCK_WAIT", "1s")
    with pytest.raises(Refused, match="somebody else"):
        terraform.plan({})


# As much of an environment as `Environment` needs to know, and nothing that takes a provider.
ROOT = """
variable "account_id" {}
variable "region" {}
variable "name" {}
variable "lab" {}
variable "deployment" { default = null }
variable "environment" { default = null }
variable "hook" { default = null }
variable "image" { default = null }
variable "size" { default = 1 }
resource "terraform_data" "one" { input = "${var.name} of ${var.size}" }
"""


@pytest.fixture
def machine(lab, tmp_path, monkeypatch):
    """Another machine of the same environment: its folder is empty."""
    lab.client("s3").create_bucket(Bucket="state")
    root = tmp_path / "terraform" / "envs" / "small"
    root.mkdir(parents=True)
    (root / "main.tf").write_text(ROOT)
    settings = {name: BACKEND[name] for name in ("bucket", "region", "use_lockfile")} | {"key": "web/terraform.tfstate"}
    monkeypatch.setenv(VARIABLE, json.dumps({"web": settings}))
    return lambda name: Environment(connect(), tmp_path / name, "web", folder=root, say=str)


def test_the_next_machine_knows_what_the_first_has_made(machine, lab, tmp_path):
    first = machine("first")
    assert not first.exists
    first.apply(first.plan(size=3))

    second = machine("second")
    assert second.exists and second.variables["size"] == 3
    assert second.plan().is_empty
    assert not list(tmp_path.glob("*/terraform.tfstate")) and not list(tmp_path.glob("*/variables.json"))

    stale = second.plan(size=4)
    first.apply(first.plan(size=5))
    with pytest.raises(Refused, match="stale"):
        second.apply(stale)
    assert second.variables["size"] == 5

    second.terraform.apply(second.plan_tear_down())
    second.forget()
    assert not machine("third").exists
    there = [found["Key"] for found in lab.client("s3").list_objects_v2(Bucket="state")["Contents"]]
    assert there == ["web/terraform.tfstate", "web/variables.json"], "the lock is gone"


def test_without_the_bucket_the_next_machine_would_make_it_again(machine, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    first = machine("first")
    first.apply(first.plan(size=3))
    assert [change.address for change in machine("second").plan(size=3).changes] == ["terraform_data.one"]
