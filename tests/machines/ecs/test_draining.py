"""Hosts are emptied before they go, and only as far as the service allows."""

import pytest

from awslab.machines import task_commands
from awslab.machines.container_instances import InstanceStatus
from awslab.machines.draining import SPOT_DRAINING
from awslab.machines.events import (
    InstanceDied,
    InstanceTerminated,
    LifecycleActionRequested,
    LifecycleHeartbeatRequested,
    ScaleInProtectionRequested,
    SpotInterruptionNotified,
    TargetHealthChanged,
    TaskChanged,
    TaskKilled,
)
from awslab.machines.placement import Rules
from awslab.machines.service_commands import IllegalCommand
from awslab.machines.tasks import TaskStatus


def let_go(stage):
    return [entry.at for entry in stage.happened(LifecycleActionRequested)]


def drained(stage, *, count=2, hosts=("i-a", "i-b"), managed=True, **service):
    """A steady service whose first host Auto Scaling wants to terminate."""
    stage.hosts(*hosts)
    stage.provide(managed_draining=managed)
    made = stage.service(count, **service)
    stage.wait(120)
    stage.terminate("i-a")
    return made


def healthy_at_least(stage, count=2):
    """The fewest healthy targets there were once `count` had been healthy."""
    health, seen = {}, []
    for entry in stage.happened(TargetHealthChanged):
        health[entry.event.target_id, entry.event.port] = entry.event.state
        seen.append(sum(state == "healthy" for state in health.values()))
    return min(seen[seen.index(count) :])


def test_managed_draining_starts_elsewhere_stops_here_then_lets_the_host_go(stage):
    drained(stage)
    start = stage.world.now
    assert stage.cluster.hosts["i-a"].status is InstanceStatus.DRAINING and not let_go(stage)
    stage.wait(300)
    assert len(stage.running("i-b")) == 2 and not stage.running("i-a")
    (gone,) = let_go(stage)
    assert 40 < gone - start < 60  # start, health check, deregistration delay
    assert healthy_at_least(stage) == 2 and not stage.happened(TaskKilled)


def test_without_managed_draining_tasks_die_with_the_host(stage):
    drained(stage, managed=False)
    assert let_go(stage) == [stage.world.now]  # nothing to wait for: the host goes at once
    stage.world.hear(InstanceTerminated(instance_id="i-a", group_name="asg"))
    assert stage.happened(TaskKilled)
    stage.wait(20)
    assert healthy_at_least(stage) == 1


def test_a_drain_at_100_100_never_ends(stage):
    drained(stage, min_healthy_percent=100, max_percent=100)
    stage.wait(47 * 3600)
    assert len(stage.running("i-a")) == 1 and not let_go(stage)


def test_managed_draining_gives_up_after_48_hours(stage):
    drained(stage, min_healthy_percent=100, max_percent=100)
    start = stage.world.now
    stage.wait(49 * 3600)
    assert let_go(stage) == [start + 48 * 3600]


def test_a_long_drain_keeps_the_hook_alive(stage):
    drained(stage, max_percent=100)
    stage.wait(2 * 3600)
    assert len(stage.happened(LifecycleHeartbeatRequested)) == 4


def test_a_minimum_below_100_lets_tasks_stop_first(stage):
    drained(stage, min_healthy_percent=50, max_percent=100)
    stage.wait(300)
    assert len(stage.running("i-b")) == 2 and let_go(stage) and healthy_at_least(stage) == 1


def test_a_drain_without_room_elsewhere_waits(stage):
    service = drained(stage, count=12)
    stage.wait(3600)
    assert stage.running("i-a") and not let_go(stage) and "unable to place a task" in service.unable
    stage.hosts("i-c")
    stage.wait(300)
    assert len(let_go(stage)) == 1 and len(stage.running()) == 12


def test_pending_service_tasks_of_a_draining_host_stop_at_once(stage):
    stage.hosts("i-a")
    stage.service(1)
    stage.wait(1.2)
    (task,) = stage.cluster.tasks.values()
    stage.do(task_commands.set_status, stage.cluster.hosts["i-a"], "DRAINING")
    assert (task.desired_status, task.last_status) == ("STOPPED", TaskStatus.DEPROVISIONING)


def test_standalone_tasks_are_left_alone_and_hold_the_host(stage):
    stage.hosts("i-a")
    stage.provide()
    stage.do(task_commands.run, stage.order(), Rules(), (), 1)
    stage.wait(60)
    stage.terminate("i-a")
    stage.wait(3600)
    (task,) = stage.running("i-a")
    assert not let_go(stage)
    stage.do(task_commands.stop, task.task_id, "done")
    stage.wait(60)
    assert len(let_go(stage)) == 1


def test_a_host_that_dies_while_it_drains_leaves_its_hook_waiting(stage):
    drained(stage)
    stage.world.hear(InstanceDied(instance_id="i-a"))
    stage.wait(2 * 3600)
    assert not let_go(stage) and not stage.happened(LifecycleHeartbeatRequested)
    assert len(stage.running("i-b")) == 2


def test_an_empty_host_is_let_go_at_once(stage):
    stage.hosts("i-a")
    stage.provide()
    stage.terminate("i-a")
    assert let_go(stage) == [stage.world.now]


def test_a_host_drained_by_hand_is_let_go_when_its_hook_comes(stage):
    stage.hosts("i-a")
    stage.provide()
    stage.do(task_commands.set_status, stage.cluster.hosts["i-a"], "DRAINING")
    stage.terminate("i-a")
    assert len(let_go(stage)) == 1


def test_another_hook_is_none_of_ecs_business(stage):
    stage.hosts("i-a")
    stage.provide()
    stage.terminate("i-a", hook="mine")
    assert stage.cluster.hosts["i-a"].status is InstanceStatus.ACTIVE and not let_go(stage)


def test_nothing_is_placed_on_a_draining_host_until_it_is_active_again(stage):
    stage.hosts("i-a")
    host = stage.cluster.hosts["i-a"]
    stage.do(task_commands.set_status, host, "DRAINING")
    stage.service(1)
    stage.wait(60)
    assert not stage.cluster.tasks
    stage.do(task_commands.set_status, host, "ACTIVE")
    stage.wait(60)
    assert len(stage.running("i-a")) == 1


def test_a_terminated_host_is_deregistered_and_cannot_drain(stage):
    stage.hosts("i-a")
    stage.terminate("i-a", hook=None)
    stage.wait(10)
    host = stage.cluster.hosts["i-a"]
    assert host.status is InstanceStatus.INACTIVE
    with pytest.raises(IllegalCommand):
        stage.do(task_commands.set_status, host, "DRAINING")


def test_termination_protection_follows_the_tasks(stage):
    stage.hosts("i-a")
    stage.provide(managed_termination_protection=True)
    stage.service(1)
    stage.wait(60)
    stage.update(desired_count=0)
    stage.wait(60)
    assert [e.event.protected for e in stage.happened(ScaleInProtectionRequested)] == [False, True, False]


def test_two_refreshed_hosts_never_cost_capacity(stage):
    """Start-then-stop through a whole refresh: every old host drains in turn onto new ones."""
    stage.hosts("i-1a", "i-2b")
    stage.provide()
    stage.service(4)
    stage.wait(120)
    for old, new in (("i-1a", "i-3a"), ("i-2b", "i-4b")):
        stage.hosts(new)
        stage.terminate(old)
        stage.wait(300)
        stage.world.hear(InstanceTerminated(instance_id=old, group_name="asg"))
        stage.wait(10)
    statuses = [e.event for e in stage.happened(TaskChanged) if e.event.last_status == "RUNNING"]
    assert len(stage.running()) == 4 and len(statuses) >= 8
    assert {task.instance_id for task in stage.running()} == {"i-3a", "i-4b"}
    assert not stage.happened(TaskKilled)


@pytest.mark.parametrize(("user_data", "status"), [(f"echo {SPOT_DRAINING} >> x", "DRAINING"), ("", "ACTIVE")])
def test_a_spot_notice_drains_a_host_whose_agent_was_told_to(stage, user_data, status):
    stage.hosts("i-a", "i-b", user_data=user_data)
    stage.service(2)
    stage.wait(60)
    stage.world.hear(SpotInterruptionNotified(instance_id="i-a"))
    stage.wait(110)
    assert str(stage.cluster.hosts["i-a"].status) == status
    assert len(stage.running("i-a")) == (0 if status == "DRAINING" else 1) and len(stage.running()) == 2
