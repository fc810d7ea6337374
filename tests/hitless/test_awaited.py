import asyncio

import pytest

from hitless.awaited import Wait, awaiting, progress
from hitless.clock import VirtualClock
from hitless.errors import TimedOut
from hitless.wait import await_until, wait_until

START = 1_795_333_200.0  # 07:40:00


def test_a_wait_says_what_since_when_and_how_long_it_usually_takes():
    with awaiting(Wait("b to be steady", START, 90)) as wait:
        assert progress(START + 42) == "Waiting for b to be steady, since 07:40:00 UTC, 0:42 so far, usually 1:30"
        wait.seen = "1 of  2 running"
        with awaiting(Wait("c", START, None, 300)):
            assert progress(START) == "Waiting for c, since 07:40:00 UTC, 0:00 so far, at most 5:00"
        assert progress(START).endswith("usually 1:30  ·  1 of 2 running")
    assert progress(START) == ""


@pytest.mark.parametrize("is_async", [False, True])
def test_every_wait_of_a_verb_is_told_and_ends_with_it(is_async):
    clock, told = VirtualClock(START), []

    def look():
        told.append(progress(clock.now()))
        return len(told)

    settings = {"what": "a host", "clock": clock, "timeout_s": 60, "every_s": 10, "usually_s": 20, "say": str}
    with pytest.raises(TimedOut):
        if is_async:
            asyncio.run(await_until(look, lambda n: n > 99, **settings))
        else:
            wait_until(look, lambda n: n > 99, **settings)
    assert told[1] == "Waiting for a host, since 07:40:00 UTC, 0:10 so far, usually 0:20  ·  1"
    assert progress(START) == ""
