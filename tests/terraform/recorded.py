"""What no docstring can tell: which objects and which items a run reads and writes, recorded on the lab."""

import json
from datetime import timedelta

import pytest

from hitless import archive, lease, lease_table
from hitless.clock import to_datetime
from hitless.connect import connect
from hitless.environment import Environment
from tests.conftest import RunningLab

from .conftest import CHECKOUT
from .recorder import Asked, Recorder
from .test_state import ROOT

NAME, BUCKET, LEASES = "hitless-dev", "web", "arn:aws:dynamodb:us-east-1:123456789012:table/hitless-lease"
STATE = {"bucket": BUCKET, "key": f"{NAME}/terraform.tfstate", "region": "us-east-1", "use_lockfile": True}


def record(place) -> dict[str, list[Asked]]:
    """{purpose: what IAM would be asked}, of an apply, of a plan on the next machine, and of a release."""
    root, found = place / "terraform" / "envs" / "small", {}
    root.mkdir(parents=True)
    (root / "main.tf").write_text(ROOT)

    def machine(name):
        return Environment(connect(), place / name, NAME, folder=root, say=str)

    def apply():
        one = machine("apply")
        one.apply(one.plan(size=3))
        run_once("1")

    doing = {"apply": apply, "plan": lambda: machine("plan").plan(size=4), "deploy": lambda: run_once("2")}
    with RunningLab(place / "lab", rate=60, seed=1) as lab, Recorder(lab.endpoint_url) as recorder:
        lab.client("s3").create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        lease_table._create(connect())  # as bootstrap does
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", recorder.endpoint_url)
            patch.setenv("HITLESS_BACKENDS", json.dumps({NAME: STATE}))
            for purpose, act in doing.items():
                recorder.asked = []
                act()
                found[purpose] = recorder.asked
    return found


def run_once(run_id: str) -> None:
    """What every run does: take the lease, hold it, give it back; archive its record."""
    here = connect()
    with lease.acquire(here, NAME, run_id=run_id, runbook="20", actor="me") as held:
        held.renew()
        assert lease_table.look(here, NAME).run_id == run_id
    until, s3 = to_datetime(here.clock.now()) + timedelta(days=1), here.client("s3")
    keeping = archive.Keeping(BUCKET, f"{NAME}/", archive.COMPLIANCE, until)
    archive._check(keeping, s3)
    assert archive._put(CHECKOUT / "LICENSE", f"{NAME}/20/{run_id}/LICENSE", keeping, s3)
