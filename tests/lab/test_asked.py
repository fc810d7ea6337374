"""A request made for a face at once is the one that moto would have made of it."""

import pytest
from moto.core.request import normalize_request

from awslab.faces.asked import Asked

QUERY = b"Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=web+%26+more&Version=2011-01-01"
JSON = b'{"cluster": "w\xc3\xa9b"}'
SIGNED = {"Host": "127.0.0.1:1", "Authorization": "AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/ecs/aws4_request"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
ASKED = {
    "query": ("autoscaling", "POST", "/", FORM, QUERY),
    "query in the target": ("iam", "GET", "/?Action=ListRoles&MaxItems=1&PathPrefix=%2Fa%2F", {}, b""),
    "json": ("ecs", "POST", "/", {"content-type": "application/x-amz-json-1.1", "X-Amz-Target": "A.ListTasks"}, JSON),
    "rest": ("lambda", "GET", "/2015-03-31/functions/a%20b%2Fc/?Marker=%C3%A9", {"x-amz-date": "today"}, b""),
    "twice encoded": ("lambda", "DELETE", "/2015-03-31/functions/a%252Fb", {}, b""),
    "nothing to forward": ("ecr", "POST", "/", {"Expect": "100-continue", "Transfer-Encoding": "chunked"}, b"{}"),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_both_forms_say_the_same(asked):
    service, method, target, headers, body = asked
    one = Asked(service, "us-east-1", method, target, SIGNED | headers | {"Content-Length": str(len(body))}, body)
    ours, theirs = one.request(), normalize_request(one.prepared())
    for said in ("method", "path", "raw_path", "raw_url", "url", "host", "query_string", "content_type", "mimetype"):
        assert getattr(ours, said) == getattr(theirs, said), said
    assert dict(ours.headers) == dict(theirs.headers)
    assert (ours.data, ours.form.to_dict(), ours.values.to_dict()) == (
        theirs.data,
        theirs.form.to_dict(),
        theirs.values.to_dict(),
    )


def test_what_is_json_is_told_by_the_content_type_in_any_case():
    asked = Asked("ecs", "us-east-1", "POST", "/", {"content-type": "application/x-amz-json-1.1"}, b"{}")
    assert asked.is_json
    assert not Asked("iam", "us-east-1", "POST", "/", FORM, b"").is_json
