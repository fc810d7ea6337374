"""Time is an argument: the same scenario tells the same story on every clock, looked at or not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from awslab.clock import ScaledClock, VirtualClock
from awslab.machines.events import InstanceDied
from awslab.machines.group import Group
from awslab.machines.launching import LaunchRef
from awslab.machines.machine import Machine
from awslab.machines.preferences import Preferences
from awslab.world import World
from tests.machines.conftest import spec

START = 1_800_000_000.0
END_S = 900.0


class Operator(Machine):
    """Acts at exact lab times, whatever the clock."""

    def __init__(self, group: Group, start: float) -> None:
        self._acts = [(start + 60, self._refresh), (start + 100, self._kill), (start + 180, self._turn)]
        self._group = group

    def wake_at(self):
        return self._acts[0][0] if self._acts else None

    def on_time(self, now):
        return self._acts.pop(0)[1](now)

    def _refresh(self, now):
        wanted = Preferences(warmup_s=30.0, auto_rollback=True)
        return self._group.start_refresh(wanted, LaunchRef("lt-1", "2"), lambda _name: "OK", now)[1]

    def _kill(self, _now):
        return [InstanceDied(instance_id=next(iter(self._group.instances)))]

    def _turn(self, now):
        return self._group.roll_back_refresh(now)[1]


def scenario(clock, seed=7) -> World:
    world = World(clock, seed)
    world.now = START  # a scaled clock has moved on by the time it is first read
    group = Group(
        "web",
        rng=world.random("group:web"),
        resolve=spec,
        subnets={"a": "us-east-1a", "b": "us-east-1b"},
        launch=LaunchRef("lt-1", "1"),
        desired_capacity=4,
        min_size=0,
        max_size=8,
        now=START,
    )
    world.add(group)
    world.add(Operator(group, START))
    return world


def told_by(looks) -> list:
    clock = VirtualClock(START)
    world = scenario(clock)
    for at in sorted({*looks, END_S}):
        clock.sleep(START + at - clock.now())
        world.settle()
    return world.journal


UNSEEN = told_by([])


@settings(max_examples=30, derandomize=True, deadline=None)
@given(st.lists(st.floats(0, END_S), max_size=60))
def test_looking_never_changes_what_happened(looks):
    assert told_by(looks) == UNSEEN


def test_the_same_story_on_a_scaled_clock():
    clock = ScaledClock(rate=2000.0, start=START)
    world = scenario(clock)
    while clock.now() < START + END_S:
        clock.sleep(50)
        world.settle()
    assert [e for e in world.journal if e.at <= START + END_S] == UNSEEN


def test_the_story_is_worth_comparing_and_the_seed_matters():
    kinds = {type(e.event).__name__ for e in UNSEEN}
    assert {"InstanceDied", "RefreshChanged", "InstanceTerminated"} <= kinds
    other = scenario(clock := VirtualClock(START), seed=8)
    clock.sleep(END_S)
    other.settle()
    assert other.journal != UNSEEN


def test_a_machine_is_told_the_time_it_asked_for_not_the_time_we_got_round_to_it():
    assert all(e.at not in (START + END_S,) for e in UNSEEN)
    assert sorted(e.at for e in UNSEEN) == [e.at for e in UNSEEN]
