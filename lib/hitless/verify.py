"""Is a pack as it was sealed? Offline, by its own bytes; the first thing that is wrong is named.

Every file of the seal has one canonical form, so that not even a blank can be added to it. What the checks cannot say:
whether whoever held the key told the truth, and whether a whole run was left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import SSlibKey

from hitless.evidence import JOURNAL, REQUEST, Evidence
from hitless.journal import GENESIS, canonical
from hitless.manifest import ENVELOPE, MANIFEST, PREDICATE, SEAL, STATEMENT, NotPlain, describe, digest, names
from hitless.signing import parse_public_key, read_public_key
from hitless.statement import PAYLOAD_TYPE, journal_state, schema, source_digest
from hitless.verdict import Verdict

SEAL_BYTES_MAX = 64 << 20


class Broken(Exception):
    """A check found something; what it says is what was seen."""


def verify(run_dir: Path | str, key: Path | None = None) -> Verdict:
    """Check a pack against its signature.

    Args:
        run_dir: The sealed run folder, under the name it was sealed with.
        key: The public key it must be signed with; None accepts any and says whose it is not.

    Returns:
        A verdict with a claim a check; it ends at the first that does not hold.

    Raises:
        BadKey: `key` is no public key.
    """
    examination = _Examination(Path(run_dir).resolve(), read_public_key(key) if key else None)
    verdict = Verdict()
    for name, limit, check in examination.checks():
        try:
            seen = check()
        except Broken as broken:
            return verdict.claim(name, measured=str(broken), limit=limit, holds=False)
        except OSError as error:
            return verdict.claim(name, measured=f"cannot be read: {_short(error)}", limit=limit, holds=False)
        verdict.claim(name, measured=seen, limit=limit, holds=True)
    return verdict


def first_wrong(verdict: Verdict) -> str:
    """The claim that failed, for people; "" when all hold."""
    return next((f"{claim.name}: {claim.measured}" for claim in verdict.claims if not claim.holds), "")


class _Examination:
    def __init__(self, folder: Path, key: SSlibKey | None) -> None:
        self._folder, self._wanted = folder, key
        self._payload = b""
        self._statement: dict[str, Any] = {}
        self._manifest: dict[str, Any] = {}

    def checks(self) -> list[tuple[str, str, Callable[[], str]]]:
        """Name, what must be, and the check; each may rely on those before it."""
        return [
            ("seal", "all of it is there", self._seal),
            ("signature", "is over these bytes", self._signature),
            ("signing key", "the one named" if self._wanted else "any; name one with --key", self._key),
            ("statement", "is what was signed", self._copies),
            ("manifest", "is the one signed", self._listing),
            ("files", "as listed", self._files),
            ("journal", "whole, to its end", self._journal),
            ("run", "the one it was sealed as", self._run),
            ("runbook and approvals", "are over what was run", self._approvals),
        ]

    def _seal(self) -> str:
        if not self._folder.is_dir():
            raise Broken(f"{self._folder} is no folder")
        for name in SEAL:
            path = self._folder / name
            if path.is_symlink() or not path.is_file():
                raise Broken(f"{name} is not there: the run was never sealed, or it was removed")
            if path.stat().st_size > SEAL_BYTES_MAX:
                raise Broken(f"{name} is too large to be one")
        return ", ".join(SEAL)

    def _signature(self) -> str:
        content = self._folder.joinpath(ENVELOPE).read_bytes()
        try:
            envelope = Envelope.from_dict(json.loads(content))
            self._payload = envelope.payload
            if canonical(envelope.to_dict()) != content or envelope.payload_type != PAYLOAD_TYPE:
                raise Broken(f"{ENVELOPE} is not in its canonical form")
            self._statement = _parse(STATEMENT, envelope.payload)
            jsonschema.Draft202012Validator(schema()).validate(self._statement)
            signature = self._statement["predicate"]["signature"]
            key = parse_public_key(signature["public_key"].encode())
            if [signature["keyid"]] != list(envelope.signatures) or key.keyid != signature["keyid"]:
                raise Broken(f"{ENVELOPE} names another key than its statement")
            envelope.verify([key], 1)
        except VerificationError:
            raise Broken("it is not over these bytes") from None
        except jsonschema.ValidationError as error:
            raise Broken(f"the statement has another form: {error.json_path}: {_short(error.message)}") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, FormatError) as error:
            raise Broken(f"{ENVELOPE} cannot be read: {_short(error)}") from None
        return f"self-signed, ed25519 {key.keyid[:12]}"

    def _key(self) -> str:
        keyid = self._predicate["signature"]["keyid"]
        if self._wanted is not None and keyid != self._wanted.keyid:
            raise Broken(f"{keyid[:12]}, and the one named is {self._wanted.keyid[:12]}")
        return keyid[:12]

    def _copies(self) -> str:
        if self._folder.joinpath(STATEMENT).read_bytes() != self._payload:
            raise Broken(f"{STATEMENT} is not the signed one")
        if self._folder.joinpath(PREDICATE).read_bytes() != canonical(self._predicate):
            raise Broken(f"{PREDICATE} is not the signed one")
        return f"{_short(self._predicate['runbook']['name'])}, environment {self._predicate['environment']['kind']}"

    def _listing(self) -> str:
        content = self._folder.joinpath(MANIFEST).read_bytes()
        if digest(content) != self._predicate["manifest"]["sha256"]:
            raise Broken(f"{MANIFEST} is not the signed one")
        self._manifest = _parse(MANIFEST, content)
        try:
            listed = {one["name"]: one["sha256"] for one in self._manifest["files"]} | {MANIFEST: digest(content)}
        except (KeyError, TypeError):
            raise Broken(f"{MANIFEST} has another form") from None
        if listed != {one["name"]: one["digest"]["sha256"] for one in self._statement["subject"]}:
            raise Broken(f"{MANIFEST} and {STATEMENT} list different files")
        return f"{len(self._manifest['files'])} files"

    def _files(self) -> str:
        listed = {one["name"]: one for one in self._manifest["files"]}
        try:
            found = set(names(self._folder))
        except NotPlain as strange:
            raise Broken(f"{strange.seen['name']} is no plain file") from None
        for name in sorted(listed.keys() - found):
            raise Broken(f"{_short(repr(name))} is not there")
        for name in sorted(found - listed.keys()):
            raise Broken(f"{_short(repr(name))} was added")
        for name in sorted(found):
            size = self._folder.joinpath(name).stat().st_size
            if size != listed[name]["bytes"] or describe(self._folder, name) != listed[name]:
                raise Broken(f"{_short(repr(name))} was changed")
        return f"{len(found)} as they were, {sum(one['bytes'] for one in listed.values())} bytes"

    def _journal(self) -> str:
        evidence = self._evidence = Evidence.read(self._folder)
        signed = self._predicate["journal"]
        if signed["broken"] or evidence.journal_error:
            raise Broken(f"it was broken when it was sealed, {signed['broken'] or evidence.journal_error}")
        if journal_state(evidence) != {name: signed[name] for name in ("head", "length")}:
            raise Broken(f"{len(evidence.entries)} entries, and {signed['length']} were signed")
        if signed["head"] == GENESIS:
            return "the run left none" if JOURNAL in evidence.missing else "empty"
        return f"{signed['length']} entries to {signed['head'][:12]}"

    def _run(self) -> str:
        signed = self._predicate["invocation"]
        if self._folder.name != signed["folder"]:
            raise Broken(f"the folder is {_short(self._folder.name)}, and {_short(signed['folder'])} was sealed")
        told = [self._evidence.file(REQUEST), *self._evidence.of_kind("opened")]
        for run_id in (str(one["run_id"]) for one in told if one.get("run_id")):
            if run_id != signed["run_id"]:
                raise Broken(f"its record is run {_short(run_id)}'s, and {_short(signed['run_id'])} was sealed")
        return _short(signed["run_id"])

    def _approvals(self) -> str:
        source, asked = source_digest(self._evidence), self._evidence.file(REQUEST).get("runbook_sha256")
        if source and asked and source != asked:
            raise Broken("another runbook was asked for than the one that was kept as run")
        digests = {name: self._predicate[name]["sha256"] for name in ("runbook", "parameters", "plan")}
        for approval in self._evidence.approvals:
            over = approval.get("over")
            for name in digests if isinstance(over, dict) else ():
                if over.get(name) and digests[name] and over[name] != digests[name]:
                    raise Broken(f"{_short(approval.get('by', 'somebody'))} approved another {name}")
        count = len(self._evidence.approvals)
        return f"{count} over what was run" if count else "nobody approved anything"

    @property
    def _predicate(self) -> dict[str, Any]:
        return self._statement["predicate"]


def _parse(name: str, content: bytes) -> dict[str, Any]:
    """Content in its canonical form.

    Raises:
        Broken: It has another, or is no JSON object.
    """
    try:
        value = json.loads(content)
        if not isinstance(value, dict) or canonical(value) != content:
            raise Broken(f"{name} is not in its canonical form")
    except (ValueError, RecursionError) as error:
        raise Broken(f"{name} cannot be read: {_short(error)}") from None
    return value


def _short(text: object) -> str:
    """Somebody else's words, on one line and printable."""
    line = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(text))
    return line if len(line) <= 90 else f"{line[:89]}…"
