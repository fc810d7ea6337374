import asyncio

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from hitless.clock import VirtualClock
from hitless.errors import TimedOut
from hitless.wait import await_until, wait_until


class Service:
    """A service whose running count changes at known times."""

    def __init__(self, clock, *changes):
        self.clock, self.changes, self.looks = clock, changes, 0

    def running(self):
        self.looks += 1
        return max(count for at, count in self.changes if at <= self.clock.now())


def wait(clock, service, **settings):
    said = []
    settings = {"what": "web-dev to run 4 tasks", "timeout_s": 60, "clock": clock, "say": said.append} | settings
    try:
        return wait_until(service.running, lambda n: n == 4, **settings), said
    except TimedOut as error:
        return error, said


def test_what_is_already_so_costs_one_look_and_no_time():
    clock = VirtualClock(100)
    service = Service(clock, (0, 4))
    assert wait(clock, service)[0] == 4
    assert (service.looks, clock.now()) == (1, 100)


def test_each_change_is_said_once():
    clock = VirtualClock()
    _, said = wait(clock, Service(clock, (0, 2), (20, 3), (40, 4)), every_s=5, usually_s=45)
    assert said == [
        "Waiting for web-dev to run 4 tasks, since 00:00:00 UTC; usually 0:45, at most 1:00.",
        "  +0:00  2",
        "  +0:20  3",
        "  +0:40  4",
    ]


def test_a_change_during_the_last_sleep_is_seen():
    clock = VirtualClock()
    assert wait(clock, Service(clock, (0, 2), (59, 4)), every_s=25)[0] == 4
    assert clock.now() == 60


def test_giving_up_says_what_was_seen_and_stops_at_the_deadline():
    clock = VirtualClock()
    error, said = wait(clock, Service(clock, (0, 3)), every_s=25, usually_s=30)
    assert error.seen == {"waited": "60 s", "last seen": "3", "usually": "30 s"}
    assert said[-1] == "  +0:50  still waiting for web-dev to run 4 tasks; usually 0:30"
    assert clock.now() == 60


def test_an_error_while_looking_is_not_swallowed():
    def broken():
        raise ConnectionError("no answer")

    with pytest.raises(ConnectionError):
        wait_until(broken, bool, what="it", clock=VirtualClock(), timeout_s=1, say=str)


def test_the_async_wait_is_the_same_wait():
    clock, said = VirtualClock(), []
    service = Service(clock, (0, 2), (20, 4))
    wanted = await_until(service.running, lambda n: n == 4, what="it", clock=clock, timeout_s=60, say=said.append)
    assert asyncio.run(wanted) == 4
    assert (clock.now(), len(said)) == (30, 3)


def test_a_look_that_aws_does_not_answer_is_made_again_and_one_it_refuses_is_not():
    clock, said = VirtualClock(), []
    fates = [gone(500, "InternalFailure"), gone(400, "Throttling"), EndpointConnectionError(endpoint_url="x")]

    def look():
        if fates:
            raise fates.pop(0)
        return "there"

    found = wait_until(look, bool, what="it", clock=clock, timeout_s=100, every_s=10, say=said.append)
    assert found == "there" and clock.now() == 30
    assert "AWS does not answer: Throttling" in "".join(said)
    fates.append(gone(403, "AccessDenied"))
    with pytest.raises(ClientError, match="AccessDenied"):
        wait_until(look, bool, what="it", clock=clock, timeout_s=100, say=said.append)


def test_an_outage_that_outlasts_the_wait_ends_in_a_clear_stop():
    async def waits():
        look = lambda: (_ for _ in ()).throw(gone(503, "ServiceUnavailable"))  # noqa: E731
        await await_until(look, bool, what="it", clock=VirtualClock(), timeout_s=100, say=str)

    with pytest.raises(TimedOut, match="AWS does not answer: ServiceUnavailable"):
        asyncio.run(waits())


def gone(status, code):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Look")
