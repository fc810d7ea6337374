"""When schedules are due."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from awslab.machines.timetable import BadSchedule, Timetable


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("expression", "zone", "now", "due"),
    [
        ("cron(0 20 ? * MON-FRI *)", "UTC", "2026-11-27T20:00:00", "2026-11-30T20:00:00"),  # Friday to Monday
        ("cron(0/30 8-9 * * ? *)", "UTC", "2026-11-26T08:31:00", "2026-11-26T09:00:00"),
        ("cron(0 0 29 FEB ? *)", "UTC", "2026-03-01T00:00:00", "2028-02-29T00:00:00"),
        ("cron(15 7 ? * 1,7 *)", "UTC", "2026-11-26T00:00:00", "2026-11-28T07:15:00"),  # Saturday is 7
        ("cron(30 6 * * ? *)", "Europe/Zurich", "2026-10-24T20:00:00", "2026-10-25T06:30:00"),  # clocks go back
        ("at(2026-12-24T18:00:00)", "America/New_York", "2026-11-26T00:00:00", "2026-12-24T18:00:00"),
    ],
)
def test_it_is_due_at_its_time_in_its_zone(expression, zone, now, due):
    assert Timetable(expression, zone).next_after(at(now, zone), 0.0) == at(due, zone)


def test_a_rate_counts_from_its_beginning():
    assert Timetable("rate(5 minutes)").next_after(1000.0, 100.0) == 1300.0


def test_what_is_over_is_never_due_again():
    now = at("2026-11-26T00:00:00")
    assert Timetable("at(2026-11-25T00:00:00)").next_after(now, 0.0) is None
    assert Timetable("cron(0 0 * * ? 2020)").next_after(now, 0.0) is None


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("hourly", "UTC"),
        ("rate(0 minutes)", "UTC"),
        ("rate(5 fortnights)", "UTC"),
        ("at(tomorrow)", "UTC"),
        ("cron(0 20 * * MON *)", "UTC"),  # one of the days must be ?
        ("cron(0 24 * * ? *)", "UTC"),
        ("cron(0 0 L * ? *)", "UTC"),
        ("cron(0 0 * * ?)", "UTC"),
        ("cron(0 0 * * ? *)", "Mars/Olympus"),
    ],
)
def test_what_is_no_schedule_is_refused(expression, zone):
    with pytest.raises(BadSchedule):
        Timetable(expression, zone)
