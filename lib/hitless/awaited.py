"""What is being waited for at this moment, for whoever shows it: the line above a live chart."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from hitless.clock import duration_text, utc_text


@dataclass
class Wait:
    """One wait.

    Attributes:
        what: What is awaited, for people: "web-dev to reach steady state".
        since: AWS time, epoch seconds.
        usually_s: Seconds it takes on a good day; None when nobody knows.
        at_most_s: Seconds after which it is given up; None for no limit.
        seen: What was last seen, in words.
    """

    what: str
    since: float
    usually_s: float | None = None
    at_most_s: float | None = None
    seen: str = ""

    def words(self, now: float) -> str:
        """What, since when, how long it usually takes, what was seen last."""
        usual = f"usually {duration_text(self.usually_s)}" if self.usually_s is not None else "nobody knows how long"
        if self.usually_s is None and self.at_most_s is not None:
            usual = f"at most {duration_text(self.at_most_s)}"
        so_far = f"since {utc_text(self.since)}, {duration_text(max(0.0, now - self.since))} so far, {usual}"
        seen = f"  ·  {' '.join(self.seen.split())}" if self.seen else ""
        return f"Waiting for {self.what}, {so_far}{seen}"


_waits: list[Wait] = []


@contextlib.contextmanager
def awaiting(wait: Wait) -> Iterator[Wait]:
    """The wait goes on during the block; its `seen` may be changed in it."""
    _waits.append(wait)
    try:
        yield wait
    finally:
        _waits.remove(wait)


def progress(now: float) -> str:
    """The newest wait in words; "" when nothing is awaited."""
    return next((wait.words(now) for wait in reversed(_waits[:])), "")
