"""What essays are made of: an outcome that had to fail, a refusal that had to come, a stage that asks why."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from hitless.errors import NotProven, NotReady, RolledBack, TimedOut, WrongTarget
from hitless.hook_log import last_word
from hitless.outcome import Outcome
from hitless.refusal import refusal
from hitless.stage import Stage, open_stage
from hitless.timeline import Timeline
from hitless.verdict import Verdict

HOLDS, FAILS = Verdict().equal("one", 1, 1), Verdict().equal("one", 1, 2)


def outcome(error, verdict=HOLDS):
    return Outcome(error, Timeline(), verdict)


def test_a_change_that_had_to_be_taken_back_says_why():
    assert "bad" in outcome(RolledBack("bad")).require_rolled_back()


@pytest.mark.parametrize("error", [None, TimedOut("late")])
def test_one_that_was_not_taken_back_is_no_proof(error):
    with pytest.raises(NotProven, match="not taken back"):
        outcome(error).require_rolled_back()


def test_taken_back_with_a_claim_that_fails_is_no_proof():
    with pytest.raises(NotProven, match="1 of 1 claims"):
        outcome(RolledBack("bad"), FAILS).require_rolled_back()


def test_a_refusal_that_does_not_come_is_no_proof():
    def refuse():
        raise NotReady("no")

    assert refusal(refuse) == "no"
    with pytest.raises(NotProven, match="should have been refused"):
        refusal(dict)


def test_aws_is_not_changed_without_a_reason():
    with pytest.raises(NotReady, match="needs a reason"):
        asyncio.run(open_stage("210987654321", "us-east-1", "web", reason=" "))


def test_faults_happen_in_the_lab_only():
    stage = Stage(SimpleNamespace(account_id="210987654321"), None, None)
    with pytest.raises(WrongTarget):
        stage.fault("InstanceDies", instance_id="i-1")
    assert (stage.next_ami(), stage.next_ami("ami-1")) == ("", "ami-1")


def hook_log(*messages):
    """A connection whose CloudWatch Logs hold these lines in one stream each."""
    events = {str(n): [{"timestamp": n, "message": message}] for n, message in enumerate(messages)}
    logs = SimpleNamespace(
        describe_log_streams=lambda logGroupName: {"logStreams": [{"logStreamName": name} for name in events]},
        get_log_events=lambda logGroupName, logStreamName, startFromHead: {"events": events[logStreamName]},
    )
    return SimpleNamespace(client={"logs": logs}.__getitem__)


def test_the_hooks_last_word_is_its_newest_verdict():
    said = [json.dumps({"status": status, "wrong": []}) for status in ("Failed", "Succeeded")]
    assert last_word(hook_log(*said, "START RequestId"), "hook")["status"] == "Succeeded"
    with pytest.raises(NotProven, match="never said"):
        last_word(hook_log("START RequestId"), "hook")
