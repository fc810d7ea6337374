"""Buckets read back as they were made: who may write logs, and that events go to EventBridge."""

import json

import pytest
from botocore.exceptions import ClientError

from awslab.lab import Lab

LOGS = {"Service": "logging.s3.amazonaws.com"}
FOR_ALL = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*"}
LOGGING = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "s3/web/"}}


@pytest.fixture
def s3():
    s3 = Lab(seed=1).client("s3")
    for name in ("logs", "web"):
        s3.create_bucket(Bucket=name)
    return s3


def let_write(s3, place, **other):
    writer = {"Effect": "Allow", "Principal": LOGS, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::logs/{place}"}
    said = {"Version": "2012-10-17", "Statement": [FOR_ALL, {**writer, **other}]}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(said))


def test_logs_go_where_a_policy_lets_them(s3):
    let_write(s3, "s3/*")
    s3.put_bucket_logging(Bucket="web", BucketLoggingStatus=LOGGING)
    assert s3.get_bucket_logging(Bucket="web")["LoggingEnabled"]["TargetPrefix"] == "s3/web/"


@pytest.mark.parametrize(
    ("place", "other"),
    [
        ("other/*", {}),
        ("s3/*", {"Effect": "Deny"}),
        ("s3/*", {"Action": ["s3:GetObject"]}),
        ("s3/*", {"Principal": {"Service": "events.amazonaws.com"}}),
    ],
)
def test_logs_go_nowhere_else(s3, place, other):
    let_write(s3, place, **other)
    with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
        s3.put_bucket_logging(Bucket="web", BucketLoggingStatus=LOGGING)


def put_where_it_is_denied(s3, over_tls):
    denied = {**FOR_ALL, "Condition": {"Bool": {"aws:SecureTransport": over_tls}}}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [denied]}))
    s3.put_object(Bucket="logs", Key="k", Body=b"x")


def test_who_comes_over_tls_is_not_refused_for_coming_without(s3):
    put_where_it_is_denied(s3, "false")
    assert s3.get_object(Bucket="logs", Key="k")["Body"].read() == b"x"
    with pytest.raises(ClientError, match="Forbidden"):
        put_where_it_is_denied(s3, "true")


def test_that_events_are_sent_on_is_told(s3):
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="web")
    s3.put_bucket_notification_configuration(Bucket="web", NotificationConfiguration={"EventBridgeConfiguration": {}})
    told = s3.get_bucket_notification_configuration(Bucket="web")
    assert told["EventBridgeConfiguration"] == {}
    s3.put_bucket_notification_configuration(Bucket="web", NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="web")
