"""Waiting for a human, going on, stopping."""

import pytest
from botocore.exceptions import WaiterError

TIMED_OUT = "The deployment timed out while waiting for a notification to continue. This time out period is 10 minutes."


def at_ready(make_release, **given):
    release = make_release(**{"config": "ECSAllAtOnce", "ready_wait": 10, "wait": 5, **given})
    deployment_id = release.deploy()
    release.until(lambda: release.status(deployment_id) == "Ready", step_s=1)
    return release, deployment_id


def test_ready_holds_traffic_until_somebody_continues(make_release, refused):
    release, deployment_id = at_ready(make_release)
    go_on = release.cd.continue_deployment
    assert release.target(deployment_id)["status"] == "Ready"
    assert release.events(deployment_id) == ["Succeeded"] * 5 + ["Pending"] * 3
    assert release.weights(release.test) == {"green": 1}
    release.sleep(300)
    assert (release.status(deployment_id), release.weights()) == ("Ready", {"blue": 1})
    waits = {"deploymentId": deployment_id, "deploymentWaitType": "TERMINATION_WAIT"}
    assert refused(go_on, **waits) == "DeploymentIsNotInReadyStateException"
    go_on(deploymentId=deployment_id, deploymentWaitType="READY_WAIT")
    release.sleep(10)
    assert (release.status(deployment_id), release.weights()) == ("InProgress", {"green": 1})
    assert refused(go_on, deploymentId=deployment_id) == "DeploymentIsNotInReadyStateException"
    go_on(**waits)
    assert release.status(deployment_id) == "Succeeded"
    assert refused(go_on, **waits) == "DeploymentAlreadyCompletedException"


def test_ready_expires(make_release):
    release, deployment_id = at_ready(make_release)
    release.sleep(601)
    ended = release.deployment(deployment_id)
    assert (ended["status"], ended["errorInformation"]["message"]) == ("Stopped", TIMED_OUT)
    assert release.weights() == {"blue": 1}


def test_without_ending_the_wait_early_both_task_sets_run(make_release):
    release = make_release(config="ECSAllAtOnce", wait=60)
    deployment_id = release.deploy()
    release.until(lambda: release.deployment(deployment_id)["instanceTerminationWaitTimeStarted"])
    release.sleep(3500)
    assert sorted(release.task_sets()) == [("ACTIVE", 100.0), ("PRIMARY", 100.0)]
    release.cd.continue_deployment(deploymentId=deployment_id, deploymentWaitType="TERMINATION_WAIT")
    assert release.deployment(deployment_id)["instanceTerminationWaitTimeStarted"] is False
    assert sorted(release.task_sets()) == [("DRAINING", 0.0), ("PRIMARY", 100.0)]


@pytest.mark.parametrize(
    ("asked", "configured", "rolled_back"),
    [(True, [], True), (None, ["DEPLOYMENT_STOP_ON_REQUEST"], True), (False, ["DEPLOYMENT_STOP_ON_REQUEST"], False)],
)
def test_stopping_rolls_back_if_asked_or_configured(make_release, asked, configured, rolled_back):
    config = {"enabled": True, "events": configured} if configured else {"enabled": False}
    release = make_release(config="ECSCanary10Percent5Minutes", autoRollbackConfiguration=config)
    deployment_id = release.deploy()
    release.until(lambda: release.weights()["green"] == 10)
    given = {} if asked is None else {"autoRollbackEnabled": asked}
    for _ in range(2):
        assert release.cd.stop_deployment(deploymentId=deployment_id, **given)["status"] == "Pending"
    ended = release.end(deployment_id, limit_s=30)
    assert (ended["status"], ended["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    assert ("rollbackInfo" in ended) == rolled_back
    release.sleep(10)
    assert release.weights() == ({"blue": 100, "green": 0} if rolled_back else {"blue": 90, "green": 10})


def test_what_is_over_can_not_be_stopped(make_release, refused):
    release = make_release(config="ECSAllAtOnce", wait=0)
    deployment_id = release.deploy()
    release.end(deployment_id)
    stop = release.cd.stop_deployment
    assert refused(stop, deploymentId=deployment_id) == "DeploymentAlreadyCompletedException"


def test_one_deployment_of_a_group_at_a_time(make_release, refused):
    release = make_release(config="ECSCanary10Percent5Minutes", wait=0)
    first = release.deploy()
    assert refused(release.deploy) == "DeploymentLimitExceededException"
    release.end(first)
    release.deploy()


def wait(release, deployment_id):
    """boto3's waiter, with lab time for its sleeps."""
    waiter = release.cd.get_waiter("deployment_successful")
    waiter.config.delay = 0
    describe = waiter._operation_method

    def later(**kwargs):
        release.sleep(15)
        return describe(**kwargs)

    waiter._operation_method = later
    waiter.wait(deploymentId=deployment_id)


def test_the_waiter_ends_when_the_deployment_does(make_release):
    release = make_release(config="ECSAllAtOnce", wait=5)
    deployment_id = release.deploy()
    wait(release, deployment_id)
    assert release.status(deployment_id) == "Succeeded"
    stopped = release.deploy()
    release.cd.stop_deployment(deploymentId=stopped)
    with pytest.raises(WaiterError, match="terminal failure"):
        wait(release, stopped)


def test_the_waiter_is_too_short_for_a_long_termination_wait(make_release):
    release = make_release(config="ECSAllAtOnce", wait=60)
    deployment_id = release.deploy()
    with pytest.raises(WaiterError, match="Max attempts"):
        wait(release, deployment_id)
    assert release.end(deployment_id)["status"] == "Succeeded"
