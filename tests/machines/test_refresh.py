"""How a refresh starts, waits, turns round and ends (AWS user guide: instance refresh, rollback, checkpoints)."""

import pytest

from awslab.machines.events import AlarmStateChanged, CapacityChanged, CheckpointReached, InstanceDied, RefreshChanged
from awslab.machines.group_commands import NoActiveRefresh, RefreshInProgress
from awslab.machines.hooks import LAUNCHING, TERMINATING, Hook
from awslab.machines.launching import LaunchRef
from awslab.machines.preferences import Invalid
from awslab.machines.refresh import Irreversible
from awslab.machines.refresh_status import TRANSITIONS, RefreshStatus

HOUR = 3600


def events(f, kind):
    return [e for e in f.world.journal if isinstance(e.event, kind)]


def statuses(f):
    told = [e.event.status for e in events(f, RefreshChanged)]
    return [s for i, s in enumerate(told) if i == 0 or told[i - 1] != s]


def stalled(f, **preferences):
    """A refresh whose new instances never come up: their launch hook is always abandoned."""
    f.group.put_hook(Hook("agent", LAUNCHING, 600.0))
    return f.start(min_healthy_percent=100, max_healthy_percent=110, **preferences)


def test_one_refresh_at_a_time_and_a_refused_one_changes_nothing(fleet):
    f = fleet(2)
    f.start(warmup_s=60)
    before = len(f.world.journal)
    with pytest.raises(RefreshInProgress):
        f.start(warmup_s=60)
    assert (len(f.group.refreshes), len(f.world.journal)) == (1, before)


def test_without_a_desired_configuration_it_launches_what_the_group_has_and_cannot_go_back(fleet):
    f = fleet(2)
    f.group.launch = LaunchRef("lt-1", "3")
    f.start(version=None, warmup_s=60)
    with pytest.raises(Irreversible):
        f.group.roll_back_refresh(f.world.now)
    assert f.run() == "Successful"
    assert f.versions() == ["3", "3"]


def test_the_group_keeps_its_template_until_success(fleet):
    f = fleet(4)
    f.start(warmup_s=60)
    f.sleep(60)
    assert f.group.launch.version == "1"
    assert f.run() == "Successful"
    assert f.group.launch.version == "2"


@pytest.mark.parametrize("limits", [(90, None), (90, 110), (50, 150), (0, None)])
def test_hosts_end_as_spread_as_they_began(fleet, limits):
    f = fleet(6)
    f.start(min_healthy_percent=limits[0], max_healthy_percent=limits[1], warmup_s=30)
    assert f.run() == "Successful"
    zones = [i.availability_zone for i in f.group.instances.values()]
    assert sorted(zones) == ["us-east-1a"] * 3 + ["us-east-1b"] * 3


def test_a_scale_out_during_a_refresh_launches_the_new_version(fleet):
    f = fleet(4)
    f.start(warmup_s=600)
    f.sleep(5)
    f.tell(f.group.resize(f.world.now, desired=5))
    f.sleep(60)
    assert f.versions().count("2") == 2


def test_skip_matching_replaces_only_what_differs_and_nothing_to_do_is_success_at_once(fleet):
    f = fleet(3)
    f.start(version="1", skip_matching=True)
    f.sleep(1)
    assert statuses(f)[-1] == "Successful"
    assert f.versions() == ["1"] * 3
    old = set(f.group.instances)
    f.start(version="1", warmup_s=60)  # without it the same version is replaced all the same
    assert f.run() == "Successful"
    assert not old & set(f.group.instances)


def test_an_instance_counts_only_after_its_warm_up(fleet):
    f = fleet(1)
    f.start(min_healthy_percent=100, max_healthy_percent=200, warmup_s=300)
    f.sleep(120)
    assert (f.group.refresh.percentage_complete, len(f.group.instances)) == (0, 2)
    assert "is warming up" in f.group.refresh.reason
    assert f.run() == "Successful"


def test_only_the_highest_checkpoint_passed_in_one_step_is_told(fleet):
    f = fleet(2)
    f.start(warmup_s=30, checkpoint_percents=(10, 40, 100), checkpoint_delay_s=HOUR)
    assert f.run() == "Successful"
    told = events(f, CheckpointReached)
    assert [e.event.checkpoint_percent for e in told] == [40, 100]
    assert told[1].at - told[0].at > HOUR


def test_a_last_checkpoint_below_100_is_where_it_ends(fleet):
    f = fleet(4)
    f.start(warmup_s=30, checkpoint_percents=(50,), checkpoint_delay_s=60)
    assert f.run() == "Successful"
    assert f.versions() == ["1", "1", "2", "2"]
    assert f.group.refreshes[0].percentage_complete == 50


def test_it_bakes_before_it_succeeds(fleet):
    f = fleet(1)
    f.start(min_healthy_percent=100, max_healthy_percent=200, warmup_s=30, bake_s=1800)
    assert f.run() == "Successful"
    baking, done = events(f, RefreshChanged)[-2:]
    assert (baking.event.status, done.at - baking.at) == ("Baking", 1800)


@pytest.mark.parametrize("state", ["ALARM", "INSUFFICIENT_DATA"])
def test_an_alarm_must_be_ok_at_the_start(fleet, state):
    f = fleet(2)
    with pytest.raises(Invalid, match="OK state"):
        f.start(alarms=("errors",), alarm_state=lambda _name: state)
    assert f.group.refresh is None


@pytest.mark.parametrize(("auto_rollback", "ends"), [(False, "Failed"), (True, "RollbackSuccessful")])
def test_an_alarm_during_it_ends_it_or_turns_it_round(fleet, auto_rollback, ends):
    f = fleet(4)
    f.start(warmup_s=60, alarms=("errors",), auto_rollback=auto_rollback)
    f.sleep(200)
    f.tell([AlarmStateChanged(alarm_name="errors", old_state="OK", new_state="ALARM", reason="")])
    assert f.run() == ends
    f.sleep(300)
    assert f.versions() == (["1"] * 4 if auto_rollback else f.versions())
    assert auto_rollback or "2" in f.versions()  # without a rollback what was replaced stays


def test_an_alarm_without_data_makes_it_wait_and_go_on(fleet):
    f = fleet(3)
    f.start(warmup_s=30, alarms=("errors",))
    f.tell([AlarmStateChanged(alarm_name="errors", old_state="OK", new_state="INSUFFICIENT_DATA", reason="")])
    f.sleep(HOUR / 2)
    assert f.versions().count("2") <= 1
    f.tell([AlarmStateChanged(alarm_name="errors", old_state="INSUFFICIENT_DATA", new_state="OK", reason="")])
    f.sleep(1)
    assert f.run() == "Successful"


def test_an_hour_without_progress_fails_it_and_the_old_hosts_serve(fleet):
    f = fleet(4)
    stalled(f, warmup_s=60)
    assert f.run() == "Failed"
    assert 3600 <= events(f, RefreshChanged)[-1].at - f.group.refreshes[0].started_at < 3700
    f.sleep(300)
    assert f.versions() == ["1"] * 4


def test_an_hour_without_progress_rolls_back_when_asked_to(fleet):
    f = fleet(4)
    stalled(f, warmup_s=60, auto_rollback=True)
    assert f.run() == "RollbackSuccessful"
    assert f.extremes()[0] == 4
    assert f.group.refreshes[0].rollback.reason.startswith("No progress for 60 minutes")


def test_a_warm_up_is_no_lack_of_progress(fleet):
    f = fleet(1)
    f.start(min_healthy_percent=100, max_healthy_percent=200, warmup_s=2 * HOUR)
    assert f.run() == "Successful"


@pytest.mark.parametrize(
    ("choice", "ends", "left"), [("Wait", "Failed", 1), ("Ignore", "Successful", 1), ("Refresh", "Successful", 0)]
)
def test_protected_instances(fleet, choice, ends, left):
    f = fleet(2)
    kept = next(iter(f.group.instances))
    f.tell(f.group.set_protection([kept], True, f.world.now))
    f.start(warmup_s=30, scale_in_protected_instances=choice)
    assert f.run() == ends
    assert (kept in f.group.instances) == bool(left)


@pytest.mark.parametrize(
    ("choice", "ends", "left"), [("Wait", "Failed", 1), ("Ignore", "Successful", 1), ("Terminate", "Successful", 0)]
)
def test_instances_in_standby(fleet, choice, ends, left):
    f = fleet(3)
    kept = next(iter(f.group.instances))
    f.tell(f.group.stand_by([kept], True, f.world.now))
    f.start(warmup_s=30, standby_instances=choice)
    assert f.run() == ends
    assert (kept in f.group.instances) == bool(left)


def test_cancel_reverts_nothing_and_waits_for_what_is_in_flight(fleet):
    f = fleet(4)
    refresh_id = f.start(warmup_s=60)
    f.sleep(150)
    same_id, followed = f.group.cancel_refresh(True, f.world.now)
    f.tell(followed)
    assert same_id == refresh_id
    assert statuses(f)[-1] == "Cancelling"
    assert f.run() == "Cancelled"
    f.sleep(300)
    assert 0 < f.versions().count("2") < 4
    with pytest.raises(NoActiveRefresh):
        f.group.cancel_refresh(True, f.world.now)
    with pytest.raises(NoActiveRefresh):
        f.group.roll_back_refresh(f.world.now)


def test_a_cancelled_bake_does_not_end_in_success(fleet):
    f = fleet(2)
    f.start(min_healthy_percent=100, max_healthy_percent=200, warmup_s=30, bake_s=600)
    while f.group.refresh.status != "Baking":
        f.sleep(10)
    f.tell(f.group.cancel_refresh(True, f.world.now)[1])
    f.sleep(HOUR)
    assert statuses(f)[-1] == "Cancelled"
    assert f.group.launch.version == "1"


def test_what_is_launched_after_a_cancel_is_the_groups_own(fleet):
    f = fleet(3)
    f.start(warmup_s=60)
    f.sleep(5)
    f.tell(f.group.cancel_refresh(True, f.world.now)[1])
    f.tell(f.group.resize(f.world.now, desired=5))
    f.sleep(120)
    assert f.versions() == ["1", "1", "1", "1", "2"]
    assert statuses(f)[-1] == "Cancelled"


def test_cancel_without_waiting_ends_at_once(fleet):
    f = fleet(4)
    f.start(warmup_s=60)
    f.sleep(5)
    f.tell(f.group.cancel_refresh(False, f.world.now)[1])
    assert str(f.group.refreshes[0].status) == "Cancelled"


def test_a_rollback_replaces_only_what_was_replaced_and_counts_backwards(fleet):
    f = fleet(4)
    f.start(warmup_s=60)
    untouched = list(f.group.instances)[2:]
    while f.group.refresh.percentage_complete < 50:
        f.sleep(10)
    at_turn = f.group.refresh.percentage_complete
    f.tell(f.group.roll_back_refresh(f.world.now)[1])
    assert f.run() == "RollbackSuccessful"
    assert f.versions() == ["1"] * 4
    assert set(untouched) & set(f.group.instances)
    percents = [
        e.event.percentage_complete for e in events(f, RefreshChanged) if e.event.status == "RollbackInProgress"
    ]
    assert (percents[0], percents) == (at_turn, sorted(percents, reverse=True))


def test_a_rollback_can_be_cancelled(fleet):
    f = fleet(4)
    f.start(warmup_s=60)
    f.sleep(200)
    f.tell(f.group.roll_back_refresh(f.world.now)[1])
    f.tell(f.group.cancel_refresh(True, f.world.now)[1])
    assert f.run() == "Cancelled"


def test_a_group_that_tracks_latest_cannot_go_back(fleet):
    f = fleet(2)
    f.start(warmup_s=60)
    f.group.launch = LaunchRef("lt-1", "$Latest")
    with pytest.raises(Irreversible):
        f.group.roll_back_refresh(f.world.now)


@pytest.mark.parametrize("process", ["InstanceRefresh", "Launch", "Terminate"])
def test_suspending_pauses_and_resuming_goes_on(fleet, process):
    f = fleet(3)
    f.tell(f.group.suspend([process], f.world.now))
    f.start(warmup_s=30)
    f.sleep(HOUR / 2)
    assert f.versions() == ["1"] * 3
    f.tell(f.group.resume([process], f.world.now))
    assert f.run() == "Successful"


def test_no_capacity_stalls_it_and_the_floor_of_the_old_holds(fleet):
    f = fleet(4)
    f.start(min_healthy_percent=100, max_healthy_percent=110, warmup_s=60)
    f.sleep(100)
    f.tell([CapacityChanged(availability_zone="", available=False)])
    assert f.run() == "Failed"
    assert f.extremes()[0] == 4
    assert f.group.activities.newest_first[0].status_code == "Failed"


def test_an_instance_that_dies_is_replaced_during_a_refresh(fleet):
    f = fleet(4)
    f.start(warmup_s=60)
    f.tell([InstanceDied(instance_id=list(f.group.instances)[-1])])
    assert f.run() == "Successful"
    assert f.versions() == ["2"] * 4


def test_termination_hooks_hold_an_instance_until_their_heartbeat(fleet):
    f = fleet(2)
    f.group.put_hook(Hook("drain", TERMINATING, 900.0, "CONTINUE"))
    f.start(warmup_s=30)
    f.sleep(10)
    waiting = [i for i in f.group.instances.values() if i.lifecycle_state == "Terminating:Wait"]
    assert len(waiting) == 1
    f.tell(f.group.complete_hook(waiting[0].instance_id, "drain", "CONTINUE", f.world.now))
    assert waiting[0].lifecycle_state == "Terminating:Proceed"
    began = f.group.refreshes[0].started_at
    assert f.run() == "Successful"
    assert f.world.now - began > 900


def test_the_table_has_one_start_and_every_state_reaches_an_end():
    ends = {s for s, after in TRANSITIONS.items() if not after}
    reached = {s for after in TRANSITIONS.values() for s in after}
    assert set(TRANSITIONS) == set(RefreshStatus)
    assert set(TRANSITIONS) - reached == {RefreshStatus.PENDING}
    for status in TRANSITIONS:
        seen, frontier = set(), {status}
        while frontier:
            seen |= frontier
            frontier = {s for f in frontier for s in TRANSITIONS[f]} - seen
        assert seen & ends
