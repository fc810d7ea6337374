"""Put a pack where nobody can change or remove it for as long as it must be kept: S3 with Object Lock.

Every object is put with its SHA-256, which S3 checks, and only where there is none yet. The signature goes last: a copy
without one was cut off, and the next call goes on with it.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from botocore.exceptions import ClientError

from hitless import pack
from hitless.errors import Failed, HitlessError, Refused
from hitless.evidence import Evidence
from hitless.manifest import SEAL, names

GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"
MODES = (GOVERNANCE, COMPLIANCE)
NO_BUCKET, NO_LOCK = "NoSuchBucket", "ObjectLockConfigurationNotFoundError"
THERE_ALREADY = ("PreconditionFailed", "412")
EXPLAINED = {
    "AccessDenied": "grant s3:PutObject and s3:PutObjectRetention on the bucket, kms:GenerateDataKey on its key",
    "ConditionalRequestConflict": "somebody else is putting the same object; run it again",
    "BadDigest": "the file changed while it was sent; verify the pack and run it again",
    "InvalidRequest": "the bucket does not take these settings; look at its Object Lock and encryption",
    "NoSuchBucket": "name a bucket of this account and region",
}


@dataclass(frozen=True)
class Keeping:
    """How long, and how strictly.

    Args:
        bucket: A bucket made with Object Lock.
        prefix: Before `<runbook>/<run id>/`; "" or with a slash at its end.
        mode: GOVERNANCE can be lifted by who may bypass it; COMPLIANCE by nobody, the root user included.
        until: When it may be removed, in AWS time.
    """

    bucket: str
    prefix: str
    mode: str
    until: datetime


def upload(run_dir: Path | str, keeping: Keeping, *, s3) -> list[str]:
    """Upload a sealed pack.

    Args:
        run_dir: The pack.
        keeping: Where, how long, how strictly.
        s3: boto3 client.

    Returns:
        The keys that were put, in their order.

    Raises:
        Refused: The pack is not as it was sealed, the bucket has no Object Lock, or the pack or another is there.
        Failed: Part of it was put, and then S3 refused, or another content was there.

    Calls:
        s3:GetObjectLockConfiguration (`s3:GetBucketObjectLockConfiguration`), PutObject, PutObjectRetention; HeadObject
        (`s3:GetObject`, `s3:GetObjectRetention`) where something is there already.
    """
    folder = Path(run_dir).resolve()
    pack.require(folder, pack.verify(folder))
    _check(keeping, s3)
    under = f"{keeping.prefix}{Evidence.read(folder).runbook}/{folder.name}/"
    done: list[str] = []
    for name in [*names(folder), *SEAL]:
        try:
            if _put(folder / name, under + name, keeping, s3):
                done.append(name)
        except ClientError as error:
            raise _explain(error, keeping, name, done) from None
        except Refused as refused:
            if not done:
                raise
            raise Failed(refused.what, seen={**refused.seen, "put": f"{len(done)} files"}, do=refused.do) from None
    if not done:
        seen = {"bucket": keeping.bucket, "under": under}
        raise Refused("The pack is in the archive already, whole.", seen=seen, do="nothing; it is kept")
    return [under + name for name in done]


def _put(file: Path, key: str, keeping: Keeping, s3) -> bool:
    """Put one file where there is none; False when the same is there and kept as long."""
    content = file.read_bytes()
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
    try:
        s3.put_object(
            Bucket=keeping.bucket,
            Key=key,
            Body=content,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=checksum,
            IfNoneMatch="*",
            ObjectLockMode=keeping.mode,
            ObjectLockRetainUntilDate=keeping.until,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in THERE_ALREADY:
            raise
        _compare(key, checksum, keeping, s3)
        return False
    return True


def _compare(key: str, checksum: str, keeping: Keeping, s3) -> None:
    there = s3.head_object(Bucket=keeping.bucket, Key=key, ChecksumMode="ENABLED")
    if there.get("ChecksumSHA256") != checksum:
        seen = {"object": f"s3://{keeping.bucket}/{key}", "its SHA-256": there.get("ChecksumSHA256", "not kept")}
        do = "find out who put it there; archive under another prefix"
        raise Refused("Another content is in the archive under this run's name.", seen=seen, do=do)
    until = there.get("ObjectLockRetainUntilDate")
    if until is None or until < keeping.until.replace(microsecond=0):
        seen = {"object": f"s3://{keeping.bucket}/{key}", "kept until": until, "wanted": keeping.until}
        raise Refused("It is in the archive, but not for as long.", seen=seen, do="extend it with PutObjectRetention")


def _check(keeping: Keeping, s3) -> None:
    if keeping.mode not in MODES:
        raise Refused("There is no such mode.", seen={"mode": keeping.mode}, do=f"give {' or '.join(MODES)}")
    try:
        answer = s3.get_object_lock_configuration(Bucket=keeping.bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == NO_LOCK:
            raise _no_lock(keeping) from None
        raise _explain(error, keeping, "", []) from None
    if answer["ObjectLockConfiguration"].get("ObjectLockEnabled") != "Enabled":
        raise _no_lock(keeping)


def _no_lock(keeping: Keeping) -> Refused:
    do = "name a bucket made with ObjectLockEnabledForBucket; without it anybody with write access can remove a pack"
    return Refused("The bucket has no Object Lock.", seen={"bucket": keeping.bucket}, do=do)


def _explain(error: ClientError, keeping: Keeping, name: str, done: list[str]) -> HitlessError:
    code = error.response["Error"]["Code"]
    seen = {"bucket": keeping.bucket, "file": name, "S3 said": f"{code}: {error.response['Error'].get('Message', '')}"}
    do = EXPLAINED.get(code, "look at the bucket's policy, then run it again")
    if not done:
        return Refused("S3 refused the pack.", seen={k: v for k, v in seen.items() if v}, do=do)
    do = f"{do}; what is there stays, and the next call goes on after it"
    return Failed("S3 took part of the pack only.", seen={**seen, "put": f"{len(done)} files"}, do=do)
