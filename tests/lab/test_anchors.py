"""What users of AWS emulators ask for, on the virtual clock: the programs that `make bench ARGS=emulators` compares."""

import random

import pytest

from awslab.dataplane.simulated import SimulatedPlane
from awslab.lab import Lab
from tests.bench.anchors.asks import ASKS, Missed, again, deploy, ended, made

LOOK_S = 15.0


class SimulatedUsers:
    def __init__(self, lab, listener_arn):
        self._lab, self._arn = lab, listener_arn
        lab.world.call(lambda: lab.world.tell(lab.plane.send(listener_arn, 10, now=lab.world.now)))

    def _tally(self):
        self._lab.world.settle()
        return self._lab.plane.tally(self._arn)

    @property
    def sent(self):
        return self._tally().sent

    @property
    def failed(self):
        return self._tally().failed


class VirtualGround:
    """The lab in process."""

    def __init__(self):
        self.lab = Lab(plane=SimulatedPlane(random.Random(1)))
        self.client, self.lacks = self.lab.client, []

    def pause(self):
        self.lab.clock.sleep(LOOK_S)

    def image(self):
        return "app:1"

    def users(self, listener_arn):
        return SimulatedUsers(self.lab, listener_arn)


@pytest.fixture
def ground():
    found = VirtualGround()
    yield found
    found.lab.close()


@pytest.mark.parametrize("ask", ASKS.values(), ids=[ask.__name__ for ask in ASKS.values()])
def test_the_lab_does_what_is_asked(ground, ask):
    assert ask(ground)
    assert not ground.lacks


def test_a_difference_is_found(ground):
    """Negative control: what somebody changed reads back differently."""
    stack = made(ground, ("make_hosts", "make_balancer"))
    assert again(stack)
    ground.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="hosts", MaxSize=7)
    with pytest.raises(Missed, match="group MaxSize"):
        again(stack)


def test_without_the_alarm_the_bad_release_is_not_taken_back(ground):
    """Negative control: the ask for 500s at 10 % measures the alarm, not luck."""
    stack = made(ground, ("make_hosts", "make_balancer", "make_cluster", "make_service", "make_alarm", "make_releases"))
    ground.client("codedeploy").update_deployment_group(
        applicationName="web", currentDeploymentGroupName="web", alarmConfiguration={"enabled": False, "alarms": []}
    )
    assert ended(stack, deploy(stack, ERROR_PERCENT=100))["status"] == "Succeeded"
