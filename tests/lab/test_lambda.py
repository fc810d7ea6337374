"""Functions are kept as Lambda keeps them, and a hook's function really runs, as Lambda would run it."""

import asyncio
import io
import json
import textwrap
import zipfile

import pytest
from botocore.exceptions import ClientError

from awslab.clock import ScaledClock
from awslab.dataplane.hooks import HookRunner
from awslab.lab import Lab
from awslab.machines.events import HookInvoked, HookRefused, ListenerBound, ListenerOpened
from awslab.machines.machine import Machine

SAYS_ALL = """
    import json, os, sys

    def handler(event, context):
        print(json.dumps({"event": event, "environment": dict(os.environ), "folder": os.getcwd(),
                          "left_ms": context.get_remaining_time_in_millis(), "request": context.aws_request_id,
                          "lab": [m for m in sys.modules if m.startswith(("awslab", "hitless"))]}))
        try:
            import awslab
        except ImportError:
            print("no lab here")
"""


def package(source):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("hook.py", textwrap.dedent(source))
    return content.getvalue()


def settings(**changed):
    return {
        "FunctionName": "CodeDeployHook_web",
        "Runtime": "python3.12",
        "Role": "arn:aws:iam::123456789012:role/hook",
        "Handler": "hook.handler",
        "Code": {"ZipFile": package("def handler(event, context): pass")},
        **changed,
    }


def with_role(lab):
    trust = {"Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    lab.client("iam").create_role(RoleName="hook", AssumeRolePolicyDocument=json.dumps(trust))
    return lab


@pytest.fixture
def client():
    lab = with_role(Lab())
    yield lab.client("lambda")
    lab.close()


def test_a_function_is_made_read_changed_listed_and_deleted(client):
    made = client.create_function(**settings(Environment={"Variables": {"A": "1"}}, Timeout=60, Tags={"t": "1"}))
    assert made["State"] == "Active"
    found = client.get_function(FunctionName="CodeDeployHook_web")
    assert found["Configuration"]["CodeSha256"] == made["CodeSha256"]
    assert found["Configuration"]["Environment"] == {"Variables": {"A": "1"}}
    assert found["Tags"] == {"t": "1"}
    changed = client.update_function_code(FunctionName="CodeDeployHook_web", ZipFile=package("x = 1"))
    assert changed["CodeSha256"] != made["CodeSha256"]
    client.update_function_configuration(FunctionName=made["FunctionArn"], Timeout=90)
    assert [f["Timeout"] for f in client.list_functions()["Functions"]] == [90]
    client.get_waiter("function_active_v2").wait(FunctionName="CodeDeployHook_web")
    client.delete_function(FunctionName="CodeDeployHook_web")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName="CodeDeployHook_web")


@pytest.mark.parametrize(
    "wrong",
    [
        {"FunctionName": "../x"},
        {"Handler": "nothing"},
        {"Runtime": "nodejs22.x"},
        {"Timeout": 901},
        {"Code": {"ZipFile": b"no zip"}},
        {"PackageType": "Image", "Code": {"ImageUri": "web:1"}},
    ],
    ids=str,
)
def test_a_function_the_lab_cannot_run_is_refused_and_not_kept(client, wrong):
    with pytest.raises(ClientError) as refused:
        client.create_function(**settings(**wrong))
    assert refused.value.response["Error"]["Code"] in ("InvalidParameterValueException", "ValidationException")
    assert client.list_functions()["Functions"] == []


def test_a_function_is_made_once_and_invoked_by_codedeploy_only(client):
    client.create_function(**settings())
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_function(**settings())
    with pytest.raises(ClientError, match="does not imitate"):
        client.invoke(FunctionName="CodeDeployHook_web")


class RealPlane(Machine):
    carries_real_requests = True


def test_a_function_that_the_labs_rate_leaves_no_time_is_refused(tmp_path):
    lab = with_role(Lab(ScaledClock(60), data=tmp_path, plane=RealPlane()))
    client = lab.client("lambda")
    with pytest.raises(ClientError, match="give it 60 s"):
        client.create_function(**settings())
    client.create_function(**settings(Timeout=60))


class Ear(Machine):
    name, hears = "ear", (HookRefused,)

    def __init__(self):
        self.heard = []

    def on_event(self, event, now):
        self.heard.append(event)
        return ()


class Stage:
    """A lab on real time with a hook runner, without a server: functions here call nobody."""

    def __init__(self, data, rate):
        self.lab = with_role(Lab(ScaledClock(rate), seed=1, data=data))
        self.runner = self.lab.world.add(HookRunner(self.lab))
        self.runner.environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "HITLESS_CLOCK_RATE": f"{rate:g}"}
        self.ear = self.lab.world.add(Ear())

    def create(self, source, **changed):
        self.lab.client("lambda").create_function(**settings(Code={"ZipFile": package(source)}, **changed))

    def invoke(self, function="CodeDeployHook_web"):
        self.lab.world.hear(
            HookInvoked(
                deployment_id="d-1", hook_execution_id="e-1", function_name=function, lifecycle_event="AfterInstall"
            )
        )

    async def ended(self):
        async with asyncio.timeout(20):
            await self.runner.idle()
        return self.said()

    def said(self):
        (log,) = (self.lab.data / "functions").glob("CodeDeployHook_web/*.log")
        return log.read_text()


@pytest.fixture
def make_stage(tmp_path):
    return lambda rate=60.0: Stage(tmp_path, rate)


@pytest.mark.live
def test_a_hook_runs_its_own_code_with_the_event_and_the_labs_endpoint(make_stage, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the operator's own")
    stage = make_stage()
    variables = {"TEST_URL": "http://127.0.0.1:8080/version", "AWS_ENDPOINT_URL": "http://elsewhere"}
    stage.create(SAYS_ALL, Environment={"Variables": variables}, Timeout=300)

    async def body():
        stage.lab.world.hear(
            ListenerOpened(listener_arn="l", load_balancer_arn="b", port=8080, idle_timeout_s=60.0),
            ListenerBound(listener_arn="l", host_port=43211),
        )
        stage.invoke("arn:aws:lambda:us-east-1:123456789012:function:CodeDeployHook_web")
        start, said, lab, end = (await stage.ended()).splitlines()
        told = json.loads(said)
        assert start == f"START RequestId: {told['request']} Version: $LATEST"
        assert end == f"END RequestId: {told['request']}"
        assert (lab, told["lab"]) == ("no lab here", [])
        assert told["event"] == {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}
        assert told["environment"]["TEST_URL"] == "http://127.0.0.1:43211/version"
        assert told["environment"]["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
        assert told["environment"]["AWS_LAMBDA_FUNCTION_NAME"] == "CodeDeployHook_web"
        assert "AWS_SECRET_ACCESS_KEY" not in told["environment"]
        assert 0 < told["left_ms"] <= 300 / 60 * 1000

    asyncio.run(body())


@pytest.mark.live
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def handler(event, context): 1 / 0", "[ERROR] ZeroDivisionError"),
        ("raise ValueError('no')", "[ERROR] ValueError: no"),
        ("def other(event, context): pass", "[ERROR] AttributeError"),
        ("import time\ndef handler(event, context): time.sleep(60)", "Task timed out after 30.00 seconds"),
    ],
)
def test_a_function_that_crashes_or_hangs_leaves_its_words_and_nothing_else(make_stage, source, said):
    stage = make_stage()
    stage.create(source, Timeout=30)

    async def body():
        stage.invoke()
        assert said in await stage.ended()
        assert stage.ear.heard == []

    asyncio.run(body())


@pytest.mark.live
def test_a_function_that_does_not_exist_any_more_is_refused_at_once(make_stage):
    stage = make_stage()
    stage.create("def handler(event, context): pass")
    stage.lab.client("lambda").delete_function(FunctionName="CodeDeployHook_web")
    stage.invoke()
    assert [event.reason for event in stage.ear.heard] == ["Function not found: CodeDeployHook_web"]


@pytest.mark.live
def test_no_function_outlives_the_lab(make_stage):
    stage = make_stage()
    stage.create("import time\ndef handler(event, context): time.sleep(600)", Timeout=900)

    async def body():
        stage.invoke()
        (process,) = stage.runner._running
        await stage.runner.stop()
        assert process.poll() == -9

    asyncio.run(body())
