"""A configuration that only a slower lab could keep is refused where it becomes known."""

import random

import pytest
from botocore.exceptions import ClientError

from awslab.clock import ScaledClock
from awslab.dataplane.simulated import SimulatedPlane
from awslab.lab import Lab

DELAY, IDLE = "deregistration_delay.timeout_seconds", "idle_timeout.timeout_seconds"
CONTAINER = {"name": "app", "image": "app:1", "memory": 128}


class RealPlane(SimulatedPlane):
    """Says that its requests are real."""

    carries_real_requests = True


class Asked:
    """A lab at a rate, and the four durations one can configure in it."""

    def __init__(self, rate, plane_class):
        self.lab = Lab(ScaledClock(rate), plane=plane_class(random.Random(1)))
        self.elb, self.ecs = self.lab.client("elbv2"), self.lab.client("ecs")
        subnets = self.lab.client("ec2").describe_subnets()["Subnets"][:2]
        self.vpc_id = subnets[0]["VpcId"]
        made = self.elb.create_load_balancer(Name="web", Subnets=[one["SubnetId"] for one in subnets])
        self.balancer_arn = made["LoadBalancers"][0]["LoadBalancerArn"]

    def health_check_timeout(self, seconds):
        made = self.elb.create_target_group(
            Name="blue", Protocol="HTTP", Port=80, VpcId=self.vpc_id, HealthCheckTimeoutSeconds=seconds
        )
        self.group_arn = made["TargetGroups"][0]["TargetGroupArn"]

    def deregistration_delay(self, seconds):
        attributes = [{"Key": DELAY, "Value": str(seconds)}]
        self.elb.modify_target_group_attributes(TargetGroupArn=self.group_arn, Attributes=attributes)

    def idle_timeout(self, seconds):
        attributes = [{"Key": IDLE, "Value": str(seconds)}]
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=self.balancer_arn, Attributes=attributes)

    def stop_timeout(self, seconds):
        self.ecs.register_task_definition(
            family="web", containerDefinitions=[{**CONTAINER, **({"stopTimeout": seconds} if seconds else {})}]
        )


@pytest.fixture
def asked():
    labs = []

    def ask(rate, plane_class=RealPlane):
        labs.append(Asked(rate, plane_class))
        return labs[-1]

    yield ask
    for one in labs:
        one.lab.close()


DURATIONS = [
    ("health_check_timeout", 5, 2, "health check timeout"),
    ("deregistration_delay", 30, 29, "deregistration delay"),
    ("idle_timeout", 30, 29, "idle timeout"),
    ("stop_timeout", 30, 29, "stop timeout"),
]


def configure(lab, wanted):
    for name, long_enough, _, _ in DURATIONS:
        getattr(lab, name)(wanted.get(name, long_enough))


def test_what_is_just_long_enough_is_taken(asked):
    configure(asked(60), {})


@pytest.mark.parametrize(("name", "long_enough", "too_short", "label"), DURATIONS)
def test_what_real_requests_could_not_survive_is_refused_in_three_parts(asked, name, long_enough, too_short, label):
    lab = asked(60)
    with pytest.raises(ClientError) as refused:
        configure(lab, {name: too_short})
    error = refused.value.response["Error"]
    assert error["Code"] == ("ClientException" if name == "stop_timeout" else "ValidationError")
    for part in ("60 times as fast", f"{label}", f"{too_short} lab s", "Run the lab with --rate"):
        assert part in error["Message"]


def test_a_stop_timeout_that_is_not_given_is_the_agents_thirty_seconds(asked):
    asked(60).stop_timeout(None)
    with pytest.raises(ClientError, match="stop timeout"):
        asked(61).stop_timeout(None)


def test_a_delay_of_nothing_is_taken_as_on_aws(asked):
    lab = asked(60)
    configure(lab, {"deregistration_delay": 0})


def test_simulated_requests_take_no_time_so_everything_is_taken(asked):
    lab = asked(60, SimulatedPlane)
    configure(lab, {name: too_short for name, _, too_short, _ in DURATIONS})
