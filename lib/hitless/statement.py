"""What is signed of a run: an in-toto statement over its files, with a predicate that says what the run was.

The form is `schemas/runbook-run.v1.json`. Numbers are text, so that every language writes the same canonical bytes.
"""

from __future__ import annotations

import functools
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from hitless.clock import to_datetime
from hitless.evidence import SOURCE, Evidence
from hitless.journal import GENESIS, canonical
from hitless.manifest import MANIFEST, digest, digest_of
from hitless.signing import public_pem

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://hitless.invalid/runbook-run/v1"  # a name only: no page is promised there
PAYLOAD_TYPE = "application/vnd.in-toto+json"
TOOLS = ("hitless", "papermill", "nbclient", "ipykernel", "boto3", "securesystemslib")


def make_predicate(evidence: Evidence, manifest: Mapping[str, Any], signer: CryptoSigner) -> dict[str, Any]:
    """Say what a run was, who asked, who approved, how it ended, and what its record must look like."""
    key = signer.public_key
    return {
        "approvals": [_text_only(approval) for approval in evidence.approvals],
        "change": {"reason": evidence.reason, "ticket": evidence.told("ticket", "opened")},
        "environment": _environment(evidence),
        "finished": _utc(evidence.span[1]),
        "invocation": {
            "actor": evidence.told("actor", "opened"),
            "attempt": str(evidence.attempts),
            "folder": evidence.folder.name,
            "run_id": evidence.run_id,
        },
        "journal": {**journal_state(evidence), "broken": evidence.journal_error},
        "manifest": {"files": str(len(manifest["files"])), "sha256": digest_of(manifest)},
        "missing": dict(evidence.missing),
        "outcome": {"exit_code": _text(evidence.exit_code), "name": evidence.outcome},
        "parameters": {"sha256": _hex(evidence.told("parameters_sha256") or evidence.last("parameters").get("sha256"))},
        "plan": {"sha256": _hex(evidence.plan.get("digest"))},
        "runbook": {"name": evidence.runbook, "sha256": source_digest(evidence) or _asked(evidence)},
        "signature": {"keyid": key.keyid, "kind": "self-signed", "public_key": public_pem(key)},
        "started": _utc(evidence.span[0]),
        "tool": versions(),
        "verdict": {
            "failed": str(sum(claim.get("holds") is not True for claim in evidence.claims)),
            "passed": str(sum(claim.get("holds") is True for claim in evidence.claims)),
        },
    }


def make_statement(manifest: Mapping[str, Any], predicate: Mapping[str, Any]) -> dict[str, Any]:
    """Tie a predicate to every file of a manifest, and to the manifest."""
    subjects = {one["name"]: one["sha256"] for one in manifest["files"]} | {MANIFEST: digest_of(manifest)}
    return {
        "_type": TYPE,
        "predicate": predicate,
        "predicateType": PREDICATE_TYPE,
        "subject": [{"digest": {"sha256": sha256}, "name": name} for name, sha256 in sorted(subjects.items())],
    }


def sign(payload: bytes, signer: CryptoSigner) -> bytes:
    """A DSSE envelope around a statement, in its one canonical form."""
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return canonical(envelope.to_dict())


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a statement."""
    return json.loads(files("hitless").joinpath("schemas", "runbook-run.v1.json").read_text())


def journal_state(evidence: Evidence) -> dict[str, str]:
    """Head and length of a journal: what keeps its end from being cut off unseen."""
    head = evidence.entries[-1].hash if evidence.entries else GENESIS
    return {"head": head, "length": str(len(evidence.entries))}


def source_digest(evidence: Evidence) -> str:
    """SHA-256 of the runbook as it was run; "" where its source was not kept."""
    source = evidence.folder / SOURCE
    return digest(source.read_bytes()) if source.is_file() else ""


def _asked(evidence: Evidence) -> str:
    """The digest of the runbook as it was asked for; in JupyterLab nobody keeps its source."""
    return _hex(evidence.told("runbook_sha256", "opened"))


def versions() -> dict[str, str]:
    """What ran: Python and the packages that matter."""
    found = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in TOOLS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # hitless itself, run from a checkout
            found[name] = "not installed"
    return found


def _environment(evidence: Evidence) -> dict[str, str]:
    parameters = evidence.parameters
    return {
        "account": evidence.told("account_id", "opened") or str(parameters.get("ACCOUNT_ID", "")),
        "kind": evidence.environment,
        "region": evidence.told("region", "opened") or str(parameters.get("REGION", "")),
    }


def _text_only(value: Any) -> Any:
    """The same with numbers as text."""
    if isinstance(value, Mapping):
        return {str(name): _text_only(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_text_only(one) for one in value]
    return _text(value)


def _text(value: object) -> str:
    return "" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)


def _hex(value: object) -> str:
    """A digest as it was noted; "" where there is none, or something else stands there."""
    text = str(value or "").removeprefix("sha256:")
    return text if len(text) == 64 and not text.strip("0123456789abcdef") else ""


def _utc(epoch_s: float | None) -> str:
    return "" if epoch_s is None else to_datetime(epoch_s).isoformat(timespec="milliseconds")
