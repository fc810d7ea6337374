"""The run as a Process Run Crate: the standard graph of what ran, on what, by whom, with what result (RO-Crate 1.1)."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hitless.clock import real_now, to_datetime
from hitless.durable import replace
from hitless.evidence import JOURNAL, SOURCE, Evidence, steps
from hitless.manifest import names
from hitless.statement import versions

METADATA = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
LICENSE = "#licence"
ENGINE = "https://hitless.invalid/software"  # a name only: no page is promised there
TYPES = {".jsonl": "application/jsonl", ".ipynb": "application/x-ipynb+json"}
DONE = ("done", "found started already")
ACTIONS = ("CreateAction", "UpdateAction")
Entity = dict[str, Any]


def write(evidence: Evidence) -> Path:
    """Describe every file of a run's folder and every call that was made."""
    graph = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": list(_graph(evidence))}
    return replace(evidence.folder / METADATA, json.dumps(graph, indent=1))


def _graph(evidence: Evidence) -> Iterator[Entity]:
    parts = [name for name in names(evidence.folder) if name != METADATA]
    actions = [_run(evidence, parts), *_steps(evidence)]
    yield {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": _ref("./"),
        "conformsTo": _ref("https://w3id.org/ro/crate/1.1"),
    }
    yield {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{evidence.runbook}, run {evidence.run_id}",
        "description": evidence.reason or "The record of one run of a runbook.",
        "datePublished": _time(real_now()),
        "license": _ref(LICENSE),
        "author": _ref("#actor"),
        "conformsTo": _ref(PROFILE),
        "hasPart": [_ref(_path(name)) for name in parts],
        "mentions": [_ref(action["@id"]) for action in actions if action["@type"] in ACTIONS],
    }
    yield {"@id": LICENSE, "@type": "CreativeWork", "name": "None: the record belongs to whoever ran the runbook"}
    yield {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    yield from (_file(evidence.folder, name) for name in parts)
    yield {
        "@id": ENGINE,
        "@type": "SoftwareApplication",
        "name": "Hitless",
        "softwareVersion": ", ".join(f"{name} {version}" for name, version in versions().items()),
        "url": ENGINE,
    }
    yield {"@id": "#actor", "@type": "Person", "name": evidence.told("actor", "opened") or "not recorded"}
    yield from actions


def _run(evidence: Evidence, parts: list[str]) -> Entity:
    """The runbook's execution; its status is the record's, never a guess."""
    begun, ended = evidence.span
    return {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Run {evidence.runbook}",
        "description": f"Its outcome, as the runner noted it: {evidence.outcome}.",
        "instrument": _ref(ENGINE),
        "agent": _ref("#actor"),
        **({"object": _ref(SOURCE)} if SOURCE in parts else {}),
        "result": [_ref(_path(name)) for name in parts if name != SOURCE],
        "actionStatus": _status(evidence.exit_code == 0),
        **_span(begun, ended),
    }


def _steps(evidence: Evidence) -> Iterator[Entity]:
    for n, step in enumerate(steps(evidence), 1):
        yield {"@id": f"#call-{n}", "@type": "PropertyValue", "name": "AWS call", "value": step["call"]}
        yield {
            "@id": f"#step-{n}",
            "@type": "UpdateAction",
            "name": f"{step['step']}: {step['call']}",
            "description": f"Undo: {step['undo'] or 'not noted'}. AWS request {step['request_id'] or 'not answered'}.",
            "instrument": _ref(ENGINE),
            "agent": _ref("#actor"),
            "object": _ref(f"#call-{n}"),
            "result": _ref(JOURNAL),
            "actionStatus": _status(step["end"] in DONE),
            **_span(step["begun"], step["ended"]),
        }


def _file(folder: Path, name: str) -> Entity:
    path = folder / name
    form = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "text/plain"
    size = str(path.stat().st_size)
    return {"@id": _path(name), "@type": "File", "name": name, "contentSize": size, "encodingFormat": form}


def _status(completed: bool) -> str:
    return f"http://schema.org/{'Completed' if completed else 'Failed'}ActionStatus"


def _span(begun: float | None, ended: float | None) -> Entity:
    times = {"startTime": begun, "endTime": ended}
    return {name: _time(at) for name, at in times.items() if at is not None}


def _time(epoch_s: float) -> str:
    return to_datetime(epoch_s).isoformat(timespec="milliseconds")


def _ref(entity: str) -> Entity:
    return {"@id": entity}


def _path(name: str) -> str:
    return quote(name)
