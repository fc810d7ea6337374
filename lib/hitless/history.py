"""Every run of a folder on one page: what, where, who, when, how it ended, and whether its record still holds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hitless import page
from hitless.clock import to_datetime
from hitless.durable import replace
from hitless.evidence import JOURNAL, REPORT, REQUEST, Evidence
from hitless.manifest import ENVELOPE
from hitless.report import Status, status_of
from hitless.verify import first_wrong, verify

VERIFIED, SELF_SIGNED, BROKEN, NOT_SEALED = "verified", "self-signed", "broken", "not sealed"
TONES = {VERIFIED: "good", SELF_SIGNED: "gate", BROKEN: "alarm", NOT_SEALED: "alarm"}
MARKS = (JOURNAL, REQUEST, ENVELOPE)
"""A folder that holds one of these is a run's."""


@dataclass(frozen=True)
class Row:
    """One run."""

    began_s: float
    began: str
    runbook: str
    place: str
    who: str
    why: str
    status: Status
    badge: str
    tone: str
    wrong: str
    link: str


def write(runs: Path, out: Path, key: Path | None = None) -> Path:
    """Make the index of every run under a folder.

    Args:
        runs: Searched to any depth.
        out: The page; its links to the reports are relative to it.
        key: The public key that makes a pack "verified" and another's "broken"; None makes every whole one
            "self-signed".
    """
    rows = sorted(read_rows(runs, out.parent, key), key=lambda row: row.began_s, reverse=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    counts = Counter(row.badge for row in rows)
    return replace(
        out, page.render("history.html", rows=rows, counts=", ".join(f"{n} {badge}" for badge, n in counts.items()))
    )


def read_rows(runs: Path, page_folder: Path, key: Path | None = None) -> Iterator[Row]:
    """Every run under a folder, in no order."""
    for folder in sorted({mark.parent for name in MARKS for mark in runs.rglob(name)}):
        yield _row(Evidence.read(folder), page_folder, *badge_of(folder, key))


def badge_of(folder: Path, key: Path | None = None) -> tuple[str, str]:
    """What a record is worth, and the first thing that is wrong with it."""
    if not (folder / ENVELOPE).is_file():
        return NOT_SEALED, ""
    wrong = first_wrong(verify(folder, key))
    return (BROKEN, wrong) if wrong else (VERIFIED if key else SELF_SIGNED, "")


def _row(evidence: Evidence, page_folder: Path, badge: str, wrong: str) -> Row:
    began = evidence.span[0]
    report = evidence.folder / REPORT
    return Row(
        began_s=began or 0.0,
        began="" if began is None else f"{to_datetime(began):%Y-%m-%d %H:%M}",
        runbook=evidence.runbook,
        place=evidence.told("place", "opened"),
        who=evidence.told("actor", "opened"),
        why=" ".join(filter(None, (evidence.told("ticket", "opened"), evidence.reason))),
        status=status_of(evidence),
        badge=badge,
        tone=TONES[badge],
        wrong=wrong,
        link=quote(os.path.relpath(report, page_folder.resolve())) if report.is_file() else "",
    )
