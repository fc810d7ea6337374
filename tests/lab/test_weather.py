"""What goes wrong between client and lab: which calls it hits, what is heard, and what was done all the same."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from awslab.faults import FAULTS, Unknown
from awslab.lab import Lab
from awslab.weather import call_of

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=K/20261123/us-east-1/{}/aws4_request, Signature=0"}


@pytest.fixture
def lab():
    lab = Lab(seed=3)
    yield lab
    lab.close()


def clusters(lab):
    return lab.client("ecs").list_clusters()["clusterArns"]


@pytest.mark.parametrize(
    ("service", "act", "code"),
    [
        ("ecs", lambda c: c.list_clusters(), "ThrottlingException"),
        ("codedeploy", lambda c: c.list_applications(), "ThrottlingException"),
        ("autoscaling", lambda c: c.describe_auto_scaling_groups(), "Throttling"),
        ("elbv2", lambda c: c.describe_load_balancers(), "Throttling"),
        ("ec2", lambda c: c.describe_instances(), "RequestLimitExceeded"),
        ("s3", lambda c: c.list_buckets(), "SlowDown"),
    ],
)
def test_throttling_is_said_in_each_services_own_words_so_often(lab, service, act, code):
    lab.fault("ApiThrottled", calls=2)
    client = lab.client(service)
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            act(client)
        assert refused.value.response["Error"]["Code"] == code
    act(client)


def test_a_share_is_hit_the_same_by_the_same_seed():
    def hits(seed):
        lab = Lab(seed=seed)
        lab.fault("ApiThrottled", share_percent=20, service="ecs")
        client = lab.client("ecs")
        return [_is_hit(client) for _ in range(300)]

    told = [hits(1), hits(1), hits(2)]
    assert told[0] == told[1] != told[2] and 40 < sum(told[0]) < 80


def _is_hit(client):
    try:
        client.list_clusters()
    except ClientError:
        return True
    return False


@pytest.mark.parametrize(
    ("fault", "heard", "made"),
    [
        ({"fault": "ConnectionReset"}, ConnectionClosedError, 0),
        ({"fault": "ResponseLost"}, ConnectionClosedError, 1),
        ({"fault": "ApiFails", "status": 500}, ClientError, 0),
        ({"fault": "ApiFails", "status": 503, "done": True}, ClientError, 1),
        ({"fault": "RequestDoubled"}, None, 2),
        ({"fault": "ApiSlow", "seconds": 20}, None, 1),
    ],
)
def test_what_is_heard_and_what_is_done(lab, fault, heard, made):
    name, before = fault.pop("fault"), lab.clock.now()
    lab.fault(name, action="CreateLaunchTemplateVersion", calls=1, **fault)
    ec2 = lab.client("ec2")
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.small"})
    asked = {"LaunchTemplateName": "web", "SourceVersion": "1", "LaunchTemplateData": {"InstanceType": "t3.large"}}
    if heard is None:
        ec2.create_launch_template_version(**asked)
    else:
        with pytest.raises(heard):
            ec2.create_launch_template_version(**asked)
    assert len(ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]) == 1 + made
    assert lab.clock.now() - before == fault.get("seconds", 0)


def test_answers_of_calls_that_only_look_are_not_lost_unless_named(lab):
    lab.fault("ResponseLost")
    assert clusters(lab) == []
    with pytest.raises(ConnectionClosedError):
        lab.client("ecs").create_cluster(clusterName="web")
    assert len(clusters(lab)) == 1
    lab.fault("ApiCalm")
    lab.client("ecs").create_cluster(clusterName="two")


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "wanted"),
    [
        ("POST", "/", {"X-Amz-Target": "AmazonECS.ListTasks"}, b"{}", ("ListTasks", False)),
        ("POST", "/", {}, b"Action=StartInstanceRefresh&Version=1", ("StartInstanceRefresh", True)),
        ("GET", "/?Action=DescribeInstances", {}, b"", ("DescribeInstances", False)),
        ("POST", "/service/GraniteService/operation/GetMetricData", {}, b"", ("GetMetricData", False)),
        ("PUT", "/2015-03-31/functions", {}, b"", ("PUT /2015-03-31/functions", True)),
        ("GET", "/bucket/key?x=1", {}, b"", ("GET /bucket/key", False)),
        ("GET", "//[", {}, b"", ("GET //[", False)),
    ],
)
def test_an_action_is_read_in_every_protocol(method, target, headers, body, wanted):
    signed = {name: text.format("monitoring") for name, text in SIGNED.items()}
    call = call_of(method, target, {**signed, **headers}, body)
    assert (call.action, call.writes) == wanted and (call.service, call.region) == ("monitoring", "us-east-1")


@pytest.mark.parametrize(
    "wanted",
    [
        {"fault": "ApiThrottled", "share_percent": 101},
        {"fault": "ApiThrottled", "share_percent": "20"},
        {"fault": "ApiThrottled", "calls": -1},
        {"fault": "ApiThrottled", "calls": True},
        {"fault": "ApiSlow", "seconds": float("nan")},
        {"fault": "ApiFails", "status": 200},
        {"fault": "ZoneLost", "availability_zone": "mars-1a"},
        {"fault": "SpotInterrupted", "instance_id": "i-0"},
    ],
)
def test_a_fault_that_cannot_be_is_refused(lab, wanted):
    with pytest.raises(Unknown):
        lab.fault(wanted.pop("fault"), **wanted)


def test_every_fault_says_what_aws_does():
    from awslab import faults

    assert [name for name in FAULTS if name not in faults.__doc__] == []


def test_the_sdk_alone_doubles_a_write_whose_answer_is_lost(lab):
    """The negative control of `hitless.delivery`: what boto3's own retries do."""
    lab.client("ecs").create_cluster(clusterName="web")
    lab.fault("ResponseLost", action="RegisterTaskDefinition", calls=1)
    client = boto3.Session("lab", "lab").client(
        "ecs", region_name="us-east-1", endpoint_url="http://127.0.0.1:1", config=Config(retries={"mode": "standard"})
    )
    client.meta.events.register("before-send.*.*", lab._answer_in_process)
    container = {"name": "app", "image": "app", "memory": 64}
    client.register_task_definition(family="web", containerDefinitions=[container])
    assert len(client.list_task_definitions(familyPrefix="web")["taskDefinitionArns"]) == 2
