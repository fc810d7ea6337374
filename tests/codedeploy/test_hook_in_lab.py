"""The lab runs the very code that Terraform hands to Lambda, and it calls back."""

import asyncio
import json
from pathlib import Path

import pytest

from awslab.clock import ScaledClock
from awslab.dataplane.hooks import HookRunner
from awslab.lab import Lab
from awslab.machines.events import HookInvoked, ListenerBound, ListenerOpened
from hitless import functions

pytestmark = pytest.mark.live

HOOKS = Path(__file__).parents[2] / "codedeploy" / "hooks"
NAME = "CodeDeployHook_web"
TRUST = {"Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


@pytest.fixture
def lab(tmp_path):
    lab = Lab(ScaledClock(60), data=tmp_path)
    lab.client("iam").create_role(RoleName="hook", AssumeRolePolicyDocument=json.dumps(TRUST))
    lab.client("lambda").create_function(
        FunctionName=NAME,
        Runtime="python3.12",
        Role="arn:aws:iam::123456789012:role/hook",
        Handler="validate.handler",
        Timeout=900,
        Code={"ZipFile": functions.package(HOOKS)},
        Environment={"Variables": {"TEST_URL": "http://127.0.0.1:8080/version", "LATENCY_MS_MAX": "5000"}},
    )
    return lab


def logged(lab):
    where = {"logGroupName": f"/aws/lambda/{NAME}"}
    return [event["message"] for event in lab.client("logs").filter_log_events(**where)["events"]]


@pytest.mark.parametrize(("status", "verdict"), [(200, "Succeeded"), (500, "Failed")])
def test_the_hook_asks_the_test_listener_and_tells_codedeploy(lab, serve_release, serve_codedeploy, status, verdict):
    release, codedeploy = serve_release((status, "2", 0)), serve_codedeploy()

    async def body():
        runner = lab.world.add(HookRunner(lab))
        runner.environment = {
            "AWS_ENDPOINT_URL": codedeploy.url,
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        lab.world.hear(
            ListenerOpened(listener_arn="test", load_balancer_arn="b", port=8080, idle_timeout_s=60.0),
            ListenerBound(listener_arn="test", host_port=release.server_address[1]),
            HookInvoked(
                deployment_id="d-1",
                hook_execution_id="e-1",
                function_name=NAME,
                lifecycle_event="AfterAllowTestTraffic",
            ),
        )
        async with asyncio.timeout(60):
            await runner.idle()

    asyncio.run(body())
    told = {"deploymentId": "d-1", "lifecycleEventHookExecutionId": "e-1", "status": verdict}
    assert codedeploy.told == [told], logged(lab)
    start, said, end = logged(lab)
    assert json.loads(said)["status"] == verdict
    assert start.startswith("START") and end.startswith("END")
