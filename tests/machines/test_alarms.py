"""Alarms: AWS's own tables of missing data, and one alarm on the virtual clock."""

import random

import pytest

from awslab.clock import VirtualClock
from awslab.machines.alarms import Alarm, AlarmSettings
from awslab.machines.evaluation import judge
from awslab.machines.events import AlarmStateChanged
from awslab.machines.metrics import Metrics, metric_key
from awslab.world import World

KEY = metric_key("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", {"LoadBalancer": "app/web/1"})
START = 1_800_000_000.0
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
LETTERS = {"O": "OK", "A": "ALARM", "I": "INSUFFICIENT_DATA", "R": "retained"}
# The user guide's tables for three evaluation periods: data points (oldest first), M, states by treatment.
TABLES = [
    ("0-X-X", 3, "OOOO"),
    ("0----", 3, "OOOO"),
    ("-----", 3, "IRAO"),
    ("0XX-X", 3, "AAAA"),
    ("--X--", 3, "ARAO"),
    ("0-X-X", 2, "AAAA"),
    ("00X0X", 2, "AAAA"),
    ("0-X--", 2, "OOAO"),
    ("----0", 2, "OOAO"),
    ("---X-", 2, "ARAO"),
]


@pytest.mark.parametrize(("points", "to_alarm", "states"), TABLES)
def test_missing_data_is_treated_as_in_the_user_guide(points, to_alarm, states):
    breaches = [{"0": False, "X": True, "-": None}[p] for p in points]
    judged = [judge(breaches, 3, to_alarm, treatment, "retained").state for treatment in TREATMENTS]
    assert judged == [LETTERS[letter] for letter in states]


@pytest.mark.parametrize("points", ["----X", "---X-"])
def test_a_single_young_breach_does_not_alarm_before_its_time(points):
    breaches = [{"X": True, "-": None}[p] for p in points]
    assert judge(breaches, 3, 3, "missing", "OK").state == "OK"


class Bench:
    def __init__(self, **settings):
        self.clock = VirtualClock(START)
        self.world = World(self.clock)
        self.metrics = Metrics()
        self.settings = AlarmSettings(
            **{
                "metric": KEY,
                "statistic": "Sum",
                "period_s": 60,
                "evaluation_periods": 1,
                "threshold": 0.0,
                "comparison": "GreaterThanThreshold",
                "treat_missing_data": "notBreaching",
                **settings,
            }
        )
        self.alarm = self.world.add(Alarm("bad", self.settings, self.metrics, rng=random.Random(1), now=START))

    def minutes(self, *values):
        """Report a value, or nothing, for each of these minutes, and let them pass."""
        for value in values:
            if value is not None:
                self.metrics.put(KEY, self.clock.now(), value, unit="Count")
            self.clock.sleep(60)
            self.world.settle()

    def states(self, *values):
        """The state at the end of the minute after each of these."""
        found = []
        for value in (*values, None):
            self.minutes(value)
            found.append(self.alarm.state)
        return found[1:]


def test_an_alarm_begins_with_insufficient_data():
    alarm = Bench().alarm
    assert (alarm.state, alarm.standing.reason) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")


def test_a_crossed_threshold_alarms_within_a_minute_and_says_so():
    b = Bench(datapoints_to_alarm=1)
    assert b.states(0.0, 3.0, 0.0) == ["OK", "ALARM", "OK"]
    assert [(e.event.old_state, e.event.new_state) for e in b.world.journal] == [
        ("INSUFFICIENT_DATA", "OK"),
        ("OK", "ALARM"),
        ("ALARM", "OK"),
    ]
    assert b.world.journal[1].event.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [3.0 (15/01/27 08:01:00)] was greater than the threshold "
        "(0.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )


@pytest.mark.parametrize(("afterwards", "minutes"), [(None, 7), (0.0, 1)])
def test_a_metric_that_falls_silent_keeps_its_alarm_and_one_that_reports_zero_ends_it(afterwards, minutes):
    b = Bench()
    states = b.states(5.0, *[afterwards] * 12)
    assert states.count("ALARM") == minutes and states[-1] == "OK"


@pytest.mark.parametrize(("to_alarm", "state"), [(2, "ALARM"), (3, "OK")])
def test_m_out_of_n_data_points_make_an_alarm(to_alarm, state):
    b = Bench(evaluation_periods=3, datapoints_to_alarm=to_alarm)
    assert b.states(1.0, 0.0, 1.0)[-1] == state


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", {3}),
        ("GreaterThanOrEqualToThreshold", {2, 3}),
        ("LessThanThreshold", {1}),
        ("LessThanOrEqualToThreshold", {1, 2}),
    ],
)
def test_every_comparison_draws_its_line(comparison, breaching):
    for value in (1, 2, 3):
        b = Bench(comparison=comparison, threshold=2.0)
        assert (b.states(float(value))[-1] == "ALARM") is (value in breaching)


@pytest.mark.parametrize(("statistic", "state"), [("p90", "OK"), ("p99", "ALARM")])
def test_a_percentile_is_of_the_raw_values(statistic, state):
    b = Bench(statistic=statistic, threshold=1.0)
    for i in range(100):
        b.metrics.put(KEY, START, 5.0 if i > 95 else 0.1)
    assert b.states(None)[-1] == state


@pytest.mark.parametrize(("samples", "state"), [(999, "INSUFFICIENT_DATA"), (1001, "ALARM")])
def test_too_few_samples_of_a_percentile_change_nothing_if_asked(samples, state):
    b = Bench(statistic="p99", ignore_low_samples=True, treat_missing_data="missing")
    b.metrics.put(KEY, START, 5.0, count=samples)
    b.clock.sleep(119)
    b.world.settle()
    assert b.alarm.state == state


def test_a_forced_state_holds_until_the_next_evaluation():
    b = Bench()
    b.minutes(0.0, 0.0)
    b.world.tell(b.alarm.force("ALARM", "drill", "", b.world.now))
    assert (b.alarm.state, b.alarm.standing.reason) == ("ALARM", "drill")
    b.minutes(0.0)
    assert b.alarm.state == "OK"
    last = [entry.event for entry in b.world.journal][-2:]
    assert [(type(e), e.new_state) for e in last] == [(AlarmStateChanged, "ALARM"), (AlarmStateChanged, "OK")]


def test_a_forced_state_that_is_true_loses_only_its_reason():
    b = Bench()
    b.minutes(0.0, 0.0)
    b.alarm.force("OK", "drill", "", b.world.now)
    b.minutes(0.0)
    assert b.alarm.state == "OK" and b.alarm.standing.reason.startswith("Threshold Crossed")


def test_new_settings_keep_the_state_and_count_from_the_next_evaluation():
    b = Bench()
    b.minutes(5.0, 5.0)
    higher = AlarmSettings(KEY, "Sum", 60, 1, 10.0, "GreaterThanThreshold")
    b.alarm.configure(higher, {}, b.world.now)
    assert b.alarm.state == "ALARM"
    b.minutes(5.0)
    assert b.alarm.state == "OK"
    kinds = [(item.kind, item.summary) for item in b.alarm.history]
    assert kinds == [
        ("ConfigurationUpdate", 'Alarm "bad" created'),
        ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to OK"),
        ("StateUpdate", "Alarm updated from OK to ALARM"),
        ("ConfigurationUpdate", 'Alarm "bad" updated'),
        ("StateUpdate", "Alarm updated from ALARM to OK"),
    ]


def test_long_periods_slide_with_every_evaluation():
    b = Bench(period_s=300, threshold=2.0, treat_missing_data="missing")
    assert b.states(1.0, 1.0, 1.0)[-1] == "ALARM", "three in the last five minutes"


@pytest.mark.parametrize(
    ("treatment", "state", "reason"),
    [
        ("missing", "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"),
        (
            "breaching",
            "ALARM",
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
            "[Breaching].",
        ),
    ],
)
def test_no_data_at_all(treatment, state, reason):
    b = Bench(treat_missing_data=treatment)
    b.minutes(None, None)
    assert (b.alarm.state, b.alarm.standing.reason) == (state, reason)


def test_looking_more_often_does_not_change_what_happened():
    journals = []
    for step in (1.0, 600.0):
        b = Bench()
        for minute in range(10):
            b.metrics.put(KEY, START + 60 * minute, float(minute % 3))
        for _ in range(int(600 / step)):
            b.clock.sleep(step)
            b.world.settle()
        journals.append(b.world.journal)
    assert journals[0] == journals[1] and len(journals[0]) > 3
