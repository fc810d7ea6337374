"""A list of named steps: shown, digested, or run; a dry run is the same plan with another executor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

from hitless.connect import Connection
from hitless.delivery import deliver
from hitless.errors import Refused
from hitless.journal import canonical
from hitless.past import Past
from hitless.run_folder import RunFolder
from hitless.step import Deed, Step


@dataclass
class Plan:
    """What would be done, in order.

    Attributes:
        facts: What the one who planned looked up: what an undo and a later attempt start from. Plain data.
    """

    title: str
    steps: list[Step | Deed] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 over every step: what an approval is bound to."""
        described = [step.described() for step in self.steps]
        return hashlib.sha256(canonical([self.title, described])).hexdigest()

    def described(self) -> dict[str, object]:
        """The plan as plain data: for the journal, `plan.json` and whoever goes on with it."""
        steps = [step.described() for step in self.steps]
        return {"title": self.title, "digest": self.digest, "steps": steps, "facts": self.facts}

    @classmethod
    def again(cls, described: Mapping, deeds: Mapping[str, Deed]) -> Plan:
        """A plan that an earlier attempt has shown; `deeds` are its steps that are no AWS calls, by name."""
        steps = [deeds[one["name"]] if "call" in one else Step(**one) for one in described["steps"]]
        return cls(described["title"], steps, described["facts"])

    def part(self, *names: str) -> Plan:
        """Only these steps of it, those that there are: to be taken before or after the others."""
        return Plan(self.title, [step for step in self.steps if step.name in names], self.facts)

    def run(
        self, here: Connection, *, dry_run: bool, say: Callable[[str], object] = print, run: RunFolder | None = None
    ) -> dict[str, dict]:
        """Take each step in order, or only say it.

        Args:
            here: Whose account.
            dry_run: Say each step instead of taking it.
            say: Receives one line a step.
            run: Keeps the record: the intent before each step and the result after it. What the record says an earlier
                attempt has done is not done again; what it may have done is looked for first.

        Returns:
            {step name: what its answer said}; nothing in a dry run.

        Raises:
            Refused: A call was refused, and made nothing; earlier steps stay done and are in the journal.
            Failed: A call did not answer what later steps rely on, or nobody knows whether it was done.
        """
        if dry_run:
            for step in self.steps:
                say(f"would call {_told(step)}")
            return {}
        return {step.name: self._take(here, step, say, run) for step in self.steps}

    def _take(self, here: Connection, step: Step | Deed, say: Callable[[str], object], run: RunFolder | None) -> dict:
        past = run.past if run is not None else Past()
        if step.name in past.results:
            say(f"done already: {_told(step)}")
            return past.results[step.name]
        if step.name in past.intents and (found := step.find(here, past.intents[step.name])) is not None:
            say(f"found started already: {_told(step)}")
            run.journal.append("result", step=step.name, call=step.call, facts=found, adopted=True, request_id="")
            return found
        say(f"calling {_told(step)}")
        if run is not None:
            run.require_lease()
            run.journal.append("intent", step=step.name, call=step.call, key=self._key(step, run), undo=step.undo)
        try:
            facts, request_id, adopted = deliver(here, step, say)
        except Refused as error:
            if run is not None:
                run.journal.append("refused", step=step.name, call=step.call, why=str(error).splitlines()[0])
            raise
        if run is not None:
            told = {"facts": facts, "adopted": adopted, "request_id": request_id}
            run.journal.append("result", step=step.name, call=step.call, **told)
        return facts

    def _key(self, step: Step | Deed, run: RunFolder) -> str:
        """One for each step of each run, whatever the attempt: the same key twice is the same deed."""
        return hashlib.sha256(canonical([run.run_id, step.described()])).hexdigest()[:32]

    def __str__(self) -> str:
        lines = [
            f"{n}. {step.call}\n     changes  {step.changes}\n     undo     {step.undo}"
            for n, step in enumerate(self.steps, 1)
        ]
        return "\n".join([f"{self.title} (plan {self.digest[:12]})", *lines])

    def _repr_html_(self) -> str:
        cell = "<td style='text-align:left'>{}</td>".format
        rows = "".join(
            f"<tr><td>{n}</td>" + "".join(cell(escape(text)) for text in (s.call, s.changes, s.undo)) + "</tr>"
            for n, s in enumerate(self.steps, 1)
        )
        head = "<tr><th></th><th>call</th><th>changes</th><th>undo</th></tr>"
        return f"<table><caption>{escape(self.title)} (plan {self.digest[:12]})</caption>{head}{rows}</table>"


def _told(step: Step | Deed) -> str:
    return f"{step.call}: {step.changes}"
