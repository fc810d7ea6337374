"""A run in Markdown, for the page of a workflow or a comment on a pull request; a view of its record.

Whatever the record quotes may come from elsewhere, so it is escaped: no markup, no mention of anybody.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hitless.approval import CODE_LENGTH_MIN, code_of
from hitless.evidence import Evidence
from hitless.report import problems, status_of
from hitless.spark import chart

SPECIAL = {ord(sign): f"&#{ord(sign)};" for sign in "|`*_[]()#@~\\!:"}
MARKS = {True: "✅", False: "❌"}
LONGEST = 300  # characters of one cell
CHANGES_MAX = 60  # lines; the report has all
ICONS = {"good": "✅", "gate": "☑️", "alarm": "❌"}


def markdown(run_dir: Path | str) -> str:
    """What became of a run: its end, its plan, its verdict, its chart.

    Args:
        run_dir: The run's folder, whatever is in it.
    """
    evidence = Evidence.read(run_dir)
    parts = [_head(evidence), _facts(evidence), _plan(evidence), _verdict(evidence), _picture(evidence)]
    return "\n\n".join(part for part in parts if part) + "\n"


def safe(value: object) -> str:
    """Text that means itself in a table of GitHub's Markdown."""
    text = " ".join(str(value).split())
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return html.escape(text, quote=False).translate(SPECIAL)


def _head(evidence: Evidence) -> str:
    status = status_of(evidence)
    told = "".join(f"\n> {safe(problem)}" for problem in problems(evidence))
    return f"### {ICONS[status.tone]} {safe(evidence.runbook)}: {safe(status.words)}\n{told}".rstrip()


def _facts(evidence: Evidence) -> str:
    approvals = ", ".join(f"{one.get('by')} ({one.get('source')})" for one in evidence.approvals)
    rows = {
        "environment": evidence.parameters.get("NAME"),
        "why": evidence.reason,
        "asked by": evidence.told("actor", "opened"),
        "approved by": approvals,
        "run": evidence.run_id,
    }
    return _table(("", ""), [(name, safe(value)) for name, value in rows.items() if value])


def _plan(evidence: Evidence) -> str:
    steps = [step for step in evidence.plan.get("steps", ()) if isinstance(step, Mapping)]
    if not steps:
        return ""
    rows = [(safe(step.get("name")), safe(step.get("changes")), safe(step.get("undo"))) for step in steps]
    return "\n\n".join(filter(None, (_table(("step", "changes", "undo"), rows), _changes(steps), _code(evidence))))


def _changes(steps: Iterable[Mapping]) -> str:
    """What Terraform would do to each resource."""
    found = [one for step in steps for one in (step.get("facts") or {}).get("changes", ()) if isinstance(one, Mapping)]
    if not found:
        return ""
    lines = [f"| {safe(one.get('action'))} | {safe(one.get('address'))} |" for one in found[:CHANGES_MAX]]
    more = f"\n\n… and {len(found) - CHANGES_MAX} more, in the report" if len(found) > CHANGES_MAX else ""
    table = "\n".join(["| action | resource |", "|---|---|", *lines]) + more
    return f"<details><summary>{len(found)} resources</summary>\n\n{table}\n\n</details>"


def _code(evidence: Evidence) -> str:
    request = evidence.file("request.json")
    if not evidence.is_dry_run:
        return ""
    over = {"runbook": request["runbook_sha256"], "parameters": request["parameters_sha256"]}
    code = code_of({**over, "plan": evidence.plan["digest"]})[:CODE_LENGTH_MIN]
    return f"Nothing was changed. Who approves this approves exactly the plan **{code}**; another one is refused."


def _verdict(evidence: Evidence) -> str:
    rows = [
        (MARKS[one.get("holds") is True], safe(one.get("name")), safe(one.get("measured")), safe(one.get("limit")))
        for one in evidence.claims
    ]
    return _table(("", "claim", "measured", "limit"), rows) if rows else ""


def _picture(evidence: Evidence) -> str:
    drawn = chart(evidence.entries)
    return f"```text\n{drawn}\n```\n\nThe picture is `timeline.png` in the run's artifact." if drawn else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
