"""A call whose answer was lost has made one thing, not two; what AWS refused was refused, and nothing else was."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from hitless.clock import VirtualClock
from hitless.delivery import PAUSES_S, deliver
from hitless.errors import Failed, Refused
from hitless.outage import is_in_doubt, is_passing, is_put_off

GONE = ConnectionClosedError(endpoint_url="http://x")


def aws(status, code="X"):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Do")


class Call:
    """A call that meets one thing after the other; "made" is a write whose answer is lost."""

    call = "a:b"

    def __init__(self, *fates):
        self.fates, self.made, self.sent = list(fates), 0, 0
        self.clock = VirtualClock()

    def make(self, _here):
        self.sent += 1
        fate = self.fates.pop(0) if self.fates else "answered"
        if fate == "made":
            self.made += 1
            raise GONE
        if isinstance(fate, Exception):
            raise fate
        self.made += 1
        return {"id": self.made}, "request-1"

    def find(self, _here, since_s):
        return {"id": self.made} if self.made else None

    def deliver(self):
        return deliver(self, self, str)


@pytest.mark.parametrize("fates", [["made"], [GONE, "made"], [aws(503), "made"], [aws(400, "Throttling"), "made"]])
def test_what_was_made_is_found_and_not_made_again(fates):
    call = Call(*fates)
    assert call.deliver() == ({"id": 1}, "", True)
    assert call.made == 1 and call.sent == len(fates)


@pytest.mark.parametrize("fate", [GONE, aws(500), aws(503, "RequestLimitExceeded"), aws(400, "ThrottlingException")])
def test_what_was_not_made_is_called_again(fate):
    call = Call(fate, fate)
    assert call.deliver() == ({"id": 1}, "request-1", False)
    assert call.clock.now() == sum(PAUSES_S[:2])


def test_a_refusal_of_the_second_of_two_deliveries_does_not_hide_the_first():
    call = Call(aws(400, "DeploymentLimitExceededException"))
    call.made = 1
    assert call.deliver() == ({"id": 1}, "", True)


@pytest.mark.parametrize(
    ("fates", "error"),
    [
        ([aws(400)], Refused),
        ([aws(400, "Throttling")] * 9, Refused),
        ([GONE] * 9, Failed),
        ([aws(500)] * 9, Failed),
        ([GONE, aws(400)], Failed),  # the first may still come to light
        ([Failed("not as planned")], Failed),
    ],
)
def test_what_was_not_made_is_said_with_what_to_do(fates, error):
    call = Call(*fates)
    with pytest.raises(error) as raised:
        call.deliver()
    assert type(raised.value) is error and call.made == 0 and call.sent <= len(PAUSES_S) + 1
    assert error is Failed or raised.value.do


def test_nobody_knows_while_looking_fails_too():
    call = Call(GONE)
    call.find = lambda _here, _since_s: (_ for _ in ()).throw(aws(500))
    with pytest.raises(Failed, match="Nobody knows"):
        call.deliver()
    assert call.sent == 1


def test_what_an_error_says():
    throttled, broken, refused = aws(503, "SlowDown"), aws(502), aws(404)
    assert [is_put_off(e) for e in (throttled, broken, refused, GONE)] == [True, False, False, False]
    assert [is_in_doubt(e) for e in (throttled, broken, refused, GONE)] == [False, True, False, True]
    assert [is_passing(e) for e in (throttled, broken, refused, GONE)] == [True, True, False, True]
