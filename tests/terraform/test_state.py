"""State on S3: kept where it was asked for, and changed by one run at a time."""

import pytest

from hitless.errors import Refused

pytestmark = [pytest.mark.terraform, pytest.mark.live]

# What a backend needs to know of the lab; on AWS bucket, key, region and use_lockfile are all.
LAB = {
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
    "use_path_style": True,
}
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
