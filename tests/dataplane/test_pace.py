from awslab.dataplane.pace import Pace


class Loop:
    """Real time as the test likes it."""

    def __init__(self):
        self.now, self.due = 100.0, []

    def time(self):
        return self.now

    def call_at(self, when, callback):
        self.due.append((when, callback))

    def reach(self, when):
        self.now = when
        due = [entry for entry in self.due if entry[0] <= when]
        self.due = [entry for entry in self.due if entry[0] > when]
        for _, callback in sorted(due, key=lambda entry: entry[0]):
            callback()


def story(loop, pace, chain="task"):
    """A world that was away too long says all of it in one moment."""
    done = []
    for lab_now, what in ((0.0, "removed"), (30.0, "cut"), (30.0, "signalled"), (60.0, "killed")):
        pace.do(chain, lab_now, lambda what=what: done.append((what, loop.now)))
    return done


def test_what_the_world_settles_at_once_still_happens_as_far_apart_as_it_says():
    loop = Loop()
    done = story(loop, Pace(loop, rate=60.0))
    assert done == [("removed", 100.0)]
    loop.reach(100.5)
    assert done[1:] == [("cut", 100.5), ("signalled", 100.5)]
    loop.reach(101.0)
    assert done[3:] == [("killed", 101.0)]


def test_what_comes_in_time_is_not_held_up():
    loop = Loop()
    pace, done = Pace(loop, rate=60.0), []
    pace.do("task", 0.0, lambda: done.append("signalled"))
    loop.now = 102.0
    pace.do("task", 60.0, lambda: done.append("killed"))
    assert done == ["signalled", "killed"]


def test_one_chain_does_not_hold_up_another():
    loop = Loop()
    pace = Pace(loop, rate=60.0)
    story(loop, pace)
    assert story(loop, pace, "other") == [("removed", 100.0)]
