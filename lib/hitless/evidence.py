"""What a run folder tells, as far as its run came: nothing in it need be there, and nothing missing goes unsaid."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hitless.journal import BadJournal, Entry, canonical, walk

JOURNAL, REQUEST, SOURCE = "journal.jsonl", "request.json", "runbook.source.ipynb"
PLAN, UNDO, APPROVAL, DIFF, REPORT = "plan.json", "undo.json", "approval.json", "diff.json", "report.html"
EXPECTED = (JOURNAL, REQUEST, SOURCE, PLAN, UNDO, APPROVAL, "before.json", "after.json", "samples.jsonl")
UNKNOWN = "unknown"
YEAR_10000 = 253_402_300_800  # epoch seconds; a calendar knows none later


@dataclass
class Evidence:
    """One run's record.

    Attributes:
        folder: Where it is.
        entries: The journal as far as it holds together.
        journal_error: Why it does not, if it does not; "" else.
        notebook: The executed notebook; the last attempt's.
        missing: Names that are not there or cannot be read, each with a word why.
    """

    folder: Path
    entries: list[Entry] = field(default_factory=list)
    journal_error: str = ""
    notebook: Path | None = None
    missing: dict[str, str] = field(default_factory=dict)
    _files: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path | str) -> Evidence:
        """Read a run folder."""
        one = cls(Path(folder).resolve())
        one._read_journal()
        for name in (REQUEST, PLAN, UNDO, APPROVAL, "before.json", "after.json", DIFF):
            one._read_json(name)
        one.missing |= {name: "not there" for name in EXPECTED if not (one.folder / name).is_file()}
        one.notebook = one._find_notebook()
        if one.notebook is None:
            one.missing["executed notebook"] = "not there"
        return one

    def file(self, name: str) -> Any:
        """A JSON file's content; {} where there is none."""
        return self._files.get(name, {})

    def of_kind(self, kind: str) -> list[Mapping[str, Any]]:
        """The facts of every entry of a kind, in their order."""
        return [entry.facts for entry in self.entries if entry.kind == kind]

    def last(self, kind: str) -> Mapping[str, Any]:
        """The facts of the last entry of a kind; {} where there is none."""
        return (self.of_kind(kind) or [{}])[-1]

    def concluding(self, kind: str) -> Mapping[str, Any]:
        """The same of the last attempt only: how an earlier one ended says nothing of a later one that died."""
        begun = max((n for n, entry in enumerate(self.entries) if entry.kind == "opened"), default=0)
        return next((entry.facts for entry in reversed(self.entries[begun:]) if entry.kind == kind), {})

    def told(self, name: str, *kinds: str) -> str:
        """What request.json says of something, or else the journal's first word on it in entries of these kinds."""
        places = [self.file(REQUEST), *(facts for kind in kinds for facts in self.of_kind(kind))]
        return next((str(place[name]) for place in places if place.get(name) not in (None, "")), "")

    @property
    def run_id(self) -> str:
        """What the run calls itself; its folder's name where it does not say."""
        return self.told("run_id", "opened") or self.folder.name

    @property
    def reason(self) -> str:
        """Why it was run."""
        return self.told("reason", "opened") or str(self.parameters.get("REASON") or "")

    @property
    def attempts(self) -> int:
        """How many times it was begun."""
        return max(1, len(self.of_kind("opened")))

    @property
    def runbook(self) -> str:
        """The runbook's name, e.g. `20-refresh-hosts`."""
        told = Path(self.told("runbook", "opened")).name.removesuffix(".ipynb")
        return told or (self.notebook.stem if self.notebook else UNKNOWN)

    @property
    def environment(self) -> str:
        """`lab` or `aws`; "unknown" when nothing says so, never a guess."""
        told = self.told("environment", "opened")
        if told in ("lab", "aws"):
            return told
        place = self.told("place", "opened")
        return UNKNOWN if not place else "lab" if place.startswith("lab") else "aws"

    @property
    def outcome(self) -> str:
        """How it ended, in the runner's word; "unknown" when it died before it could say."""
        return str(self.concluding("outcome").get("outcome") or UNKNOWN)

    @property
    def exit_code(self) -> int | None:
        """The runner's; None when it died before it could say."""
        code = self.concluding("outcome").get("exit_code")
        return code if isinstance(code, int) else None

    @property
    def claims(self) -> list[Mapping[str, Any]]:
        """The verdict's lines."""
        claims = self.concluding("verdict").get("claims")
        return [one for one in claims if isinstance(one, Mapping)] if isinstance(claims, list) else []

    @property
    def holds(self) -> bool | None:
        """Whether every claim of the verdict holds; None when nothing was claimed."""
        return all(claim.get("holds") is True for claim in self.claims) if self.claims else None

    @property
    def approvals(self) -> list[Mapping[str, Any]]:
        """Who said yes: approval.json's, or else the journal's."""
        content = self.file(APPROVAL)
        content = content.get("approvals", [content] if content else []) if isinstance(content, dict) else content
        return [one for one in content if isinstance(one, Mapping)] or self.of_kind("approval")

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it ran with."""
        for given in (self.file(REQUEST).get("parameters"), self.last("parameters").get("values")):
            if isinstance(given, Mapping):
                return given
        return {}

    @property
    def is_dry_run(self) -> bool:
        """Whether it was only to say what it would do."""
        return self.parameters.get("DRY_RUN") is True

    @property
    def plan(self) -> Mapping[str, Any]:
        """What was shown before anything was changed."""
        return self.file(PLAN) or self.last("plan")

    @property
    def span(self) -> tuple[float | None, float | None]:
        """First and last moment of the journal, epoch seconds of AWS time."""
        return (self.entries[0].at, self.entries[-1].at) if self.entries else (None, None)

    def _read_journal(self) -> None:
        path = self.folder / JOURNAL
        if not path.is_file():
            return
        try:
            for entry in walk(path, torn_tail_ok=True):
                if not (isinstance(entry.facts, dict) and _is_time(entry.at)):
                    raise BadJournal(path, entry.n, "its time is none, or its facts are no object")
                self.entries.append(entry)
        except BadJournal as bad:
            self.journal_error = f"line {bad.line}: {bad.why}"
        except (ValueError, TypeError) as error:  # a line that hashes well and holds something else
            self.journal_error = f"line {len(self.entries) + 1}: {error}"
        if self.journal_error:
            self.missing[JOURNAL] = f"not as it was written, {self.journal_error}"

    def _read_json(self, name: str) -> None:
        """Keep a file's content, or note why it is none: a run may die while it writes."""
        path = self.folder / name
        if not path.is_file():
            return
        try:
            content = json.loads(path.read_bytes())
            canonical(content)  # raises at NaN and at halves of characters, which nothing else takes
        except (ValueError, RecursionError) as error:
            self.missing[name] = f"not readable: {error}"
            return
        if isinstance(content, dict) or (name in (APPROVAL, DIFF, UNDO) and isinstance(content, list)):
            self._files[name] = content
        else:
            self.missing[name] = f"not readable: it holds a {type(content).__name__}"

    def _find_notebook(self) -> Path | None:
        found = sorted(path for path in self.folder.glob("*.ipynb") if path.name != SOURCE and path.is_file())
        asked = self.file(REQUEST).get("runbook")
        named = [path for path in found if isinstance(asked, str) and path.name.partition(".")[0] == Path(asked).stem]
        return max(named or found, key=_attempt_of, default=None)


def _attempt_of(notebook: Path) -> int:
    """Which attempt left it: 1, or what its name says."""
    number = notebook.stem.rpartition(".attempt-")[2]
    return int(number) if number.isdecimal() and len(number) < 9 else 1


def _is_time(at: object) -> bool:
    return isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at < YEAR_10000


def steps(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Every call that was begun, with its answer if one came.

    Yields:
        `{"step", "call", "undo", "begun", "ended", "end", "request_id"}`; `ended` is None when no answer was noted, and
        `end` says "done", "found started already", "refused by AWS" or "no answer on record".
    """
    for n, entry in enumerate(evidence.entries):
        if entry.kind == "intent":
            answer = _answer(evidence.entries[n + 1 :], entry.facts.get("step"))
            yield {
                **{name: str(entry.facts.get(name, "")) for name in ("step", "call", "undo")},
                "begun": entry.at,
                "ended": answer.at if answer else None,
                "end": _end(answer),
                "request_id": str(answer.facts.get("request_id") or "") if answer else "",
            }


def _answer(later: list[Entry], step: object) -> Entry | None:
    """What became of a step: its next result, whichever attempt noted it."""
    return next((one for one in later if one.kind in ("result", "refused") and one.facts.get("step") == step), None)


def _end(answer: Entry | None) -> str:
    if answer is None:
        return "no answer on record"
    if answer.kind == "refused":
        return "refused by AWS"
    return "found started already" if answer.facts.get("adopted") is True else "done"
