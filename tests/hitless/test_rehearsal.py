"""A lab that is told to sleep: hours cost seconds, the same seed tells the same story, nothing is left."""

import os
import subprocess
import sys

import psutil
import pytest

from hitless.breakage import without_deregistration_delay
from hitless.connect import connect
from hitless.errors import Refused
from hitless.miniature import Miniature, Settings
from hitless.rehearsal import Rehearsal, Seen

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def rehearsal():
    with Rehearsal(seed=3) as running:
        yield running


def test_time_passes_only_while_somebody_waits(rehearsal):
    rehearsal.start_over()
    before = rehearsal.here.clock.now()
    rehearsal.here.client("sts").get_caller_identity()
    assert rehearsal.here.clock.now() == before
    rehearsal.here.clock.sleep(3600)
    assert rehearsal.here.clock.now() == before + 3600


def test_the_same_seed_tells_the_same_story_and_starting_over_leaves_nothing(rehearsal):
    told = []
    for _ in range(2):
        rehearsal.start_over()
        assert rehearsal.here.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []
        stack = Miniature(rehearsal.here, Settings()).stack
        rehearsal.send_users(stack.production_listener_arn, 20)
        rehearsal.here.clock.sleep(300)
        told.append((stack, rehearsal.seen(stack.production_listener_arn)))
    assert told[0] == told[1]
    assert told[0][1].sent >= 5000 and told[0][1].failed == 0


def test_a_scenario_told_twice_costs_requests_only_without_its_safety(rehearsal):
    told = without_deregistration_delay(rehearsal)
    assert told.kept.seen.failed == 0 < told.removed.seen.failed
    assert sum(n for status, n in told.removed.seen.by_status.items() if status >= 500) == told.removed.seen.failed


def test_what_was_seen_after_an_earlier_look_is_the_difference_minute_by_minute():
    earlier = Seen(30, 1, ((0, {200: 20}), (60, {200: 9, 502: 1})))
    later = Seen(60, 3, ((0, {200: 20}), (60, {200: 19, 502: 1}), (120, {200: 18, 502: 2})))
    since = later.since(earlier)
    assert (since.sent, since.failed, since.windows) == (30, 2, ((60, {200: 10}), (120, {200: 18, 502: 2})))
    assert since.by_status == {200: 28, 502: 2}


def test_the_environment_is_left_alone_and_an_ordinary_connection_is_refused(rehearsal, monkeypatch):
    assert "AWS_ENDPOINT_URL" not in os.environ
    monkeypatch.setenv("HITLESS_CLOCK_RATE", "inf")  # what such a lab would have exported
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "lab")
    monkeypatch.setenv("AWS_ENDPOINT_URL", rehearsal.endpoint_url)
    with pytest.raises(Refused, match="not a number above zero"):
        connect(region="us-east-1")


@pytest.mark.parametrize("body", [{"seconds": -1}, {"seconds": "1"}, {"seconds": True}, {}])
def test_time_goes_no_other_way(rehearsal, body):
    with pytest.raises(OSError, match="400"):
        rehearsal.ask("sleep", body)


def test_nothing_is_left_when_it_has_ended(until_gone):
    running = Rehearsal().start()
    child = psutil.Process(running._process.pid)
    assert running.stop() == 0
    until_gone([child.pid], [running.folder])


HELD = """
from hitless.rehearsal import Rehearsal
running = Rehearsal().start()
print(running._process.pid, running.folder, flush=True)
input()
"""


def test_a_kernel_that_is_killed_leaves_nothing(until_gone):
    with subprocess.Popen(
        [sys.executable, "-c", HELD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as one:
        pid, _, folder = one.stdout.readline().strip().partition(" ")
        one.kill()
    until_gone([int(pid)], [folder], within_s=30)
