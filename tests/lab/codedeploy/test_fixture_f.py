"""The timeline of a real run on AWS: one task, linear 10 % every minute, five minutes of termination wait."""

import pytest

from awslab.clock import ScaledClock

PENDING, DONE = ["Pending"] * 8, ["Succeeded"] * 8


def follow(release) -> None:
    start = release.lab.clock.now()

    def at(seconds: float) -> None:
        release.sleep(max(0.0, start + seconds - release.lab.clock.now()))

    deployment_id = release.deploy()
    at(0.7)
    assert (release.status(deployment_id), release.events(deployment_id)) == ("Created", PENDING)
    at(3)
    assert release.status(deployment_id) == "InProgress"
    assert release.event(deployment_id) == "Install"
    assert release.weights() == {"blue": 100, "green": 0}
    release.until(lambda: release.weights()["green"] == 10, limit_s=140, step_s=1)
    assert release.weights(release.test) == {"green": 1}
    assert release.event(deployment_id) == "AllowTraffic"
    for green in range(20, 100, 10):
        release.sleep(60)
        assert release.weights() == {"blue": 100 - green, "green": green}
    release.until(lambda: release.weights() == {"blue": 0, "green": 100}, limit_s=70, step_s=1)
    assert release.lab.clock.now() - start <= 692
    release.until(lambda: release.events(deployment_id) == DONE, limit_s=69, step_s=1)
    assert release.status(deployment_id) == "InProgress"
    assert release.deployment(deployment_id)["instanceTerminationWaitTimeStarted"]
    assert sorted(release.task_sets()) == [("ACTIVE", 100.0), ("PRIMARY", 100.0)]
    release.sleep(290)
    assert release.status(deployment_id) == "InProgress"
    release.sleep(15)
    assert release.status(deployment_id) == "Succeeded"
    assert release.lab.clock.now() - start <= 1000
    assert sorted(release.task_sets()) == [("DRAINING", 0.0), ("PRIMARY", 100.0)]
    assert release.weights() == {"blue": 0, "green": 100}


def test_the_timeline_holds_on_the_virtual_clock(release):
    follow(release)
