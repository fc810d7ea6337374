"""The validation hook tells CodeDeploy the truth about a release, in time, whatever the release does."""

import importlib.util
import socket
import sys
import time
from pathlib import Path

import boto3
import pytest

pytestmark = pytest.mark.live

SOURCE = Path(__file__).parents[2] / "codedeploy" / "hooks" / "validate.py"
EVENT = {"DeploymentId": "d-ABCDEFGHI", "LifecycleEventHookExecutionId": "e-1"}


@pytest.fixture(scope="module")
def validate():
    spec = importlib.util.spec_from_file_location("validate", SOURCE)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "validate", module)  # dataclasses look there
        spec.loader.exec_module(module)
        yield module


class Remaining:
    """Lambda's context, as far as time goes."""

    def __init__(self, seconds):
        self.seconds = seconds

    def get_remaining_time_in_millis(self):
        return int(self.seconds * 1000)


@pytest.fixture
def run(validate, serve_codedeploy, monkeypatch):
    """Run the handler as Lambda would; answers what CodeDeploy was told."""
    codedeploy = serve_codedeploy()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{codedeploy.server_address[1]}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    def handle(left_s=30.0, **environment):
        for name in ("TEST_URL", "EXPECTED_VERSION", "LATENCY_MS_MAX", "REQUESTS", "SETTLE_S"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"SETTLE_S": "0", "LATENCY_MS_MAX": "2000", "REQUESTS": "5", **environment}.items():
            monkeypatch.setenv(name, value)
        try:
            return validate.handler(EVENT, Remaining(left_s))
        finally:
            (told,) = codedeploy.told
            assert told["deploymentId"] == "d-ABCDEFGHI" and told["lifecycleEventHookExecutionId"] == "e-1"
            handle.status = told["status"]
            codedeploy.told.clear()

    return handle


def test_a_good_release_succeeds_after_exactly_as_many_requests_as_asked_for(run, serve_release):
    release = serve_release((200, "2", 0))
    assert run(TEST_URL=release.url)["wrong"] == []
    assert (run.status, release.asked) == ("Succeeded", 5)
    run(TEST_URL=release.url, EXPECTED_VERSION="2")
    assert run.status == "Succeeded"


@pytest.mark.parametrize(
    ("script", "environment", "said"),
    [
        ([(200, "2", 0), (500, "2", 0)], {}, "4 of 5 requests failed: status 500"),
        ([(302, "2", 0)], {}, "status 302"),
        ([(200, "1", 0)], {"EXPECTED_VERSION": "2"}, "version 1 answered instead of 2"),
        ([(200, "", 0)], {"EXPECTED_VERSION": "2"}, "version none answered instead of 2"),
        ([(200, "1", 0), (200, "2", 0)], {}, "several versions answered: 1, 2"),
        ([(200, "2", 0.1)], {"LATENCY_MS_MAX": "50"}, "more than 50 ms"),
    ],
)
def test_a_bad_release_fails_and_says_why(run, serve_release, script, environment, said):
    assert said in " ".join(run(TEST_URL=serve_release(*script).url, **environment)["wrong"])
    assert run.status == "Failed"


def test_one_slow_answer_in_twenty_is_forgiven_and_two_are_not(validate):
    settings = validate.Settings("http://a", latency_ms_max=100)
    quick, slow = validate.Answer(200, "2", 10), validate.Answer(200, "2", 900)
    assert validate.judge(settings, [slow, *[quick] * 19]) == []
    assert "900 ms" in validate.judge(settings, [slow, slow, *[quick] * 18])[0]


def test_a_load_balancer_that_has_not_settled_is_asked_again_but_not_for_ever(run, serve_release):
    late = serve_release((503, "", 0), (200, "1", 0), (200, "2", 0))
    run(TEST_URL=late.url, EXPECTED_VERSION="2", SETTLE_S="5")
    assert run.status == "Succeeded"
    never = serve_release((200, "1", 0))
    run(TEST_URL=never.url, EXPECTED_VERSION="2", SETTLE_S="0.3")
    assert run.status == "Failed"


def test_the_verdict_comes_before_lambda_ends_the_function(run, serve_release):
    silent = serve_release((200, "2", 60))
    began = time.monotonic()
    assert "no answer" in " ".join(run(left_s=4.0, TEST_URL=silent.url)["wrong"])
    assert run.status == "Failed"
    assert time.monotonic() - began < 60, "it does not wait for the answer"


def test_nobody_listening_is_a_failure_not_a_crash(run):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        assert "ConnectionRefusedError" in " ".join(run(TEST_URL=url)["wrong"])
    assert run.status == "Failed"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"TEST_URL": "file:///etc/passwd"},
        {"TEST_URL": "http://["},
        {"TEST_URL": "http://a:99999"},
        {"TEST_URL": "http://a", "REQUESTS": "many"},
        {"TEST_URL": "http://a", "LATENCY_MS_MAX": "nan"},
    ],
)
def test_a_setting_that_means_nothing_fails_the_release_at_once_and_raises(run, validate, environment):
    with pytest.raises(validate.BadSetting):
        run(**environment)
    assert run.status == "Failed"
