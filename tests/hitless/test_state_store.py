"""State and variables lie where every machine finds them, of one environment only, and never without a lock."""

import json
from io import BytesIO

import pytest
from botocore.exceptions import ClientError

from hitless.errors import NotReady, Refused
from hitless.state_store import LAB, VARIABLE, InFolder, settings_of, store_of
from tests.hitless.here import Here

WEB = {"bucket": "states", "key": "web/terraform.tfstate", "region": "us-east-1", "use_lockfile": True}
KEY = {"encrypt": True, "kms_key_id": "arn:aws:kms:us-east-1:123456789012:key/1"}


class Bucket:
    """As much of S3 as the store asks for, and of a session to get it from."""

    def __init__(self, owner="123456789012"):
        self.objects, self.owner, self.region = {}, owner, ""

    def client(self, service, *, region_name, config):
        assert service == "s3"
        self.region = region_name
        return self

    def _mine(self, Bucket, ExpectedBucketOwner):
        if (Bucket, ExpectedBucketOwner) != ("states", self.owner):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")

    def list_objects_v2(self, *, Prefix, **whose):
        self._mine(**whose)
        found = [{"Key": key} for key in sorted(self.objects) if key.startswith(Prefix)]
        return {"Contents": found} if found else {}

    def get_object(self, *, Key, **whose):
        self._mine(**whose)
        return {"Body": BytesIO(self.objects[Key])}

    def put_object(self, *, Key, Body, ContentType, **whose):
        self._mine(**whose)
        self.objects[Key] = Body


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv(VARIABLE, json.dumps({"web": WEB}))
    return Bucket()


def store(bucket, folder, environment="aws"):
    here = Here(environment)
    here.session = bucket
    return store_of(here, folder, "web")


def test_without_a_word_the_folder_keeps_it_as_before(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, " ")
    kept = store_of(Here(), tmp_path, "web")
    assert isinstance(kept, InFolder) and kept.backend is None and kept.read() is None
    kept.begin()
    assert kept.read() is None
    kept.write({"name": "web"})
    assert store_of(Here(), tmp_path, "web").read() == {"name": "web"}
    kept.forget()
    kept.forget()
    assert kept.read() is None


def test_what_one_machine_keeps_the_next_one_knows(bucket, tmp_path):
    one, other = (store(bucket, tmp_path / name) for name in ("one", "other"))
    one.require_known()
    one.begin()
    assert other.read() is None and bucket.region == "us-east-1"
    one.write({"name": "web"})
    assert other.read() == {"name": "web"} and set(bucket.objects) == {"web/variables.json"}
    other.forget()
    assert one.read() is None and set(bucket.objects) == {"web/variables.json"}, "nothing is deleted"


def test_terraform_is_told_the_same_and_whose_account(bucket, tmp_path):
    assert store(bucket, tmp_path).backend == {**WEB, "allowed_account_ids": ["123456789012"]}
    assert store(bucket, tmp_path, "lab").backend == {**WEB, **LAB}


def test_a_first_apply_that_is_cut_off_goes_on_with_what_a_person_wrote(bucket, tmp_path):
    (tmp_path / "variables.json").write_text('{"hosts": 4}')
    first = store(bucket, tmp_path)
    assert first.read() == {"hosts": 4}
    first.begin()
    bucket.objects[WEB["key"]] = b"state"  # and here it is cut off
    other = store(bucket, tmp_path / "other")
    other.require_known()
    assert other.read() == {"hosts": 4}
    first.forget()
    assert first.read() is None, "what was unmade is not begun again from the folder"


def test_a_state_without_its_variables_is_not_planned_against(bucket, tmp_path):
    bucket.objects[WEB["key"]] = b"state"
    with pytest.raises(NotReady, match=r"aws s3 cp variables.json s3://states/web/variables.json"):
        store(bucket, tmp_path).require_known()
    bucket.objects["web/variables.json"] = b"{}"
    store(bucket, tmp_path).require_known()


def test_a_state_that_was_left_behind_is_not_made_a_second_time(bucket, tmp_path):
    (tmp_path / "terraform.tfstate").write_text("{}")
    with pytest.raises(NotReady, match="still in a folder"):
        store(bucket, tmp_path).require_known()
    bucket.objects |= {WEB["key"]: b"state", "web/variables.json": b"{}"}
    store(bucket, tmp_path).require_known()


def test_a_new_machine_of_ci_begins_nothing_on_aws(bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    bucket.objects[f"{WEB['key']}.tflock"] = b"held"
    with pytest.raises(NotReady, match="no Terraform state where"):
        store(bucket, tmp_path).require_known()
    store(bucket, tmp_path, "lab").require_known()
    bucket.objects |= {WEB["key"]: b"state", "web/variables.json": b"{}"}
    store(bucket, tmp_path).require_known()


def test_a_ci_job_without_any_state_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    store_of(Here("aws"), tmp_path, "web").require_known()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    store_of(Here("lab"), tmp_path, "web").require_known()
    with pytest.raises(NotReady, match=f"let {VARIABLE} say"):
        store_of(Here("aws"), tmp_path, "web").require_known()
    (tmp_path / "terraform.tfstate").write_text("{}")
    store_of(Here("aws"), tmp_path, "web").require_known()


def test_somebody_elses_bucket_of_that_name_is_not_believed(bucket, tmp_path):
    bucket.owner = "210987654321"
    with pytest.raises(Refused, match="AccessDenied"):
        store(bucket, tmp_path).require_known()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "knows no environment web"),
        ('{"other": {}}', "it knows  other"),
        (json.dumps({"web": {**WEB, "use_lockfile": False}}), "would not be locked"),
        (json.dumps({"web": {**WEB, "use_lockfile": "true"}}), "would not be locked"),
        (json.dumps({"web": {**WEB, "key": "prod/terraform.tfstate"}}), "another environment's"),
        (json.dumps({"web": {**WEB, "endpoint": "http://elsewhere"}}), "not of bootstrap's form"),
        (json.dumps({"web": {name: WEB[name] for name in ("bucket", "key", "region")}}), "not of bootstrap's form"),
    ],
)
def test_settings_that_would_hurt_are_refused(text, said):
    with pytest.raises(Refused, match=said):
        settings_of("web", text)


def test_what_bootstrap_puts_out_is_taken_as_it_is():
    assert settings_of("web", json.dumps({"web": {**WEB, **KEY}, "prod": {}})) == {**WEB, **KEY}
