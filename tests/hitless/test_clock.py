import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from hitless import clock as clocks
from hitless.clock import WALL_S, SystemClock, VirtualClock, rate_from_environment
from hitless.errors import Refused


class Machine:
    """A machine whose clocks are moved by hand."""

    def __init__(self, monkeypatch, wall=1_000_000.0):
        self.wall, self.up = wall, 50.0
        monkeypatch.setattr(clocks, "real_now", lambda: self.wall)
        monkeypatch.setattr(clocks, "monotonic_s", lambda: self.up)

    def passes(self, seconds):
        self.wall += seconds
        self.up += seconds


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


def header(epoch_s):
    return format_datetime(datetime.fromtimestamp(epoch_s, UTC), usegmt=True)


def test_sixty_times_real_time_is_a_minute_a_second(machine):
    clock = SystemClock(rate=60, offset_s=500)
    machine.passes(2.5)
    assert clock.now() == 1_000_000 + 500 + 150


def test_a_wrong_laptop_clock_is_cured_by_awss_own_date(machine):
    clock = SystemClock.from_date_header(header(1_000_900), rate=1)
    assert clock.now() == 1_000_900.5


def test_a_difference_the_header_cannot_tell_is_none(machine):
    machine.wall = 1_000_000.8
    assert SystemClock.from_date_header(header(1_000_000), rate=1).now() == 1_000_000.8


def test_setting_the_laptop_clock_during_a_run_does_not_move_aws_time(machine):
    clock = SystemClock()
    machine.passes(1)
    machine.wall += 3600
    assert clock.now() == 1_000_001


def test_the_probers_stamps_become_aws_time(machine):
    clock = SystemClock(rate=60, offset_s=100)
    assert clock.from_real(machine.wall + 1) - clock.from_real(machine.wall) == 60


def test_a_wall_clock_that_is_set_before_the_probe_starts_moves_no_sample(machine):
    clock = SystemClock(rate=60, offset_s=100)
    machine.passes(1)
    machine.wall += 3600
    stamp = WALL_S + machine.up  # as the prober makes it, told our WALL_S
    assert clock.from_real(stamp) == pytest.approx(clock.now(), abs=1e-3)


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf", ""])
def test_a_rate_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("HITLESS_CLOCK_RATE", text)
    with pytest.raises(Refused, match="HITLESS_CLOCK_RATE"):
        rate_from_environment()


def test_the_rate_is_one_unless_the_lab_says_otherwise(monkeypatch):
    monkeypatch.delenv("HITLESS_CLOCK_RATE", raising=False)
    assert rate_from_environment() == 1.0


def test_a_long_sleep_leaves_the_loop_a_heartbeat(machine, monkeypatch):
    naps = []

    async def nap(seconds):
        naps.append(seconds)
        machine.passes(seconds)

    monkeypatch.setattr(clocks.asyncio, "sleep", nap)
    asyncio.run(SystemClock(rate=60).asleep(60))
    assert sum(naps) == pytest.approx(1.0)
    assert max(naps) <= clocks.HEARTBEAT_S


def test_virtual_sleepers_wake_in_the_order_they_are_due():
    clock, woken = VirtualClock(), []

    async def sleeper(name, seconds, times):
        for _ in range(times):
            await clock.asleep(seconds)
            woken.append((name, clock.now()))

    async def both():
        await asyncio.gather(sleeper("slow", 2.5, 2), sleeper("fast", 1, 5))

    asyncio.run(both())
    assert [t for _, t in woken] == [1, 2, 2.5, 3, 4, 5, 5]
    assert dict(woken) == {"slow": 5.0, "fast": 5.0}


def test_a_cancelled_sleeper_holds_nobody_up():
    clock = VirtualClock()

    async def story():
        first = asyncio.ensure_future(clock.asleep(1))
        second = asyncio.ensure_future(clock.asleep(9))
        await asyncio.sleep(0)
        first.cancel()
        await second

    asyncio.run(story())
    assert clock.now() == 9


def test_times_and_durations_read_well():
    assert clocks.to_datetime(0) + timedelta(seconds=1) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert [clocks.duration_text(s) for s in (9, 450, 3723)] == ["0:09", "7:30", "1:02:03"]
