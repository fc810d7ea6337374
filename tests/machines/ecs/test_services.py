"""The service scheduler keeps to the minimum and maximum healthy percent and says what it does."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awslab.machines import service_commands
from awslab.machines.container_instances import InstanceStatus
from awslab.machines.events import TargetHealthChanged, TaskChanged
from awslab.machines.service_commands import IllegalCommand
from awslab.machines.services import Lane, bounds, decide
from awslab.machines.tasks import Task, TaskOrder, TaskStatus
from awslab.machines.usage import cluster_usage, service_usage


def test_a_new_service_reaches_its_desired_count_and_says_so_once(stage):
    stage.hosts("i-a", "i-b")
    service = stage.service(4)
    stage.wait(120)
    assert len(stage.running("i-a")) == len(stage.running("i-b")) == 2
    assert stage.said().count("(service web) has reached a steady state.") == 1
    assert (service.primary.rollout_state, service.primary.stability_status) == ("COMPLETED", "STEADY_STATE")


@pytest.mark.parametrize(
    ("desired", "low", "high", "expected"),
    [(3, 50, 150, (2, 4)), (1, 100, 150, (1, 1)), (4, 100, 200, (4, 8)), (10, 75, 110, (8, 11)), (3, 0, 100, (0, 3))],
)
def test_the_minimum_rounds_up_and_the_maximum_down(desired, low, high, expected):
    assert bounds(desired, low, high) == expected


def some_task(state):
    task = Task("t", TaskOrder(None, "g"), "i", "c", "z", "", 0.0)
    task.last_status = TaskStatus.PENDING if state == "pending" else TaskStatus.RUNNING
    task.settled, task.unhealthy = state == "healthy", state == "failed"
    return task


states = st.lists(st.sampled_from(["healthy", "initial", "pending"]), max_size=8)
leaving_states = st.lists(st.sampled_from(["healthy", "initial", "pending", "failed"]), max_size=8)


@given(st.integers(0, 8), st.integers(0, 100), st.integers(100, 200), states, leaving_states)
def test_no_decision_crosses_the_bounds(desired, low, high, keeps, leavings):
    lower, upper = bounds(desired, low, high)
    keep, leaving = [some_task(s) for s in keeps], [some_task(s) for s in leavings]
    start, stop = decide(Lane(desired, lower, upper, keep, leaving))
    before = keep + leaving
    healthy = sum(t.healthy for t in before)
    left = [t for t in before if t not in stop]
    assert sum(t.healthy for t in left) >= min(lower, healthy)
    assert start == 0 or len(left) + start <= upper + sum(t.running for t in leaving if t in stop)
    assert len([t for t in left if t in keep]) + start <= max(desired, 0)


def rolled_out(stage, image="good", **service):
    stage.hosts("i-a", "i-b", "i-c", "i-d")
    made = stage.service(4, **service)
    stage.wait(120)
    stage.do(service_commands.deploy, "web", stage.task_set(stage.definition(image, revision=2)))
    return made


def counts(stage):
    """(running, healthy) at every instant of the journal, from the first steady state on."""
    state, health, seen = {}, {}, []
    steady = next(e.at for e in stage.world.journal if "steady" in getattr(e.event, "message", ""))
    for entry in stage.world.journal:
        event = entry.event
        if isinstance(event, TaskChanged):
            state[event.task_id] = event.last_status
        elif isinstance(event, TargetHealthChanged):
            health[event.target_id, event.port] = event.state
        if entry.at > steady:
            up = sum(s in ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING") for s in state.values())
            seen.append((up, sum(s == "healthy" for s in health.values())))
    return seen


@pytest.mark.parametrize(("low", "high", "most", "least"), [(100, 200, 8, 4), (50, 100, 4, 2), (100, 150, 6, 4)])
def test_a_rolling_deployment_stays_between_minimum_and_maximum(stage, low, high, most, least):
    service = rolled_out(stage, min_healthy_percent=low, max_percent=high)
    stage.wait(600)
    assert {task.definition.revision for task in stage.running()} == {2}
    assert max(up for up, _ in counts(stage)) == most
    assert min(healthy for _, healthy in counts(stage)) == least
    assert [s.rollout_state for s in service.task_sets] == ["COMPLETED"]
    assert stage.said()[-1] == "(service web) has reached a steady state."


def test_a_bad_revision_never_replaces_the_good_one(stage):
    rolled_out(stage, "missing")
    stage.wait(3600)
    assert [task.definition.revision for task in stage.running()] == [1] * 4


def test_repeated_failures_to_start_slow_the_scheduler_down(stage):
    rolled_out(stage, "missing")
    stage.wait(3600)
    failures = sorted(
        {
            e.at
            for e in stage.happened(TaskChanged)
            if "CannotPull" in e.event.reason and e.event.last_status == "STOPPED"
        }
    )
    gaps = [later - earlier for earlier, later in pairwise(failures)]
    assert gaps == sorted(gaps) and gaps[-1] > 1000
    assert any("unable to consistently start tasks successfully" in said for said in stage.said())


def test_the_circuit_breaker_goes_back_to_the_revision_that_worked(stage):
    service = rolled_out(stage, "missing", breaker=True, breaker_rolls_back=True)
    stage.wait(600)
    assert [(s.definition.revision, s.rollout_state) for s in service.task_sets] == [(1, "COMPLETED")]
    assert {task.definition.revision for task in stage.running()} == {1}


def test_without_the_circuit_breaker_the_deployment_goes_on_failing(stage):
    service = rolled_out(stage, "missing")
    stage.wait(600)
    assert service.primary.rollout_state == "IN_PROGRESS" and service.primary.definition.revision == 2


def test_a_task_that_fails_its_health_checks_is_replaced_before_it_is_stopped(stage):
    stage.hosts("i-a", "i-b")
    stage.service(2)
    stage.wait(60)
    first = stage.running()[0]
    ((arn, target_id, port),) = first.targets
    event = TargetHealthChanged(target_group_arn=arn, target_id=target_id, port=port, state="unhealthy")
    stage.world.hear(event)
    stage.wait(60)
    assert first.stopped_reason == f"Task failed ELB health checks in (target-group {arn})"
    assert len(stage.running()) == 2 and first not in stage.running()
    healthy_again = [e.at for e in stage.happened(TargetHealthChanged) if e.event.state == "healthy"][-1]
    stopped_at = next(
        e.at
        for e in stage.happened(TaskChanged)
        if e.event.task_id == first.task_id and e.event.last_status == "DEACTIVATING"
    )
    assert stopped_at > healthy_again


def test_the_grace_period_holds_back_judgement(stage):
    stage.hosts("i-a")
    stage.service(1, "sick", grace_s=120.0)
    stage.wait(100)
    (task,) = stage.running()
    assert not task.unhealthy and not task.healthy
    stage.wait(30)
    assert task.unhealthy


def test_without_a_grace_period_it_is_judged_at_once(stage):
    stage.hosts("i-a")
    stage.service(1, "sick")
    stage.wait(30)
    first = next(iter(stage.cluster.tasks.values()))
    assert first.unhealthy


def test_scaling_in_takes_from_the_fullest_zone(stage):
    stage.hosts("i-a", "i-b")
    stage.service(4)
    stage.wait(60)
    stage.update(desired_count=2)
    stage.wait(60)
    assert len(stage.running("i-a")) == len(stage.running("i-b")) == 1


def test_a_deleted_service_drains_before_it_is_inactive(stage):
    stage.hosts("i-a")
    service = stage.service(1)
    stage.wait(60)
    stage.do(service_commands.delete, "web")
    stage.wait(15)
    assert service.status == "DRAINING"
    with pytest.raises(IllegalCommand):
        stage.service(1)
    stage.wait(30)
    assert service.status == "INACTIVE" and not stage.running()
    stage.service(1)
    stage.wait(60)
    assert len(stage.running()) == 1


def test_task_sets_are_scheduled_side_by_side(stage):
    stage.hosts("i-a", "i-b", vcpus=4)
    service = stage.service(2, controller="CODE_DEPLOY")
    stage.wait(60)
    green = stage.task_set(stage.definition(revision=2))
    stage.do(service_commands.create_task_set, "web", green, external_id="d-1", scale_percent=50.0)
    stage.wait(60)
    assert (service.primary.definition.revision, green.computed_desired_count(2)) == (1, 1)
    stage.do(service_commands.scale_task_set, "web", green.task_set_id, 100.0)
    stage.wait(60)
    assert green.stability_status == "STEADY_STATE" and len(stage.running()) == 4
    blue = service.primary
    stage.do(service_commands.make_primary, "web", green.task_set_id)
    stage.do(service_commands.drain_task_set, "web", blue.task_set_id)
    assert (blue.status, service.primary) == ("DRAINING", green)
    stage.wait(60)
    assert service.task_sets == [green] and {task.definition.revision for task in stage.running()} == {2}


def test_a_primary_task_set_cannot_be_drained(stage):
    service = stage.service(2, controller="CODE_DEPLOY")
    with pytest.raises(IllegalCommand):
        stage.do(service_commands.drain_task_set, "web", service.primary.task_set_id)
    assert service.primary.scale_percent == 100.0


def test_a_task_set_with_a_task_on_a_draining_host_is_not_steady(stage):
    stage.hosts("i-a", "i-b")
    service = stage.service(2, controller="CODE_DEPLOY")
    stage.wait(60)
    assert service.primary.stability_status == "STEADY_STATE"
    stage.provide()
    stage.terminate("i-a")
    assert stage.cluster.hosts["i-a"].status is InstanceStatus.DRAINING
    assert service.primary.stability_status == "STABILIZING"
    stage.wait(90)
    assert service.primary.stability_status == "STEADY_STATE"


def test_usage_counts_what_tasks_reserve(stage):
    stage.hosts("i-a", "i-b")
    service = stage.service(2)
    stage.wait(60)
    assert service_usage(service).cpu_units_reserved == 512
    assert cluster_usage(stage.cluster).cpu_reservation_percent == 12.5
    assert cluster_usage(stage.cluster).memory_reservation_percent == 12.5
