"""What a run's journal says was done before: by this attempt's predecessors, or by the run that is to be undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hitless.journal import Entry


@dataclass
class Past:
    """The part of a journal that decides what is still to do.

    Attributes:
        plan: The plan as it was shown last; None when none was.
        approval: The approval of that plan; None when there was none.
        intents: {step: AWS time at which it was announced}.
        results: {step: what its answer said}; a step that is in `intents` only may or may not have been taken.
        noted: {name: facts} that a change noted for those who go on with it.
        attempts: How many attempts have begun.
        outcome: How the last attempt ended; "" when nobody wrote that down: it was killed.
    """

    plan: Mapping[str, Any] | None = None
    approval: Mapping[str, Any] | None = None
    intents: dict[str, float] = field(default_factory=dict)
    results: dict[str, dict] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    noted: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    outcome: str = ""

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Past:
        """Read a journal."""
        past = cls()
        for entry in entries:
            past._take(entry)
        return past

    @property
    def changed_something(self) -> bool:
        """A step was announced: from then on "nothing was changed" cannot be said."""
        return bool(self.intents)

    @property
    def in_doubt(self) -> list[str]:
        """Steps that were announced and never answered."""
        return [name for name in self.intents if name not in self.results]

    def _take(self, entry: Entry) -> None:
        facts = entry.facts
        match entry.kind:
            case "opened":
                self.attempts, self.outcome = self.attempts + 1, ""
            case "plan":
                self.plan = facts
            case "approval":
                self.approval = facts
            case "intent":
                self.intents[facts["step"]], self.calls[facts["step"]] = entry.at, facts["call"]
            case "result":
                self.results[facts["step"]] = facts["facts"]
            case "refused":
                self.intents.pop(facts["step"], None)
            case "noted":
                self.noted[facts["name"]] = facts["facts"]
            case "outcome":
                self.outcome = facts["outcome"]
