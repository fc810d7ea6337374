"""Somebody changes the desired count while a deployment runs."""

import pytest


def scale(release, desired):
    release.ecs.update_service(cluster="dev", service="web", desiredCount=desired)


@pytest.mark.parametrize("event", ["Install", "AllowTraffic"])
def test_with_room_both_task_sets_follow_and_the_deployment_goes_on(make_release, event):
    release = make_release(config="ECSCanary10Percent5Minutes", desired=2, wait=5)
    deployment_id = release.deploy()
    release.sleep(5)
    release.until(lambda: release.event(deployment_id) == event, step_s=1)
    scale(release, 4)
    release.until(lambda: release.deployment(deployment_id)["instanceTerminationWaitTimeStarted"])
    assert [one["computedDesiredCount"] for one in release.service()["taskSets"]] == [4, 4]
    assert [one["runningCount"] for one in release.service()["taskSets"]] == [4, 4]
    assert release.end(deployment_id)["status"] == "Succeeded"


def test_without_room_during_the_shift_it_fails_after_five_minutes(make_release):
    release = make_release(config="ECSCanary10Percent15Minutes", desired=2)
    deployment_id = release.deploy()
    release.until(lambda: release.weights()["green"] == 10)
    scale(release, 30)
    release.sleep(280)
    assert release.status(deployment_id) == "InProgress"
    release.sleep(40)
    assert release.status(deployment_id) == "Failed"
