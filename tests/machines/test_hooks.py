"""Lifecycle hooks of a group: who waits, how long, and what an answer means (AWS: PutLifecycleHook)."""

import pytest

from awslab.machines.hooks import LAUNCHING, TERMINATING, Hook

HOUR = 3600


def waiting(f, state):
    return [one for one in f.group.instances.values() if one.lifecycle_state == state]


def leaving(f, *hooks):
    """One instance that waits for these hooks before it goes; it is let go without a replacement."""
    for hook in hooks:
        f.group.put_hook(hook)
    first = next(iter(f.group.instances))
    f.tell(f.group.terminate(first, True, f.world.now))
    return f.group.instances[first]


def test_a_launch_nobody_completes_is_abandoned_and_tried_again(fleet):
    f = fleet(1)
    f.group.put_hook(Hook("agent", LAUNCHING))
    f.tell(f.group.resize(f.world.now, desired=2))
    f.sleep(60)
    stuck = waiting(f, "Pending:Wait")[0]
    f.sleep(HOUR - 60)
    assert stuck.lifecycle_state == "Pending:Wait"  # the default heartbeat is an hour
    f.sleep(120)
    assert stuck.leaving
    assert [one.instance_id != stuck.instance_id for one in waiting(f, "Pending:Wait")] == [True]


@pytest.mark.parametrize(("result", "state"), [("CONTINUE", "InService"), ("ABANDON", "Terminating")])
def test_a_launch_goes_on_or_is_given_up(fleet, result, state):
    f = fleet(1)
    f.group.put_hook(Hook("agent", LAUNCHING, default_result=result))
    f.tell(f.group.resize(f.world.now, desired=2))
    f.sleep(60)
    one = waiting(f, "Pending:Wait")[0]
    f.tell(f.group.complete_hook(one.instance_id, "agent", result, f.world.now))
    assert one.lifecycle_state == state


def test_every_termination_hook_must_end(fleet):
    f = fleet(2)
    one = leaving(f, Hook("a", TERMINATING), Hook("b", TERMINATING))
    f.tell(f.group.complete_hook(one.instance_id, "a", "CONTINUE", f.world.now))
    assert one.lifecycle_state == "Terminating:Wait"
    f.tell(f.group.complete_hook(one.instance_id, "b", "CONTINUE", f.world.now))
    assert one.lifecycle_state == "Terminating:Proceed"


def test_one_abandoned_termination_skips_the_others(fleet):
    f = fleet(2)
    one = leaving(f, Hook("a", TERMINATING), Hook("b", TERMINATING))
    f.tell(f.group.complete_hook(one.instance_id, "a", "ABANDON", f.world.now))
    assert one.lifecycle_state == "Terminating:Proceed"


@pytest.mark.parametrize(("heartbeat_s", "ceiling_s"), [(60, 6000), (7200, 48 * HOUR)])
def test_heartbeats_extend_the_wait_up_to_the_ceiling(fleet, heartbeat_s, ceiling_s):
    f = fleet(2)
    one = leaving(f, Hook("drain", TERMINATING, heartbeat_s, "CONTINUE"))
    began = f.world.now
    while "drain" in one.hooks:
        f.group.heartbeat(one.instance_id, "drain", f.world.now)
        f.sleep(heartbeat_s / 2)
    assert ceiling_s <= f.world.now - began <= ceiling_s + heartbeat_s / 2
