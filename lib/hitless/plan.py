"""A list of named AWS calls: shown, digested, or run; a dry run is the same plan with another executor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from html import escape

from hitless.connect import Connection
from hitless.errors import NotReady
from hitless.journal import Journal


@dataclass(frozen=True)
class Step:
    """One call that changes something.

    Args:
        name: Unique in its plan.
        service: boto3 service, e.g. `autoscaling`.
        operation: boto3 method, e.g. `start_instance_refresh`.
        arguments: Its arguments.
        changes: What it changes, in words.
        undo: How to undo it, in words.
        expects: What the answer must say, by path: `{"taskDefinition.revision": 7}`. A later step relies on it.
    """

    name: str
    service: str
    operation: str
    arguments: dict
    changes: str
    undo: str
    expects: dict[str, object] = field(default_factory=dict)

    def check(self, answer: dict) -> None:
        """Compare an answer with what the plan relied on.

        Raises:
            NotReady: It says something else: somebody changed something in between.
        """
        for path, expected in self.expects.items():
            said = reduce(lambda found, name: found[name], path.split("."), answer)
            if said != expected:
                seen = {"planned": expected, "answered": said}
                raise NotReady(
                    f"{self.service}:{self.operation} did not answer as planned.", seen=seen, do="plan again"
                )


@dataclass
class Plan:
    """What would be done, in order."""

    title: str
    steps: list[Step] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """SHA-256 over every call and its arguments: what an approval is bound to."""
        calls = [[s.name, s.service, s.operation, s.arguments, s.changes, s.undo] for s in self.steps]
        return hashlib.sha256(json.dumps([self.title, calls], sort_keys=True, default=str).encode()).hexdigest()

    def run(
        self, here: Connection, *, dry_run: bool, say: Callable[[str], object] = print, journal: Journal | None = None
    ) -> dict[str, dict]:
        """Make each call in order, or only say it.

        Args:
            here: Whose account.
            dry_run: Say each call instead of making it.
            say: Receives one line a step.
            journal: A `hitless.journal.Journal`; the intent is written before each call and the result after it.

        Returns:
            {step name: AWS's answer}; empty answers in a dry run.

        Raises:
            botocore.exceptions.ClientError: A call was refused; earlier steps stay done and are in the journal.
            NotReady: A call did not answer what later steps rely on.
        """
        answers: dict[str, dict] = {}
        for step in self.steps:
            say(f"{'would call' if dry_run else 'calling'} {step.service}:{step.operation}: {step.changes}")
            if dry_run:
                continue
            if journal is not None:
                journal.append("intent", step=step.name, call=f"{step.service}:{step.operation}", undo=step.undo)
            answers[step.name] = answer = getattr(here.client(step.service), step.operation)(**step.arguments)
            if journal is not None:
                journal.append("result", step=step.name, request_id=answer["ResponseMetadata"].get("RequestId", ""))
            step.check(answer)
        return answers

    def __str__(self) -> str:
        lines = [
            f"{n}. {s.service}:{s.operation}\n     changes  {s.changes}\n     undo     {s.undo}"
            for n, s in self._numbered()
        ]
        return "\n".join([f"{self.title} (plan {self.digest[:12]})", *lines])

    def _numbered(self) -> list[tuple[int, Step]]:
        return list(enumerate(self.steps, 1))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{n}</td>"
            + "".join(
                f"<td style='text-align:left'>{escape(t)}</td>"
                for t in (f"{s.service}:{s.operation}", s.changes, s.undo)
            )
            + "</tr>"
            for n, s in self._numbered()
        )
        head = "<tr><th></th><th>call</th><th>changes</th><th>undo</th></tr>"
        return f"<table><caption>{escape(self.title)} (plan {self.digest[:12]})</caption>{head}{rows}</table>"
