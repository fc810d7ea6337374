"""A task's life keeps AWS's order."""

import pytest

from awslab.machines import task_commands
from awslab.machines.container_instances import TRANSITIONS as INSTANCE_TRANSITIONS
from awslab.machines.events import (
    InstanceDied,
    TargetDeregisterRequested,
    TargetHealthChanged,
    TargetRegisterRequested,
    TaskChanged,
    TaskKilled,
    TaskSignalled,
    TaskStartRequested,
)
from awslab.machines.placement import Rules
from awslab.machines.tasks import TRANSITIONS, TaskStatus


def statuses(stage, task_id):
    return [e.event.last_status for e in stage.happened(TaskChanged) if e.event.task_id == task_id]


def at(stage, kind):
    return [entry.at for entry in stage.happened(kind)]


def only_task(stage, **service):
    stage.hosts("i-a")
    stage.service(1, **service)
    stage.wait(60)
    (task,) = stage.running()
    return task


@pytest.mark.parametrize("table", [TRANSITIONS, INSTANCE_TRANSITIONS])
def test_every_status_can_be_reached_and_reaches_the_end(table):
    start, end = next(iter(table)), list(table)[-1]
    seen, todo = {start}, [start]
    while todo:
        for status in table[todo.pop()]:
            if status not in seen:
                seen.add(status)
                todo.append(status)
    assert seen == set(table) and table[end] == ()
    assert all(table[status] for status in table if status is not end)


def test_an_illegal_change_of_status_changes_nothing(stage):
    task = only_task(stage)
    for status in TaskStatus:
        if status not in TRANSITIONS[task.last_status]:
            with pytest.raises(AssertionError):
                task.move(status)
            assert task.last_status is TaskStatus.RUNNING


def test_a_task_registers_its_target_before_it_is_running(stage):
    task = only_task(stage)
    assert statuses(stage, task.task_id) == ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"]
    kinds = [type(entry.event) for entry in stage.world.journal]
    running = next(i for i, e in enumerate(stage.world.journal) if getattr(e.event, "last_status", "") == "RUNNING")
    assert kinds.index(TaskStartRequested) < kinds.index(TargetRegisterRequested) < running
    assert list(task.targets.values()) == ["healthy"]


def test_the_scheduler_deregisters_then_waits_until_unused_then_signals(stage):
    task = only_task(stage)
    stage.update(desired_count=0)
    stage.wait(60)
    (asked,), (signalled,) = at(stage, TargetDeregisterRequested), at(stage, TaskSignalled)
    unused = [e.at for e in stage.happened(TargetHealthChanged) if e.event.state == "unused"]
    assert signalled == unused[0] == asked + 30
    assert statuses(stage, task.task_id)[-4:] == ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]
    assert (task.stop_code, task.exit_code) == ("ServiceSchedulerInitiated", 0)


def test_stop_task_signals_first_and_deregisters_after(stage):
    task = only_task(stage)
    stage.do(task_commands.stop, task.task_id, "by hand")
    stage.wait(60)
    (signalled, *_), (deregistered, *_) = at(stage, TaskSignalled), at(stage, TargetDeregisterRequested)
    assert deregistered - signalled == 4
    assert (task.stop_code, task.stopped_reason) == ("UserInitiated", "by hand")


def test_a_task_that_ignores_sigterm_is_killed_after_its_stop_timeout(stage):
    task = only_task(stage, what=stage.definition("stubborn", stop_timeout_s=45.0))
    stage.update(desired_count=0)
    stage.wait(120)
    assert at(stage, TaskKilled)[0] - at(stage, TaskSignalled)[0] == 45
    assert task.exit_code == 137


def test_the_tasks_of_a_dead_host_stop_some_seconds_later_and_have_no_exit_code(stage):
    task = only_task(stage)
    stage.world.hear(InstanceDied(instance_id="i-a"))
    assert task.running and at(stage, TaskKilled)
    stage.wait(10)
    assert (task.last_status, task.exit_code) == (TaskStatus.STOPPED, None)
    assert task.stopped_reason == "Host EC2 (instance i-a) terminated."
    assert at(stage, TargetDeregisterRequested)[0] - at(stage, TaskKilled)[0] == 4


def test_a_task_that_exits_is_replaced(stage):
    task = only_task(stage)
    stage.outside.timers.set(("exit", task.task_id, 3), stage.world.now)
    stage.wait(60)
    assert (task.stop_code, task.exit_code) == ("EssentialContainerExited", 3)
    (other,) = stage.running()
    assert other is not task


def test_a_task_stopped_while_starting_never_becomes_running(stage):
    stage.hosts("i-a")
    _tasks, _misfit, _events = stage.do(task_commands.run, stage.order(), Rules(), (), 1)
    (task,) = stage.cluster.tasks.values()
    stage.wait(1.5)
    assert task.last_status is TaskStatus.ACTIVATING
    stage.do(task_commands.stop, task.task_id, "")
    stage.wait(10)
    assert task.last_status is TaskStatus.STOPPED and "RUNNING" not in statuses(stage, task.task_id)


def test_a_stopped_task_is_remembered_for_an_hour(stage):
    task = only_task(stage)
    stage.update(desired_count=0)
    stage.wait(3600)
    assert task.task_id in stage.cluster.tasks
    stage.wait(100)
    assert not stage.cluster.tasks and stage.cluster.hosts["i-a"].cpu_used == 0
