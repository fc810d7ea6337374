"""Whatever operators, functions, alarms and hosts do, in whatever order, these laws hold."""

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from awslab.machines.deployment import Status
from awslab.machines.deployment_book import AlreadyOver
from awslab.machines.deployment_events import EventStatus as E
from awslab.machines.deployments import NotWaiting
from awslab.machines.hook_calls import HookOver
from tests.machines.codedeploy.conftest import PROD, TEST, Scene

BOUND_S = 5 * 3600 + 3600  # an hour each for Install, two hooks and the shift's start, Ready, and the rest


class Operators(RuleBasedStateMachine):
    """The hands are the rules."""

    def __init__(self):
        super().__init__()
        self.scene, self.frozen = Scene(), {}

    @property
    def latest(self):
        return next(reversed(self.scene.deployments.by_id.values()), None)

    @precondition(lambda self: self.latest is None or self.latest.over)
    @rule(
        image=st.sampled_from(["good", "good", "good", "missing", "sick"]),
        hook=st.sampled_from([(("AfterAllowTestTraffic", "f"),), (("AfterAllowTraffic", "f"),)]),
        ready=st.sampled_from([None, 10]),
        rolls_back=st.booleans(),
    )
    def deploy(self, image, hook, ready, rolls_back):
        events = {} if rolls_back else {"events": []}
        self.scene.deploy(image, hooks=hook, ready=ready, **events)

    @precondition(lambda self: self.latest)
    @rule(rolls_back=st.sampled_from([None, True, False]))
    def stop(self, rolls_back):
        with suppress(AlreadyOver):
            self.scene.command(self.scene.deployments.stop, self.latest.deployment_id, rolls_back)

    @precondition(lambda self: self.latest)
    @rule(terminate=st.booleans())
    def go_on(self, terminate):
        with suppress(AlreadyOver, NotWaiting):
            self.scene.command(self.scene.deployments.go_on, self.latest.deployment_id, terminate=terminate)

    @precondition(lambda self: self.scene.functions.called)
    @rule(succeeded=st.booleans())
    def answer(self, succeeded):
        hook = self.scene.functions.called[-1]
        with suppress(HookOver):
            ids = (hook.deployment_id, hook.hook_execution_id)
            self.scene.command(self.scene.deployments.report, *ids, succeeded=succeeded)

    @rule(state=st.sampled_from(["OK", "OK", "ALARM"]))
    def ring(self, state):
        self.scene.alarm = state

    @rule(seconds=st.sampled_from([1, 10, 60, 400, 3700]))
    def time_passes(self, seconds):
        self.scene.wait(seconds)

    @invariant()
    def all_traffic_goes_somewhere(self):
        for arn in (PROD, TEST):
            assert sum(self.scene.weights(arn).values()) > 0

    @invariant()
    def one_deployment_at_a_time(self):
        assert sum(not d.over for d in self.scene.deployments.by_id.values()) <= 1

    @invariant()
    def lifecycle_events_come_in_order(self):
        rank = {E.SUCCEEDED: 0, E.IN_PROGRESS: 1, E.FAILED: 1, E.PENDING: 2, E.SKIPPED: 2}
        for deployment in self.scene.deployments.by_id.values():
            statuses = [event.status for event in deployment.events]
            ranks = [rank[status] for status in statuses]
            assert ranks == sorted(ranks)
            assert ranks.count(1) <= 1
            assert not (deployment.over and {E.PENDING, E.IN_PROGRESS} & set(statuses))

    @invariant()
    def what_is_over_stays_as_it_was(self):
        for deployment in self.scene.deployments.by_id.values():
            if deployment.over:
                seen = deployment.status, deployment.error, [e.status for e in deployment.events]
                assert self.frozen.setdefault(deployment.deployment_id, seen) == seen

    @invariant()
    def one_task_set_is_primary_and_its_group_serves_unless_somebody_left_it_split(self):
        service = self.scene.web
        assert [s.status for s in service.task_sets].count("PRIMARY") == 1
        latest = self.latest
        if latest is None or not latest.over:
            return
        serving = {name for name, weight in self.scene.weights().items() if weight}
        primary = service.primary.load_balancers[0].target_group_arn.split("/")[1]
        if latest.status is Status.SUCCEEDED:
            assert serving == {primary}

    def teardown(self):
        """Whatever starts ends, within a bound."""
        self.scene.wait(BOUND_S)
        assert all(d.over for d in self.scene.deployments.by_id.values())


Operators.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)
TestOperators = Operators.TestCase


def test_a_good_release_succeeds_here_too(scene):
    deployment = scene.deploy()
    assert scene.end(deployment) is Status.SUCCEEDED
    assert scene.weights() == {"blue": 0, "green": 100}
    assert scene.weights(TEST) == {"green": 1}
