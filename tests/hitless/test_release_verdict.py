"""A bad release's cost is counted from before its first request to after its last, however late the looks are."""

from hitless.deployment import Deployment
from hitless.release_verdict import Measured, _exposure
from hitless.samples import Sample
from hitless.timeline import Timeline, Weights

ENDED = Deployment("d-1", "Stopped", "user", error_code="ALARM_ACTIVE", rollback_id="d-2")


class Clock:
    @staticmethod
    def from_real(real_s):
        return real_s


def exposure(looks):
    timeline = Timeline(weights=[Weights(at, at, {"blue": 100 - green, "green": green}) for at, green in looks])
    samples = [
        Sample(at / 10, status=500, failure="5xx" if 200 <= at < 300 and at % 10 == 0 else "") for at in range(600)
    ]
    return _exposure(Measured(15.0, ENDED, timeline, None, None, set(), Clock), samples)


def test_all_its_failures_are_inside():
    sent, failed, most = exposure([(0, 0), (10, 0), (20, 10), (30, 0), (40, 0)])
    assert (sent, failed) == (201, 10)
    assert failed <= most


def test_a_look_that_came_after_the_shift_began_hides_none():
    assert exposure([(0, 0), (25, 10), (31, 0), (40, 0)])[1] == 10


def test_without_a_shift_nothing_may_fail():
    assert exposure([(0, 0), (40, 0)]) == (0, 0, 0)
