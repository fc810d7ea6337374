"""Functions that CodeDeploy invokes on the way, and what they answer or do not."""

import pytest

from awslab.machines.events import HookInvoked

ROLLBACK = {"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}}
FAILED = "The deployment failed because one or more of the lifecycle event validation functions failed."
SILENT = (
    "The deployment timed out while waiting for a status callback. CodeDeploy expects a status callback within one "
    "hour after a deployment hook is invoked."
)
HOOKS = ("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")


def invoked(release):
    return [event for _, event in release.story(HookInvoked)]


def answer(release, hook, status):
    return release.cd.put_lifecycle_event_hook_execution_status(
        deploymentId=hook.deployment_id, lifecycleEventHookExecutionId=hook.hook_execution_id, status=status
    )


def at_hook(make_release, event="AfterAllowTestTraffic", **given):
    """A deployment that waits for a function."""
    release = make_release(**{"config": "ECSCanary10Percent5Minutes", **ROLLBACK, **given})
    deployment_id = release.deploy(hooks={event: f"check-{event}"})
    release.until(lambda: invoked(release))
    return release, deployment_id, invoked(release)[0]


def test_every_hook_is_invoked_once_and_in_order(make_release):
    release = make_release(config="ECSAllAtOnce", wait=0)
    deployment_id = release.deploy(hooks={name: f"check-{name}" for name in HOOKS})
    for count, name in enumerate(HOOKS, 1):
        release.until(lambda count=count: len(invoked(release)) == count, step_s=1)
        hook = invoked(release)[-1]
        assert (hook.lifecycle_event, hook.function_name) == (name, f"check-{name}")
        assert release.event(deployment_id) == name
        assert answer(release, hook, "Succeeded")["lifecycleEventHookExecutionId"] == hook.hook_execution_id
    assert release.end(deployment_id)["status"] == "Succeeded"
    assert len(invoked(release)) == len(HOOKS)


def test_a_failing_hook_fails_the_deployment_and_takes_the_test_listener_back(make_release):
    release, deployment_id, hook = at_hook(make_release)
    assert release.weights(release.test) == {"green": 1}
    answer(release, hook, "Failed")
    ended = release.deployment(deployment_id)
    assert ended["status"] == "Failed"
    assert ended["errorInformation"] == {"code": "HOOK_EXECUTION_FAILURE", "message": FAILED}
    assert release.events(deployment_id) == ["Succeeded"] * 4 + ["Failed"] + ["Skipped"] * 3
    assert release.end(ended["rollbackInfo"]["rollbackDeploymentId"])["status"] == "Succeeded"
    assert release.weights(release.test) == {"blue": 1}
    assert len(invoked(release)) == 1  # a rollback calls no functions


def test_a_hook_that_never_calls_back_fails_after_an_hour(make_release):
    release, deployment_id, _ = at_hook(make_release)
    release.sleep(3590)
    assert release.status(deployment_id) == "InProgress"
    release.sleep(11)
    assert release.deployment(deployment_id)["errorInformation"] == {"code": "TIMEOUT", "message": SILENT}
    assert release.status(deployment_id) == "Failed"


def test_a_function_that_does_not_exist_fails_the_hook(make_release):
    release = make_release(config="ECSCanary10Percent5Minutes", **ROLLBACK)
    deployment_id = release.deploy(hooks={"AfterAllowTestTraffic": "nobody"})
    ended = release.end(deployment_id)
    assert (ended["status"], ended["errorInformation"]["code"]) == ("Failed", "HOOK_EXECUTION_FAILURE")
    events = release.target(deployment_id)["lifecycleEvents"]
    assert events[4]["diagnostics"]["message"] == "Function not found: nobody"


@pytest.mark.parametrize(("function", "status"), [("content", "Succeeded"), ("unhappy", "Failed")])
def test_a_function_of_the_lab_decides(make_release, function, status):
    release = make_release(config="ECSAllAtOnce", wait=0)
    deployment_id = release.deploy(hooks={"afterallowtesttraffic": f"arn:aws:lambda:us-east-1:1:function:{function}"})
    assert release.end(deployment_id)["status"] == status


def test_a_function_of_the_lab_that_answers_too_late_changes_nothing(make_release):
    release = make_release(config="ECSAllAtOnce", wait=0)
    deployment_id = release.deploy(hooks={"BeforeInstall": "content"})
    release.until(lambda: invoked(release), step_s=0.5)
    release.cd.stop_deployment(deploymentId=deployment_id)
    release.sleep(60)
    assert release.status(deployment_id) == "Stopped"


def test_what_fails_before_install_is_not_rolled_back(make_release):
    release, deployment_id, hook = at_hook(make_release, "BeforeInstall")
    answer(release, hook, "Failed")
    ended = release.deployment(deployment_id)
    assert ended["status"] == "Failed"
    assert "rollbackInfo" not in ended


def test_what_fails_after_the_shift_is_rolled_back_whole(make_release):
    release, _, hook = at_hook(make_release, "AfterAllowTraffic")
    assert release.weights() == {"blue": 0, "green": 100}
    answer(release, hook, "Failed")
    release.sleep(5)
    assert release.weights() == {"blue": 100, "green": 0}
    assert sorted(release.task_sets()) == [("DRAINING", 0.0), ("PRIMARY", 100.0)]
    assert release.service()["taskDefinition"] == release.first


def test_a_hook_answers_once_and_only_for_itself(make_release, refused):
    release, deployment_id, hook = at_hook(make_release)
    put = release.cd.put_lifecycle_event_hook_execution_status
    mine = {"deploymentId": deployment_id, "lifecycleEventHookExecutionId": hook.hook_execution_id}
    other = {**mine, "lifecycleEventHookExecutionId": "none"}
    assert refused(put, **other, status="Succeeded") == "InvalidLifecycleEventHookExecutionIdException"
    assert refused(put, **mine, status="Skipped") == "InvalidLifecycleEventHookExecutionStatusException"
    answer(release, hook, "Succeeded")
    assert refused(put, **mine, status="Failed") == "LifecycleEventAlreadyCompletedException"


@pytest.mark.parametrize("said", ["Succeeded", "Failed"])
def test_a_function_may_answer_after_the_deployment_was_stopped_and_changes_nothing(make_release, refused, said):
    release, deployment_id, hook = at_hook(make_release)
    release.cd.stop_deployment(deploymentId=deployment_id)
    release.end(deployment_id)
    put = release.cd.put_lifecycle_event_hook_execution_status
    mine = {"deploymentId": deployment_id, "lifecycleEventHookExecutionId": hook.hook_execution_id, "status": said}
    assert refused(put, **mine) == "LifecycleEventAlreadyCompletedException"
    assert release.status(deployment_id) == "Stopped"
