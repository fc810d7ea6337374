"""Make the evidence pack of a run: report, crate, manifest, statement, signature, in this order, the last one last."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

from hitless import crate, difference, manifest, report
from hitless.durable import remove, remove_unfinished, replace
from hitless.errors import Refused
from hitless.evidence import DIFF, JOURNAL, Evidence
from hitless.journal import canonical
from hitless.signing import open_signer
from hitless.statement import make_predicate, make_statement, sign
from hitless.verdict import Verdict
from hitless.verify import first_wrong, verify

__all__ = ["first_wrong", "seal", "verify"]


def seal(run_dir: Path | str, key: Path | None = None) -> Path:
    """Make a run folder a pack that anybody can check; sealing again replaces the seal.

    Works on whatever the run left, and says what it did not leave. Nothing may write to the folder meanwhile. A pack
    whose sealing was cut off has no signature.

    Args:
        run_dir: The run's folder.
        key: The private key; the user's own by default, made when there is none.

    Returns:
        The signed envelope.

    Raises:
        Refused: There is no such folder, the run still writes its journal, the folder holds something that is no plain
            file, or the key cannot be used.
    """
    folder, signer = Path(run_dir).resolve(), open_signer(key)
    if not folder.is_dir():
        raise Refused("There is no such run.", seen={"folder": folder}, do="name a folder under runs/")
    _refuse_while_written(folder / JOURNAL)
    remove(*(folder / name for name in reversed(manifest.SEAL)))
    remove_unfinished(folder)
    _keep_diff(folder)
    report.write(folder)
    evidence = Evidence.read(folder)
    crate.write(evidence)
    listing = manifest.make(folder)
    predicate = make_predicate(evidence, listing, signer)
    payload = canonical(make_statement(listing, predicate))
    replace(folder / manifest.MANIFEST, canonical(listing))
    replace(folder / manifest.PREDICATE, canonical(predicate))
    replace(folder / manifest.STATEMENT, payload)
    return replace(folder / manifest.ENVELOPE, sign(payload, signer))


def require(run_dir: Path | str, verdict: Verdict) -> None:
    """Go on only with a pack that is as it was sealed.

    Raises:
        Refused: It is not; `seen` names the first thing that is wrong.
    """
    wrong = first_wrong(verdict)
    if wrong:
        do = "trust the copy kept elsewhere; seal again only if you know why it differs"
        raise Refused("The pack is not as it was sealed.", seen={"pack": run_dir, "first": wrong}, do=do)


def _keep_diff(folder: Path) -> None:
    evidence = Evidence.read(folder)
    before, after = evidence.file("before.json"), evidence.file("after.json")
    if before and after:
        replace(folder / DIFF, json.dumps(difference.diff(before, after), indent=1))


def _refuse_while_written(journal: Path) -> None:
    if not journal.is_file():
        return
    with journal.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("The run still writes its journal.", seen={"journal": journal}, do="wait for it") from None
