"""A run on one page that a manager can read: the verdict first, then everything it rests on, the cells last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hitless import chronicle, difference, page, sanitise
from hitless.clock import duration_text, to_datetime
from hitless.durable import replace
from hitless.evidence import REPORT, UNKNOWN, Evidence, steps
from hitless.finding import headline, subtitle
from hitless.pictures import DARK, LIGHT
from hitless.report_cells import Cell, read_cells
from hitless.statement import versions
from hitless.timeline import Timeline

SIGNALLED = 128


@dataclass(frozen=True)
class Status:
    """How it ended, in two or three words, and what that means."""

    words: str
    tone: str


def write(folder: Path | str) -> Path:
    """Make `report.html` of whatever a run left in its folder, and say what it did not leave."""
    evidence = Evidence.read(folder)
    return replace(evidence.folder / REPORT, render(evidence))


def render(evidence: Evidence) -> str:
    """The page."""
    timeline, cells, no_cells = Timeline.of(evidence.entries), *_cells(evidence.notebook)
    return page.render(
        "report.html",
        run=evidence,
        status=status_of(evidence),
        place=evidence.told("place", "opened") or "nobody recorded where",
        headline=headline(timeline) if timeline.windows else _sentence(evidence),
        lede=subtitle(timeline) if timeline.windows else evidence.reason,
        problems=problems(evidence),
        claims=_rows(evidence.claims, "name", "measured", "limit", "holds"),
        approvals=_rows(evidence.approvals, "by", "at", "source", "over"),
        facts=list(_facts(evidence).items()),
        no_claims="a dry run promises nothing." if evidence.is_dry_run else "no verdict is on record.",
        light=_image(evidence.folder / LIGHT),
        dark=_dark(evidence.folder, timeline),
        missing=evidence.missing,
        lines=chronicle.tell(evidence.entries),
        measured=chronicle.measured(evidence.entries),
        plan_steps=_plan_steps(evidence),
        plan_digest=str(evidence.plan.get("digest") or ""),
        changes=_changes(evidence),
        cells=cells,
        no_cells=no_cells,
        versions=versions(),
    )


def status_of(evidence: Evidence) -> Status:
    """How a run ended: the runner's exit code and the verdict, neither taken for the other."""
    code = evidence.exit_code
    if code is None:
        return Status("No end on record", "alarm")
    word = evidence.outcome.capitalize()
    if code == 3:
        return Status(f"{word}, nothing changed", "gate")
    if code > SIGNALLED:
        return Status("Stopped by a signal", "alarm")
    if code != 0:
        return Status(word, "alarm")
    return {None: Status("Done", "gate"), True: Status("Proven", "good"), False: Status("Not proven", "alarm")}[
        evidence.holds
    ]


def _sentence(evidence: Evidence) -> str:
    title = str(evidence.last("run").get("title") or evidence.runbook)
    if evidence.outcome == UNKNOWN:
        return f"{title}: the record does not say how it ended"
    return f"{title}: {evidence.outcome}"


def _rows(found: list[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    """What was found, with every name in each; "" where it says nothing."""
    return [{name: "" if one.get(name) is None else one[name] for name in names} for one in found]


def problems(evidence: Evidence) -> list[str]:
    """What somebody in a hurry must not overlook."""
    failing = [claim for claim in evidence.claims if claim.get("holds") is not True]
    said = "" if failing else evidence.concluding("outcome").get("said")
    error = str(evidence.concluding("verdict").get("error") or said or "")
    claims = [f"{one.get('name')}: {one.get('measured')}, wanted {one.get('limit')}" for one in failing]
    broken = f"The journal is not as it was written, {evidence.journal_error}" if evidence.journal_error else ""
    return [problem for problem in (broken, error, *claims) if problem]


def _facts(evidence: Evidence) -> dict[str, str]:
    begun, ended = evidence.span
    account = evidence.told("account_id", "opened") or str(evidence.parameters.get("ACCOUNT_ID", ""))
    region = evidence.told("region", "opened") or str(evidence.parameters.get("REGION", ""))
    code = evidence.exit_code
    facts = {
        "runbook": evidence.runbook,
        "run": evidence.run_id,
        "attempts": str(evidence.attempts) if evidence.attempts > 1 else "",
        "undoes": evidence.told("undoes", "opened"),
        "who": evidence.told("actor", "opened"),
        "why": evidence.reason,
        "ticket": evidence.told("ticket", "opened"),
        "environment": evidence.environment,
        "account and region": f"{account} {region}".strip(),
        "began": "" if begun is None else f"{to_datetime(begun):%Y-%m-%d %H:%M:%S} UTC",
        "took": "" if begun is None or ended is None else duration_text(ended - begun),
        "outcome": evidence.outcome + ("" if code is None else f", exit code {code}"),
    }
    return {name: value for name, value in facts.items() if value}


def _plan_steps(evidence: Evidence) -> list[dict[str, str]]:
    """What was planned, each step with whether the journal says that it was done."""
    ended = {step["step"]: step["end"] for step in steps(evidence)}
    planned = evidence.plan.get("steps")
    return [
        {
            "call": str(step.get("call") or f"{step.get('service')}:{step.get('operation')}"),
            "changes": str(step.get("changes", "")),
            "undo": str(step.get("undo", "")),
            "done": ended.get(str(step.get("name")), "not begun"),
        }
        for step in (planned if isinstance(planned, list) else [])
        if isinstance(step, Mapping)
    ]


def _changes(evidence: Evidence) -> list[dict[str, Any]] | None:
    """What became different, as the page shows it; None when nobody looked before and after."""
    before, after = evidence.file("before.json"), evidence.file("after.json")
    if not before or not after:
        return None
    changes = difference.diff(before, after)
    return [{**one, "facts": [(name, *pair) for name, pair in one["facts"].items()]} for one in changes]


def _cells(notebook: Path | None) -> tuple[list[Cell], str]:
    if notebook is None:
        return [], "The run left no executed notebook."
    try:
        return read_cells(notebook), "It has no cells."
    except ValueError as error:
        return [], f"{notebook.name} cannot be read: {error}"


def _dark(folder: Path, timeline: Timeline) -> str:
    """The picture for dark screens; drawn where only the light one was kept."""
    if (folder / DARK).is_file() or not (folder / LIGHT).is_file():
        return _image(folder / DARK)
    from hitless.charts import render

    return sanitise.picture("image/png", render(timeline, "dark"))


def _image(path: Path) -> str:
    return sanitise.picture("image/png", path.read_bytes()) if path.is_file() else ""
