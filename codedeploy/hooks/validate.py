"""CodeDeploy's question to a release before users meet it: does it answer, as what, and how fast?

A Lambda function for a lifecycle event of an ECS blue/green deployment, AfterAllowTestTraffic above all. It asks the
test listener and tells CodeDeploy `Succeeded` or `Failed`; without word from it a deployment would hang for an hour, so
it says `Failed` when anything goes wrong with itself, and it keeps back the time to say so. Needs the standard library
and boto3, which Lambda has. Environment:

TEST_URL          what to ask, e.g. http://name:8080/version; any answer but 200 fails the release
EXPECTED_VERSION  what every answer's x-hitless-version must say; when not set, that all say the same
LATENCY_MS_MAX    most milliseconds an answer may take, one in twenty excepted; 500 by default
REQUESTS          answers that are judged, 20 by default
SETTLE_S          seconds in which the load balancer may still answer as before the change; 10 by default
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

VERSION = "x-hitless-version"
REQUEST_S_MAX = 5.0  # an answer that takes longer has failed, whatever it says
RESERVE_S_MAX = 5.0  # kept back to tell CodeDeploy
PAUSE_S = 0.25  # between two looks while the load balancer settles
BODY_BYTES_MAX = 64 * 1024
SLOWEST_LEFT_OUT = 20  # one in so many answers may be slow: a cold connection says nothing about a release
RETRIES = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 4})


class BadSetting(ValueError):
    """The function's environment does not say what to do."""


@dataclass(frozen=True)
class Settings:
    """The environment, read; see the module."""

    url: str
    expected_version: str = ""
    latency_ms_max: float = 500.0
    requests: int = 20
    settle_s: float = 10.0


@dataclass(frozen=True)
class Answer:
    """What came back: a status, or `error` when there was none."""

    status: int = 0
    version: str = ""
    took_ms: float = 0.0
    error: str = ""


def handler(event: Mapping[str, str], context) -> dict[str, object]:
    """Try the release and tell CodeDeploy.

    Args:
        event: CodeDeploy's: DeploymentId and LifecycleEventHookExecutionId.
        context: Lambda's; says how much time is left.

    Raises:
        BadSetting: The environment can't be read; CodeDeploy has been told `Failed`.

    Calls:
        codedeploy:PutLifecycleEventHookExecutionStatus.
    """
    codedeploy = boto3.client("codedeploy", config=RETRIES)
    status, wrong = "Failed", ["the validation itself failed"]
    left_s = context.get_remaining_time_in_millis() / 1000
    until = time.monotonic() + left_s - min(RESERVE_S_MAX, left_s / 4)
    try:
        wrong = try_release(read_settings(os.environ), until)
        status = "Failed" if wrong else "Succeeded"
    finally:
        said = {"deployment_id": event["DeploymentId"], "status": status, "wrong": wrong}
        print(json.dumps(said), flush=True)
        codedeploy.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=status,
        )
    return said


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the environment; empty is the same as not set.

    Raises:
        BadSetting: A variable is missing or no number.
    """
    url = environment.get("TEST_URL", "")
    if not _is_web(url):
        raise BadSetting(f"TEST_URL={url!r} must be an http or https address")
    return Settings(
        url=url,
        expected_version=environment.get("EXPECTED_VERSION", ""),
        latency_ms_max=_number(environment, "LATENCY_MS_MAX", Settings.latency_ms_max, least=1),
        requests=int(_number(environment, "REQUESTS", Settings.requests, least=1)),
        settle_s=_number(environment, "SETTLE_S", Settings.settle_s, least=0),
    )


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port beyond 65535
        return False


def _number(environment: Mapping[str, str], name: str, default: float, least: float) -> float:
    text = environment.get(name)
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not least <= value < float("inf"):
        raise BadSetting(f"{name}={text!r} must be a number, {least} or more")
    return value


def try_release(settings: Settings, until: float) -> list[str]:
    """Ask until the answers are enough to judge, or the time is up.

    Args:
        settings: What to ask and what to expect.
        until: time.monotonic() at which there must be a verdict.

    Returns:
        What is wrong, in words; nothing when the release is good.
    """
    answers = [_settled(settings, until)]
    while len(answers) < settings.requests and time.monotonic() < until:
        answers.append(ask(settings.url, until - time.monotonic()))
    return judge(settings, answers)


def _settled(settings: Settings, until: float) -> Answer:
    """The first answer that could be the release's own, or the last one in time."""
    settle_until = min(until, time.monotonic() + settings.settle_s)
    while True:
        answer = ask(settings.url, until - time.monotonic())
        expected = settings.expected_version in ("", answer.version)
        if (answer.status == 200 and expected) or time.monotonic() + PAUSE_S > settle_until:
            return answer
        time.sleep(PAUSE_S)


def ask(url: str, left_s: float) -> Answer:
    """One request on a connection of its own; comes back in time even from a host that says nothing, or in drips."""
    box: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    limit_s = max(0.0, min(REQUEST_S_MAX, left_s))
    threading.Thread(target=lambda: box.put(_request(url)), daemon=True).start()
    try:
        return box.get(timeout=limit_s)
    except queue.Empty:
        return Answer(took_ms=limit_s * 1000, error=f"no answer in {limit_s:.1f} s")


def _request(url: str) -> Answer:
    """Neither a proxy nor a redirect is followed: what answers here is what will answer users."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    began = time.monotonic()
    connection = kind(parts.hostname, parts.port, timeout=REQUEST_S_MAX)
    try:
        connection.request("GET", path, headers={"Connection": "close", "User-Agent": "hitless-validate"})
        response = connection.getresponse()
        response.read(BODY_BYTES_MAX)
        took_ms = (time.monotonic() - began) * 1000
        return Answer(response.status, response.headers.get(VERSION, ""), took_ms)
    except (OSError, http.client.HTTPException) as why:
        return Answer(took_ms=(time.monotonic() - began) * 1000, error=f"{type(why).__name__}: {why}")
    finally:
        connection.close()


def judge(settings: Settings, answers: list[Answer]) -> list[str]:
    """What is wrong with these answers, in words."""
    checks = (_judge_count, _judge_status, _judge_version, _judge_latency)
    return [wrong for check in checks if (wrong := check(settings, answers))]


def _judge_count(settings: Settings, answers: list[Answer]) -> str:
    short = len(answers) < settings.requests
    return f"{len(answers)} of {settings.requests} requests were answered before the time was up" if short else ""


def _judge_status(_settings: Settings, answers: list[Answer]) -> str:
    bad = [answer.error or f"status {answer.status}" for answer in answers if answer.status != 200]
    return f"{len(bad)} of {len(answers)} requests failed: {', '.join(sorted(set(bad)))}" if bad else ""


def _judge_version(settings: Settings, answers: list[Answer]) -> str:
    seen = sorted({answer.version for answer in answers if not answer.error})
    if settings.expected_version:
        others = [version or "none" for version in seen if version != settings.expected_version]
        return f"version {', '.join(others)} answered instead of {settings.expected_version}" if others else ""
    return f"several versions answered: {', '.join(version or 'none' for version in seen)}" if len(seen) > 1 else ""


def _judge_latency(settings: Settings, answers: list[Answer]) -> str:
    """The slowest answer but one in twenty."""
    times = sorted(answer.took_ms for answer in answers)
    slowest = times[len(times) - 1 - len(times) // SLOWEST_LEFT_OUT]
    most = settings.latency_ms_max
    return f"an answer took {slowest:.0f} ms, more than {most:.0f} ms" if slowest > most else ""
