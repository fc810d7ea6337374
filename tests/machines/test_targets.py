"""One target group, a listener and a plane that answers as it is told."""

import random
from itertools import pairwise

import pytest

from awslab.clock import VirtualClock
from awslab.machines.events import (
    EndpointsChanged,
    HealthChecked,
    HealthCheckRequested,
    InstanceTerminated,
    ListenerClosed,
    TargetCut,
    TargetDeregisterRequested,
    TargetHealthChanged,
    WeightsChanged,
)
from awslab.machines.health_check import HealthCheck, ranges
from awslab.machines.machine import Machine
from awslab.machines.targets import TRANSITIONS, Target, TargetGroup, TargetState
from awslab.world import World

ARN, LISTENER = (
    "arn:aws:elasticloadbalancing:r:1:targetgroup/web/1",
    "arn:aws:elasticloadbalancing:r:1:listener/app/a/1/2",
)
HOST = "i-1"


class Answers(Machine):
    """Answers every check at once: a status, an error, or not at all."""

    hears = (HealthCheckRequested,)

    def __init__(self):
        self.say: dict[tuple[str, int], int | str | None] = {}
        self.asked: list[tuple[float, str, int]] = []

    def on_event(self, event, now):
        self.asked.append((now, event.target_id, event.port))
        said = self.say.get((event.target_id, event.port), 200)
        if said is None:
            return []
        status, error = (said, "") if isinstance(said, int) else (0, said)
        key = {"target_group_arn": event.target_group_arn, "target_id": event.target_id, "port": event.port}
        return [HealthChecked(**key, status=status, error=error)]


class Bench:
    def __init__(self, in_use=True, delay_s=30.0, **check):
        self.clock = VirtualClock()
        self.world = World(self.clock)
        settings = HealthCheck(**{"interval_s": 10.0, "healthy_threshold": 3, **check})
        self.group = TargetGroup(ARN, rng=random.Random(1), check=settings, deregistration_delay_s=delay_s)
        self.plane = self.world.add(Answers())
        self.world.add(self.group)
        if in_use:
            self.world.hear(WeightsChanged(listener_arn=LISTENER, weights=((ARN, 0),)))

    def register(self, *ports, host=HOST):
        for port in ports:
            self.world.call(lambda p=port: self.world.tell(self.group.register(host, p, self.world.now)))

    def deregister(self, port, host=HOST):
        self.world.call(lambda: self.world.tell(self.group.deregister(host, port, self.world.now)))

    def sleep(self, seconds):
        self.clock.sleep(seconds)
        self.world.settle()

    def state(self, port, host=HOST):
        target = self.group.targets[host, port]
        return str(target.state), target.reason

    def told(self, kind):
        return [entry.event for entry in self.world.journal if isinstance(entry.event, kind)]

    def say(self, answer, port=1):
        self.plane.say[HOST, port] = answer


def test_one_success_makes_a_new_target_healthy():
    b = Bench(healthy_threshold=10)
    b.register(1)
    assert b.state(1) == ("initial", "Elb.RegistrationInProgress")
    b.sleep(3)
    assert b.state(1) == ("healthy", "")


def test_recovery_takes_the_healthy_threshold():
    b = Bench(healthy_threshold=3)
    b.say(503)
    b.register(1)
    b.sleep(25)
    assert b.state(1)[0] == "unhealthy"
    b.say(200)
    b.sleep(20)
    assert b.state(1)[0] == "unhealthy"
    b.sleep(10)
    assert b.state(1)[0] == "healthy"


@pytest.mark.parametrize(("failures", "state"), [(1, "healthy"), (2, "unhealthy")])
def test_failures_in_a_row_make_a_target_unhealthy(failures, state):
    b = Bench()
    b.register(1)
    b.sleep(5)
    b.say(500)
    b.sleep(10 * failures)
    b.say(200)
    b.sleep(10)
    assert b.state(1)[0] == state


def test_a_check_whose_answer_was_not_read_yet_is_no_verdict():
    """A busy control process skips intervals; the load balancer answers every check, with a timeout if need be."""
    b = Bench()
    b.say(200)
    b.register(1)
    b.sleep(40)
    b.say(None)
    b.sleep(400)
    assert b.group.targets[HOST, 1].state == "healthy"


@pytest.mark.parametrize(
    ("answer", "reason", "description"),
    [
        (503, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
        ("timeout", "Target.Timeout", "Request timed out"),
        ("refused", "Target.FailedHealthChecks", "Health checks failed"),
    ],
)
def test_an_unhealthy_target_says_why(answer, reason, description):
    b = Bench()
    b.say(answer)
    b.register(1)
    b.sleep(40)
    target = b.group.targets[HOST, 1]
    assert (target.state, target.reason, target.description) == ("unhealthy", reason, description)


def test_checks_keep_their_interval_and_each_target_its_phase():
    b = Bench(interval_s=10.0)
    b.register(1, 2)
    b.sleep(60)
    times = {port: [at for at, _, p in b.plane.asked if p == port] for port in (1, 2)}
    assert all(later - earlier == 10.0 for t in times.values() for earlier, later in pairwise(t))
    assert times[1][0] != times[2][0]


def test_a_leaving_target_drains_to_the_end_then_is_cut_and_forgotten():
    b = Bench(delay_s=30)
    b.register(1)
    b.sleep(5)
    b.deregister(1)
    b.sleep(29.9)
    assert b.state(1) == ("draining", "Target.DeregistrationInProgress")
    assert not b.told(TargetCut)
    b.sleep(0.2)
    assert not b.group.targets and len(b.told(TargetCut)) == 1
    last = b.told(TargetHealthChanged)[-1]
    assert (last.state, last.reason) == ("unused", "Target.NotRegistered")


def test_a_draining_target_gets_no_new_requests():
    b = Bench()
    b.register(1, 2)
    b.sleep(5)
    b.deregister(1)
    assert b.told(EndpointsChanged)[-1].endpoints == ((HOST, 2),)
    assert b.told(EndpointsChanged)[-1].registered == 1


@pytest.mark.parametrize("returns", [True, False])
def test_a_draining_target_that_registers_again_is_not_cut(returns):
    b = Bench(delay_s=30)
    b.register(1)
    b.sleep(5)
    b.deregister(1)
    b.sleep(10)
    if returns:
        b.register(1)
    b.sleep(60)
    assert bool(b.told(TargetCut)) is not returns
    assert ((HOST, 1) in b.group.targets) is returns


def test_deregistering_an_unknown_target_is_a_success_that_says_unused():
    b = Bench()
    b.world.hear(TargetDeregisterRequested(target_group_arn=ARN, target_id="i-9", port=9))
    assert [e.state for e in b.told(TargetHealthChanged)] == ["unused"]


def test_a_group_without_a_listener_is_not_checked_until_it_is_used():
    b = Bench(in_use=False)
    b.register(1)
    b.sleep(60)
    assert b.state(1) == ("unused", "Target.NotInUse") and not b.plane.asked
    b.world.hear(WeightsChanged(listener_arn=LISTENER, weights=((ARN, 0),)))
    assert b.state(1) == ("initial", "Elb.InitialHealthChecking")
    b.sleep(5)
    assert b.state(1)[0] == "healthy"
    b.world.hear(ListenerClosed(listener_arn=LISTENER))
    assert b.state(1) == ("unused", "Target.NotInUse")


def test_a_target_of_an_unused_group_leaves_at_once():
    b = Bench(in_use=False)
    b.register(1)
    b.deregister(1)
    assert not b.group.targets and not b.told(TargetCut)


def test_all_unhealthy_targets_get_requests_and_one_healthy_one_gets_them_all():
    b = Bench()
    b.say(500, 1)
    b.say(500, 2)
    b.register(1, 2)
    b.sleep(30)
    assert b.group.fails_open and b.group.endpoints == ((HOST, 1), (HOST, 2))
    b.say(200, 2)
    b.sleep(30)
    assert not b.group.fails_open and b.group.endpoints == ((HOST, 2),)


def test_one_host_registers_once_for_every_port():
    b = Bench()
    b.register(1, 2, 3)
    b.sleep(5)
    b.deregister(2)
    assert {port: b.state(port)[0] for port in (1, 2, 3)} == {1: "healthy", 2: "draining", 3: "healthy"}


def test_the_targets_of_a_terminated_host_leave_and_no_others():
    b = Bench()
    b.register(1, 2)
    b.register(1, host="i-2")
    b.sleep(5)
    b.world.hear(InstanceTerminated(instance_id=HOST, group_name="web"))
    assert b.state(1)[0] == b.state(2)[0] == "draining" and b.state(1, "i-2")[0] == "healthy"


def test_endpoints_are_told_only_when_they_change():
    b = Bench()
    b.register(1)
    b.sleep(300)
    told = [(e.endpoints, e.registered) for e in b.told(EndpointsChanged)]
    assert told == [(((HOST, 1),), 1)]


def test_new_settings_count_from_the_next_check_on():
    b = Bench()
    b.register(1)
    b.sleep(5)
    b.group.check = HealthCheck(interval_s=10.0, matcher="204")
    b.sleep(20)
    assert b.state(1) == ("unhealthy", "Target.ResponseCodeMismatch")


def test_illegal_changes_of_state_change_nothing():
    b = Bench()
    for old in TargetState:
        for new in set(TargetState) - set(TRANSITIONS[old]):
            target = Target(HOST, 1, old)
            with pytest.raises(AssertionError):
                b.group._move(target, new, ("", ""))
            assert target.state is old


@pytest.mark.parametrize("matcher", ["", "x", "200-", "300-200", "100", "200,500"])
def test_a_matcher_names_codes_from_200_to_499(matcher):
    with pytest.raises(ValueError):
        ranges(matcher)
    assert ranges("200,204-206") == [(200, 200), (204, 206)]
