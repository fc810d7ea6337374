"""What an operator and nature may do in any order, and what must hold after each deed."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.property.estate import ENDED, LIMITS, RELEASES, Estate

PAUSES = st.sampled_from([0, 1, 10, 60, 240, 600])


class Campaign(RuleBasedStateMachine):
    """One estate, looked at after each deed; at its end everything is done again, unseen."""

    def __init__(self):
        super().__init__()
        self.estate = None

    @initialize(seed=st.integers(0, 9999))
    def begin(self, seed):
        self.seed, self.estate = seed, Estate(seed)

    def act(self, pause_s, *deed):
        self.estate.do(*deed)
        if pause_s:
            self.estate.do("sleep", pause_s)

    # ---- the operator's hands

    @rule(version=st.sampled_from("234"), limits=st.sampled_from(LIMITS), auto_rollback=st.booleans(), pause_s=PAUSES)
    def refresh(self, version, limits, auto_rollback, pause_s):
        self.act(pause_s, "refresh", version, limits, auto_rollback)

    @rule(deed=st.sampled_from([("cancel", True), ("cancel", False), ("roll_back",)]), pause_s=PAUSES)
    def turn_the_refresh(self, deed, pause_s):
        self.act(pause_s, *deed)

    @rule(kind=st.sampled_from(sorted(RELEASES)), pause_s=PAUSES)
    def deploy(self, kind, pause_s):
        self.act(pause_s, "deploy", kind)

    @rule(deed=st.sampled_from(["stop", "go_on"]), pause_s=PAUSES)
    def turn_the_deployment(self, deed, pause_s):
        self.act(pause_s, deed)

    @rule(desired=st.integers(2, 5), pause_s=PAUSES)
    def scale_hosts(self, desired, pause_s):
        self.act(pause_s, "scale_hosts", desired)

    @rule(desired=st.integers(1, 5), pause_s=PAUSES)
    def scale_tasks(self, desired, pause_s):
        self.act(pause_s, "scale_tasks", desired)

    # ---- nature's

    @rule(
        deed=st.sampled_from(["kill_host", "kill_task", "sicken_task"]),
        index=st.integers(0, 7),
        pause_s=PAUSES,
    )
    def harm(self, deed, index, pause_s):
        self.act(pause_s, deed, index)

    @rule(deed=st.sampled_from([("throttle",), ("capacity", False), ("capacity", True)]), pause_s=PAUSES)
    def hinder(self, deed, pause_s):
        self.act(pause_s, *deed)

    @rule(seconds=st.sampled_from([300, 900, 1800]))
    def let_time_pass(self, seconds):
        self.act(0, "sleep", seconds)

    # ---- what must hold

    @invariant()
    def nothing_is_wrong(self):
        if self.estate is not None:
            check(self.estate)

    def teardown(self):
        if self.estate is None:
            return
        try:
            finish(self.estate)
        finally:
            self.estate.lab.close()
        replayed = replay(self.seed, self.estate.program)
        assert same(self.estate, replayed), self.estate.program


def check(estate: Estate) -> None:
    """What holds at any time."""
    seen = estate.look()
    assert not estate.witness.wrong, (estate.witness.wrong[:3], estate.program)
    active = [one["Status"] for one in seen["refreshes"] if "EndTime" not in one]
    assert len(active) <= 1, (active, estate.program)
    going = [one["deploymentId"] for one in seen["deployments"] if one["status"] not in ENDED]
    assert len(going) <= 1, (going, estate.program)
    assert sum(seen["weights"].values()) in (1, 100), (seen["weights"], estate.program)
    if not estate.witness.disturbed:
        assert estate.plane.tally(estate.prod).failed == 0, estate.program


def finish(estate: Estate) -> None:
    """Everything ends, and what succeeded last serves, and only that."""
    estate.end()
    check(estate)
    assert estate.serving() == estate.should_serve(), estate.program
    assert len([share for share in estate.weights().values() if share]) == 1, (estate.weights(), estate.program)


def replay(seed: int, program: list) -> Estate:
    """The same deeds in a lab of the same seed, without a look between them; it is closed."""
    estate = Estate(seed)
    try:
        for deed in program:
            estate.do(*deed)
        estate.end()
    finally:
        estate.lab.close()
    return estate


def same(one: Estate, other: Estate) -> bool:
    """Whether both were answered alike and the same things happened at the same times."""
    return one.answers == other.answers and one.lab.world.journal == other.lab.world.journal
