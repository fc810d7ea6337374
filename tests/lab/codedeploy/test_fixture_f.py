"""The timeline of a real run on AWS: one task, linear 10 % every minute, five minutes of termination wait."""

import pytest

from awslab.clock import ScaledClock, VirtualClock
from awslab.machines.events import DeploymentChanged, LifecycleEventChanged, WeightsChanged

PENDING, DONE = ["Pending"] * 8, ["Succeeded"] * 8
NAMES = [
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
]


def test_an_operator_who_polls_sees_the_timeline(release):
    start = release.lab.clock.now()
    deployment_id = release.deploy()
    release.sleep(0.7)
    assert (release.status(deployment_id), release.events(deployment_id)) == ("Created", PENDING)
    release.sleep(2.3)
    assert (release.status(deployment_id), release.event(deployment_id)) == ("InProgress", "Install")
    assert release.weights() == {"blue": 100, "green": 0}
    release.until(lambda: release.weights()["green"] == 10, limit_s=140, step_s=1)
    assert release.weights(release.test) == {"green": 1}
    for green in range(20, 110, 10):
        assert release.event(deployment_id) == "AllowTraffic"
        release.sleep(60)
        assert release.weights() == {"blue": 100 - green, "green": green}
    release.until(lambda: release.events(deployment_id) == DONE, limit_s=69, step_s=1)
    assert release.lab.clock.now() - start <= 761
    assert release.status(deployment_id) == "InProgress"
    assert release.deployment(deployment_id)["instanceTerminationWaitTimeStarted"]
    assert sorted(release.task_sets()) == [("ACTIVE", 100.0), ("PRIMARY", 100.0)]
    release.sleep(290)
    assert release.status(deployment_id) == "InProgress"
    release.sleep(15)
    assert release.status(deployment_id) == "Succeeded"
    assert sorted(release.task_sets()) == [("DRAINING", 0.0), ("PRIMARY", 100.0)]


@pytest.mark.parametrize("clock", [VirtualClock(), ScaledClock(2000)], ids=["virtual", "scaled"])
def test_the_timeline_is_the_same_on_every_clock_and_nobody_need_look(make_release, clock):
    release = make_release(clock=clock)
    deployment_id = release.deploy()
    release.sleep(1500)
    assert release.status(deployment_id) == "Succeeded"
    story = release.story(DeploymentChanged, LifecycleEventChanged, WeightsChanged)
    told = {e.status: at for at, e in story if isinstance(e, DeploymentChanged)}
    created = told["Created"]
    ends = {
        e.lifecycle_event: at - created
        for at, e in story
        if isinstance(e, LifecycleEventChanged) and e.status == "Succeeded"
    }
    assert list(ends) == NAMES
    assert ends["BeforeInstall"] < 3
    shifts = [
        (at - created, dict(e.weights)[release.arns["green"]])
        for at, e in story
        if isinstance(e, WeightsChanged) and e.listener_arn == release.prod and at > created
    ]
    assert shifts[0][0] <= 140
    assert [weight for _, weight in shifts] == list(range(10, 110, 10))
    assert [at - shifts[0][0] for at, _ in shifts] == pytest.approx([60.0 * k for k in range(10)])
    assert shifts[-1][0] <= 692
    assert ends["AfterAllowTraffic"] <= 761
    assert told["Succeeded"] - created == pytest.approx(ends["AfterAllowTraffic"] + 300)
    assert told["Succeeded"] - created <= 976
