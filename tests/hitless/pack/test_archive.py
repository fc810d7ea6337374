"""A pack in the archive can be neither changed nor removed, and is put there once; on the lab's S3."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from awslab.lab import Lab
from hitless import archive, pack
from hitless.archive import Keeping
from hitless.errors import Failed, Refused
from hitless.manifest import ENVELOPE
from tests.hitless.pack.conftest import RUN_ID


@pytest.fixture(scope="module")
def lab():
    lab = Lab(seed=3)
    yield lab
    lab.close()


@pytest.fixture
def s3(lab):
    return lab.client("s3")


@pytest.fixture
def bucket(s3, request):
    name = request.node.name.replace("_", "-")[-60:].strip("-")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def keeping(lab, bucket):
    until = datetime.fromtimestamp(lab.clock.now(), UTC) + timedelta(days=30)
    return Keeping(bucket, "packs/", archive.COMPLIANCE, until)


def code_of(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def test_what_is_archived_stays_as_it_is(sealed, s3, keeping):
    keys = archive.upload(sealed, keeping, s3=s3)
    assert len(keys) == len(list(sealed.iterdir())) and keys[-1] == f"packs/05-try/{RUN_ID}/{ENVELOPE}"
    there = s3.get_object(Bucket=keeping.bucket, Key=keys[-1], ChecksumMode="ENABLED")
    assert there["Body"].read() == (sealed / ENVELOPE).read_bytes() and there["ChecksumSHA256"]
    assert there["ObjectLockMode"] == "COMPLIANCE" and there["ObjectLockRetainUntilDate"] > keeping.until - timedelta(1)
    version = {"Bucket": keeping.bucket, "Key": keys[-1], "VersionId": there["VersionId"]}
    assert code_of(s3.delete_object, **version) == "AccessDenied"
    again = {"Bucket": keeping.bucket, "Key": keys[-1], "Body": b"forged", "IfNoneMatch": "*"}
    assert code_of(s3.put_object, **again) == "PreconditionFailed"
    with pytest.raises(Refused, match="in the archive already, whole"):
        archive.upload(sealed, keeping, s3=s3)


def test_without_a_lock_the_same_delete_goes_through(sealed, s3, bucket):
    """The control: it is the lock that keeps a pack."""
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="k", VersionId=put["VersionId"])
    assert code_of(s3.head_object, Bucket=bucket, Key="k") == "404"


def test_an_upload_that_was_cut_off_goes_on(sealed, s3, keeping):
    class CutOff:
        """S3 that answers three puts, then no more."""

        def __init__(self):
            self.left = 3

        def __getattr__(self, name):
            return getattr(s3, name)

        def put_object(self, **arguments):
            self.left -= 1
            if self.left < 0:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no more"}}, "PutObject")
            return s3.put_object(**arguments)

    with pytest.raises(Failed, match="took part of the pack only") as failed:
        archive.upload(sealed, keeping, s3=CutOff())
    assert failed.value.seen["put"] == "3 files" and "s3:PutObjectRetention" in failed.value.do
    rest = archive.upload(sealed, keeping, s3=s3)
    assert len(rest) == len(list(sealed.iterdir())) - 3


def test_another_content_under_the_same_name_is_found(sealed, s3, keeping):
    key = f"packs/05-try/{RUN_ID}/after.json"
    s3.put_object(Bucket=keeping.bucket, Key=key, Body=b"forged", ChecksumAlgorithm="SHA256")
    with pytest.raises(Failed, match="Another content") as failed:
        archive.upload(sealed, keeping, s3=s3)
    assert failed.value.seen["put"] == "1 files"


def test_what_is_kept_for_less_long_is_said(sealed, s3, keeping):
    archive.upload(sealed, keeping, s3=s3)
    longer = Keeping(keeping.bucket, keeping.prefix, keeping.mode, keeping.until + timedelta(days=1))
    with pytest.raises(Refused, match="not for as long"):
        archive.upload(sealed, longer, s3=s3)


def test_nothing_is_put_into_a_bucket_without_object_lock(sealed, s3):
    s3.create_bucket(Bucket="plain")
    with pytest.raises(Refused, match="has no Object Lock"):
        archive.upload(sealed, Keeping("plain", "", archive.GOVERNANCE, datetime(2100, 1, 1, tzinfo=UTC)), s3=s3)
    assert "Contents" not in s3.list_objects_v2(Bucket="plain")


def test_no_bucket_is_said(sealed, s3):
    with pytest.raises(Refused, match="NoSuchBucket"):
        archive.upload(sealed, Keeping("nowhere-1", "", archive.GOVERNANCE, datetime(2100, 1, 1, tzinfo=UTC)), s3=s3)


def test_a_broken_pack_is_not_archived(sealed, s3, keeping):
    (sealed / "plan.json").write_text(json.dumps({}))
    with pytest.raises(Refused, match="not as it was sealed"):
        archive.upload(sealed, keeping, s3=s3)
    assert "Contents" not in s3.list_objects_v2(Bucket=keeping.bucket)


def test_what_is_not_sealed_is_not_archived(run, s3, keeping):
    with pytest.raises(Refused, match="never sealed"):
        archive.upload(run, keeping, s3=s3)
    assert pack.first_wrong(pack.verify(run))
