"""A simulated hook says what it was told to say, once, and nothing when it is silent."""

import pytest

from awslab.machines.events import HookInvoked, HookRefused, HookStatusPut

HOOKS = {"good": "Succeeded", "bad": "Failed", "mute": "silent"}


def invoked(function):
    return HookInvoked(
        deployment_id="d-1", hook_execution_id="e-1", function_name=function, lifecycle_event="AfterInstall"
    )


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("good", ["Succeeded"]),
        ("arn:aws:lambda:us-east-1:123456789012:function:bad:1", ["Failed"]),
        ("mute", []),
    ],
)
def test_a_function_calls_back_as_the_table_says(make_stage, function, said):
    stage = make_stage(hooks=HOOKS)
    heard = stage.listen(HookStatusPut, HookRefused)
    stage.say(invoked(function))
    assert heard == []
    stage.after(3600)
    assert [event.status for _, event in heard] == said


def test_a_function_that_does_not_exist_is_refused_at_once(make_stage):
    stage = make_stage(hooks=HOOKS)
    heard = stage.listen(HookRefused)
    stage.say(invoked("nobody"))
    assert heard[0][1].reason == "Function not found: nobody"


def test_without_a_table_somebody_else_answers(make_stage):
    stage = make_stage()
    heard = stage.listen(HookStatusPut, HookRefused)
    stage.say(invoked("nobody"))
    stage.after(3600)
    assert heard == []
