"""What moto's S3 forgets or reads too strictly, mended in moto's own classes: bucket settings as Terraform makes them.

Importing this module is what applies them.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

from moto.core.responses import ActionResult
from moto.s3.models import LOGGING_SERVICE_PRINCIPAL, FakeBucket
from moto.s3.responses import S3Response

_plain_notification = S3Response.get_bucket_notification
_plain_permission = FakeBucket.get_permission
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def _may_log(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether a policy lets S3 write logs there; moto fails at a statement for everybody, and compares no patterns."""
    arn = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}"
    said = json.loads(target_bucket.policy or '{"Statement": []}')["Statement"]
    return any(_lets_log(one) and any(fnmatchcase(arn, place) for place in _many(one["Resource"])) for one in said)


def _lets_log(statement: dict) -> bool:
    who = statement["Principal"]
    services = _many(who.get("Service", [])) if isinstance(who, dict) else []
    put = "s3:PutObject" in _many(statement.get("Action", []))
    return statement["Effect"] == "Allow" and put and LOGGING_SERVICE_PRINCIPAL in services


def _many(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _notification(self: S3Response):
    """GetBucketNotificationConfiguration, with the switch for EventBridge, which moto keeps and does not tell."""
    kept, plain = self.backend.get_bucket_notification_configuration(self.bucket_name), self.serialized

    def serialized(result: ActionResult):
        result.result["EventBridgeConfiguration"] = {}
        return plain(result)

    if kept is not None and kept.event_bridge is not None:
        self.serialized = serialized
    return _plain_notification(self)


def _permission(self: FakeBucket, action: str, resource: str):
    """What the bucket's policy says of an action; moto reads no conditions, and the lab imitates TLS to AWS."""
    policy, self.policy = self.policy, _over_tls(self.policy)
    try:
        return _plain_permission(self, action, resource)
    finally:
        self.policy = policy


def _over_tls(policy: bytes | None) -> bytes | None:
    said = json.loads(policy or "{}")
    if "Statement" not in said:
        return policy
    said["Statement"] = [one for one in _many(said["Statement"]) if one.get("Condition") != WITHOUT_TLS]
    return json.dumps(said).encode()


FakeBucket._log_permissions_enabled_policy = staticmethod(_may_log)
FakeBucket.get_permission = _permission
S3Response.get_bucket_notification = _notification
