"""Make a call so that what it makes is made once, whatever becomes of requests and answers on the way.

The SDK sends a call again when no answer came. Of a write whose answer was lost that makes a second one; or AWS refuses
the second, and the refusal hides that the first was made. So a step's call is sent once, and before it is sent again
AWS is asked what the first sending has made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from hitless.connect import Connection
from hitless.errors import Failed, HitlessError, Refused
from hitless.outage import code_of, first_line, is_in_doubt, is_passing, is_put_off

LOOK = "hitless run --resume with this run's folder: it looks again before it calls again"
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0)  # between sendings; as often as `connect.RETRIES` sends


class Sendable(Protocol):
    """A step of a plan."""

    @property
    def call(self) -> str:
        """`service:operation`."""

    def make(self, here: Connection) -> tuple[dict, str]:
        """Send it once."""

    def find(self, here: Connection, since_s: float) -> dict | None:
        """What was made since then."""


def deliver(here: Connection, step: Sendable, say: Callable[[str], object] = print) -> tuple[dict, str, bool]:
    """Send a step's call until AWS has answered it; never again while it may have been done.

    Args:
        here: Whose account.
        step: What is called, and how to find what it makes.
        say: Receives a line each time it is not answered.

    Returns:
        What is worth remembering of the answer, AWS's request id, and whether the answer was lost, so that what was
        made had to be looked up.

    Raises:
        Refused: AWS said no, and nothing was made.
        Failed: It was answered, and not as planned; or nobody knows whether it was done.
    """
    since_s, doubted = here.clock.now(), False
    for pause_s in (*PAUSES_S, None):
        try:
            return (*step.make(here), False)
        except (ClientError, BotoCoreError, Failed) as error:
            doubted = doubted or is_in_doubt(error)
            if (found := _look(here, step, since_s, error)) is not None:
                say(f"  {code_of(error)}, but it was done")
                return found, "", True
            if pause_s is None or not is_passing(error):
                raise _explained(step, error, doubted) from error
            say(f"  {first_line(error)}; nothing was made, so it is called again in {pause_s:g} s")
        here.clock.sleep(pause_s)
    raise AssertionError("the last sending has no pause after it")


def _look(here: Connection, step: Sendable, since_s: float, why: Exception) -> dict | None:
    """What was made all the same: a refusal, too, may be of the second of two requests of which we sent one."""
    if is_put_off(why):
        return None
    try:
        return step.find(here, since_s)
    except (ClientError, BotoCoreError) as error:
        seen = {"call": step.call, "it said": first_line(why), "looking said": first_line(error)}
        raise Failed(f"Nobody knows whether {step.call} was done.", seen=seen, do=LOOK) from error


def _explained(step: Sendable, error: Exception, doubted: bool) -> HitlessError:
    if isinstance(error, HitlessError):
        return error
    seen = {"call": step.call, "AWS said": first_line(error)}
    if not doubted:
        return Refused(f"AWS refused {step.call}.", seen=seen, do="mend what it says, and begin again")
    return Failed(f"AWS did not answer {step.call}, and shows nothing made by it.", seen=seen, do=LOOK)
