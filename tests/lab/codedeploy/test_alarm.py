"""The closed loop: requests fail, the load balancer's metrics say so, an alarm rings, CodeDeploy takes it back."""

import pytest

from awslab.machines.events import AlarmStateChanged, WeightsChanged

WATCHED = {"alarmConfiguration": {"enabled": True, "alarms": [{"name": "target-5xx"}]}}
ROLLBACK = {
    "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_FAILURE"]}
}
MESSAGE = (
    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected "
    "deployments have been stopped. Activated alarms: <target-5xx>"
)


def bad_release(make_release, *, watched=True):
    release = make_release(
        config="ECSCanary10Percent15Minutes", desired=2, wait=1, **(WATCHED if watched else {}), **ROLLBACK
    )
    release.watch()
    release.send(50)
    release.sleep(120)
    return release, release.deploy(release.register(ERROR_PERCENT=100))


def test_a_bad_release_at_ten_percent_is_taken_back_by_the_alarm(make_release):
    release, deployment_id = bad_release(make_release)
    ended = release.end(deployment_id)
    assert (ended["status"], ended["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert ended["errorInformation"]["message"] == MESSAGE
    assert release.events(deployment_id) == ["Succeeded"] * 6 + ["Failed", "Skipped"]

    rollback_id = ended["rollbackInfo"]["rollbackDeploymentId"]
    rollback = release.end(rollback_id, limit_s=30)
    assert (rollback["status"], rollback["creator"]) == ("Succeeded", "codeDeployRollback")
    assert rollback["deploymentConfigName"] == "CodeDeployDefault.ECSAllAtOnce"
    assert ended["rollbackInfo"]["rollbackMessage"] == (
        f"Deployment {deployment_id} terminated. Automatic rollback is triggered with a DeploymentId {rollback_id}."
    )
    assert rollback["rollbackInfo"] == {
        "rollbackTriggeringDeploymentId": deployment_id,
        "rollbackMessage": f"Deployment {rollback_id} is triggered to roll back deployment {deployment_id}.",
    }
    assert release.weights() == {"blue": 100, "green": 0}
    assert release.weights(release.test) == {"blue": 1}
    assert sorted(release.task_sets()) == [("DRAINING", 0.0), ("PRIMARY", 100.0)]
    assert release.service()["taskDefinition"] == release.first

    release.sleep(5)
    release.lab.world.settle()
    failed = release.plane.tally(release.prod).failed
    shifted = next(at for at, e in release.story(WeightsChanged) if (release.arns["green"], 10) in e.weights)
    rang = next(at for at, e in release.story(AlarmStateChanged) if e.new_state == "ALARM")
    assert 0 < failed <= 0.1 * 50 * (rang - shifted + 25)  # until the next look at the alarm, and the way back
    release.counter.take()
    release.sleep(600)
    release.lab.world.settle()
    assert set(release.counter.take()) == {("blue", 200)}
    assert release.plane.tally(release.prod).failed == failed


def test_without_the_alarm_the_same_release_goes_all_the_way(make_release):
    release, deployment_id = bad_release(make_release, watched=False)
    ended = release.end(deployment_id)
    assert ended["status"] == "Succeeded"
    assert "rollbackInfo" not in ended
    release.counter.take()
    release.sleep(60)
    release.lab.world.settle()
    assert set(release.counter.take()) == {("green", 500)}


def test_without_auto_rollback_components_stay_as_they_are(make_release):
    release = make_release(config="ECSCanary10Percent5Minutes", **WATCHED)
    release.watch()
    deployment_id = release.deploy()
    release.until(lambda: release.weights()["green"] == 10)
    ring(release)
    assert release.end(deployment_id)["status"] == "Stopped"
    release.sleep(120)
    assert release.weights() == {"blue": 90, "green": 10}
    assert sorted(release.task_sets()) == [("ACTIVE", 100.0), ("PRIMARY", 100.0)]
    # What is left behind is in the way of the next deployment.
    ended = release.end(release.deploy(overrideAlarmConfiguration={"enabled": False}))
    assert ended["errorInformation"]["message"].endswith("Primary taskset target group must be behind listener")


def ring(release):
    release.cw.set_alarm_state(AlarmName="target-5xx", StateValue="ALARM", StateReason="forced")


def test_an_alarm_that_rings_already_stops_at_once_and_can_be_overridden(make_release):
    release = make_release(**WATCHED, **ROLLBACK)
    release.watch()
    ring(release)
    deployment_id = release.deploy()
    release.sleep(3)
    ended = release.deployment(deployment_id)
    assert (ended["status"], ended["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert release.events(deployment_id) == ["Skipped"] * 8
    assert len(release.task_sets()) == 1
    override = {"enabled": True, "alarms": [{"name": "other"}], "ignorePollAlarmFailure": True}
    deployment_id = release.deploy(overrideAlarmConfiguration=override)
    release.sleep(30)
    assert release.status(deployment_id) == "InProgress"
    assert release.deployment(deployment_id)["overrideAlarmConfiguration"] == override


@pytest.mark.parametrize(("ignored", "status"), [(False, "Stopped"), (True, "InProgress")])
def test_an_alarm_nobody_knows_stops_unless_that_is_ignored(make_release, ignored, status):
    alarms = {"enabled": True, "alarms": [{"name": "gone"}], "ignorePollAlarmFailure": ignored}
    release = make_release(alarmConfiguration=alarms)
    deployment_id = release.deploy()
    release.sleep(5)
    assert release.status(deployment_id) == status


def test_an_alarm_in_the_termination_wait_still_takes_it_back(make_release):
    release = make_release(config="ECSAllAtOnce", **WATCHED, **ROLLBACK)
    release.watch()
    deployment_id = release.deploy()
    release.until(lambda: release.deployment(deployment_id)["instanceTerminationWaitTimeStarted"])
    ring(release)
    ended = release.end(deployment_id)
    assert ended["status"] == "Stopped"
    assert release.end(ended["rollbackInfo"]["rollbackDeploymentId"])["status"] == "Succeeded"
    assert release.weights() == {"blue": 1}
    assert sorted(release.task_sets()) == [("DRAINING", 0.0), ("PRIMARY", 100.0)]
    assert release.service()["taskDefinition"] == release.first
