"""Everything Hitless raises on purpose.

* HitlessError
  x Refused          nothing was changed; a check said no before the first write
    + WrongTarget        the account, region or cluster is not the one named
    + NotReady           the service is not in the state the step needs
  x Failed           something was changed and did not go as it should
    + TimedOut           the change is still going; we stopped watching
    + NotRecorded        the journal cannot be written; nothing more was done
    + RolledBack         the change was undone and the old version serves
    + NotProven          the change went through, but a claim about it did not hold
"""

from __future__ import annotations

from collections.abc import Mapping


class HitlessError(Exception):
    """What happened, what was seen, what to do next."""

    exit_code = 1

    def __init__(self, what: str, *, seen: Mapping[str, object] | None = None, do: str = "") -> None:
        self.what, self.seen, self.do = what, dict(seen or {}), do
        super().__init__(str(self))

    def __str__(self) -> str:
        width = max((len(label) for label in self.seen), default=0)
        facts = [f"  {label:<{width}}  {fact}" for label, fact in self.seen.items()]
        return "\n".join([self.what, *facts, *([f"  -> {self.do}"] if self.do else [])])

    def _render_traceback_(self) -> list[str]:
        """Show the three parts instead of a stack in notebooks (IPython's hook)."""
        return [f"{type(self).__name__}: {self}"]


class Refused(HitlessError):
    """A check said no; nothing was changed."""

    exit_code = 3


class WrongTarget(Refused):
    """The account, region or cluster is not the one named."""


class NotReady(Refused):
    """The service is not in the state the step needs."""


class Failed(HitlessError):
    """Something was changed and did not go as it should."""

    exit_code = 4


class TimedOut(Failed):
    """The change is still going; we stopped watching. Nothing was stopped or undone."""


class NotRecorded(Failed):
    """The journal cannot be written, so nothing more may be done; what it holds already holds together."""


class RolledBack(Failed):
    """The change was undone and the old version serves."""


class NotProven(Failed):
    """The change went through, but something it promised did not hold."""
