"""Wait out loud, on a clock, until a state is the one wanted or time is up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from hitless.awaited import Wait, awaiting
from hitless.clock import Clock, duration_text, utc_text
from hitless.errors import TimedOut
from hitless.outage import code_of, is_passing

State = TypeVar("State")


def wait_until(
    look: Callable[[], State],
    done: Callable[[State], bool],
    *,
    what: str,
    clock: Clock,
    timeout_s: float,
    every_s: float = 15.0,
    usually_s: float | None = None,
    show: Callable[[State], str] = str,
    say: Callable[[str], object] = print,
) -> State:
    """Look again and again until it is done, saying each change once.

    Looks at least once, and once more at the deadline, so a change that lands during the last sleep is not missed.

    Args:
        look: Reads the present state; called every `every_s`.
        done: Whether that state is the one waited for.
        what: What is awaited, for people: "web-dev to reach steady state".
        clock: Where time comes from.
        timeout_s: Seconds of `clock` time to go on looking. Must be > 0.
        every_s: Seconds of `clock` time between looks. Default 15. Must be > 0.
        usually_s: Seconds it takes on a good day, said at the start and again when they have passed.
        show: A state in words; a line is said when these words change.
        say: Receives each line.

    Returns:
        The first state for which `done` was true.

    Raises:
        TimedOut: `timeout_s` passed first. Nothing was stopped or undone.
        botocore.exceptions.ClientError: AWS refused the look. A look that AWS did not answer, or put off, after all
            the SDK's tries, is made again `every_s` later.
    """
    watch = _Watch(what, clock, timeout_s, every_s, usually_s, say)
    with awaiting(watch.wait):
        while not watch.sees(*(seen := _looked(look, show, done))[:2]):
            clock.sleep(watch.pause_s())
    return seen.state


async def await_until(
    look: Callable[[], State],
    done: Callable[[State], bool],
    *,
    what: str,
    clock: Clock,
    timeout_s: float,
    every_s: float = 15.0,
    usually_s: float | None = None,
    show: Callable[[State], str] = str,
    say: Callable[[str], object] = print,
) -> State:
    """Do as `wait_until` does, leaving the event loop free: `look` runs in a thread, for boto3 blocks."""
    watch = _Watch(what, clock, timeout_s, every_s, usually_s, say)
    with awaiting(watch.wait):
        while not watch.sees(*(seen := await asyncio.to_thread(_looked, look, show, done))[:2]):
            await clock.asleep(watch.pause_s())
    return seen.state


class _Seen(NamedTuple):
    words: str
    is_done: bool
    state: Any


def _looked(look: Callable[[], State], show: Callable[[State], str], done: Callable[[State], bool]) -> _Seen:
    """Look once; that AWS did not answer is a state to be waited out, and not the end of the watch."""
    try:
        state = look()
    except (ClientError, BotoCoreError) as error:
        if not is_passing(error):
            raise
        return _Seen(f"AWS does not answer: {code_of(error)}", False, None)
    return _Seen(show(state), done(state), state)


class _Watch:
    """One wait: what was said, what was last seen, and when to give up."""

    def __init__(
        self,
        what: str,
        clock: Clock,
        timeout_s: float,
        every_s: float,
        usually_s: float | None,
        say: Callable[[str], object],
    ) -> None:
        assert timeout_s > 0 and every_s > 0, (timeout_s, every_s)
        self._what, self._clock, self._every_s, self._usually_s, self._say = what, clock, every_s, usually_s, say
        self._since = clock.now()
        self.wait = Wait(what, self._since, usually_s, timeout_s)
        self._seen: str | None = None
        self._said_late = False
        self._deadline = self._since + timeout_s
        usually = f"usually {duration_text(usually_s)}, " if usually_s is not None else ""
        say(f"Waiting for {what}, since {utc_text(self._since)}; {usually}at most {duration_text(timeout_s)}.")

    def sees(self, words: str, is_done: bool) -> bool:
        """Note one look; True ends the wait, and `TimedOut` ends it too."""
        now = self._clock.now()
        if words != self._seen:
            self._seen = self.wait.seen = words
            self._say(f"  {self._after(now)}  {words}")
        if not is_done:
            self._note_lateness(now)
            if now >= self._deadline:
                raise self._timed_out(now)
        return is_done

    def pause_s(self) -> float:
        """Seconds to the next look; the last one falls on the deadline."""
        return max(0.0, min(self._every_s, self._deadline - self._clock.now()))

    def _after(self, now: float) -> str:
        return f"+{duration_text(now - self._since)}"

    def _note_lateness(self, now: float) -> None:
        if self._usually_s is not None and now - self._since > self._usually_s and not self._said_late:
            self._said_late = True
            self._say(f"  {self._after(now)}  still waiting for {self._what}; usually {duration_text(self._usually_s)}")

    def _timed_out(self, now: float) -> TimedOut:
        seen: dict[str, object] = {"waited": f"{now - self._since:.0f} s", "last seen": self._seen}
        if self._usually_s is not None:
            seen["usually"] = f"{self._usually_s:.0f} s"
        return TimedOut(
            f"Gave up waiting for {self._what}.", seen=seen, do="it may still finish: look again before undoing"
        )
