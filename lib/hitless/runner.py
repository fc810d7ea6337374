"""Run one runbook headless with papermill: checked parameters, an executed copy, an ending that is true.

The kernel writes the journal while it lives; this process writes what was asked before it starts and how it ended once
it is gone, whichever way that was.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import papermill
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from hitless import durable, engine, pack
from hitless.audit_io import guarded
from hitless.clock import real_now
from hitless.ending import DONE, FAILED, REFUSED, SIGNALLED, Ending, cut_off, of_error, read_past, write_outcome
from hitless.engine import Record
from hitless.errors import Refused
from hitless.known_secrets import redactor_of
from hitless.lease_return import give_back
from hitless.parameters_cell import read_parameters
from hitless.redaction import NotRedacted, Redactor
from hitless.request import FILE, Request, check_reason, sha256_of, who
from hitless.run_folder import JOURNAL, RUNS
from hitless.schema import read_schema
from hitless.stop import Stopped, held
from hitless.target import aims_at_lab
from hitless.voice import Voice

__all__ = ["DONE", "FAILED", "INTERRUPTED", "REFUSED", "RUNS", "new_folder", "resume", "run"]

INTERRUPTED = SIGNALLED
SOURCE = "runbook.source.ipynb"
DEATH = "The kernel died, and with it every step after the failed one; if nobody killed it, memory may have run out."


@dataclass(frozen=True)
class Settings:
    """How a runbook is run, beside its parameters.

    Attributes:
        approve: `lab`, or the code of an approval.
        approval: An approval as a file holds it.
        cell_timeout_s: Real seconds one cell may take; None for any.
        stop_grace_s: Real seconds an interrupted cell may take to clean up; then its kernel is ended.
        undoes: Run id of the run that this one undoes.
    """

    approve: str = ""
    approval: Mapping[str, object] | None = None
    cell_timeout_s: float | None = None
    stop_grace_s: float = engine.GRACE_S
    undoes: str = ""


def run(
    runbook: Path, given: Mapping[str, object], run_dir: Path | None = None, settings: Settings | None = None
) -> int:
    """Execute a runbook and keep the record.

    SIGINT, SIGTERM and SIGHUP interrupt the running cell; see `hitless.engine`.

    Args:
        runbook: The notebook.
        given: Parameters of the right types already.
        run_dir: Folder of this run; `runs/<runbook>/<run id>` by default.
        settings: Approval and limits.

    Returns:
        0 done, 3 nothing was changed, 4 something was changed or may have been, 130 or 143 stopped by a signal.

    Raises:
        Refused: It would write without a reason, or the folder holds another run; nothing was executed.
    """
    settings = settings or Settings()
    parameters = {name: value for name, value in read_parameters(runbook).items() if name != "RUN_DIR"} | dict(given)
    check_reason(parameters)
    run_dir = run_dir or new_folder(RUNS / runbook.stem)
    if (run_dir / JOURNAL).exists() or (run_dir / FILE).exists():
        do = f"go on with it: hitless run --resume {run_dir}; or name another --run-dir"
        raise Refused("The folder holds a run already.", seen={"folder": run_dir}, do=do)
    _require_no_secret(runbook, parameters)
    run_dir.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(runbook, run_dir / SOURCE)
    request = Request(
        runbook=runbook.stem,
        run_id=run_dir.name if run_dir.parent == RUNS / runbook.stem else new_run_id(),
        runbook_sha256=sha256_of(runbook),
        parameters=parameters,
        given=dict(given),
        actor=who(),
        approve=settings.approve,
        approval=dict(settings.approval or {}),
        undoes=settings.undoes,
        headless=True,
    )
    return _attempt(request, run_dir, settings)


def resume(run_dir: Path, settings: Settings | None = None) -> int:
    """Go on with a run that was cut off, or failed half-way: adopt what it has started, do what is left.

    Args:
        run_dir: Its folder.
        settings: A new approval, if the first attempt ended before its own.

    Returns:
        As `run`.

    Raises:
        Refused: There is no such run, it is done, or its runbook was changed since.
        BadJournal: Its journal was tampered with.
    """
    settings = settings or Settings()
    try:
        request = Request.read(run_dir)
    except FileNotFoundError:
        raise Refused("There is no run to go on with.", seen={"folder": run_dir}, do="see hitless history") from None
    past = read_past(run_dir)
    if past is not None and past.outcome == "done":
        raise Refused("That run is done.", seen={"folder": run_dir}, do="hitless undo, if it should not have been")
    if sha256_of(run_dir / SOURCE) != request.runbook_sha256:
        raise Refused("The runbook of that run was changed.", seen={"file": run_dir / SOURCE}, do="begin a new run")
    approved = {"approve": settings.approve} if settings.approve else {}
    approved |= {"approval": dict(settings.approval)} if settings.approval else {}
    return _attempt(replace(request, **approved, headless=True), run_dir, settings)


def new_run_id() -> str:
    """A name nobody else has: UTC, and chance."""
    return f"{_stamp()}-{secrets.token_hex(3)}"


def new_folder(parent: Path) -> Path:
    """Make a folder named by the time, UTC; of several in the same second each gets its own."""
    stem = _stamp()
    for name in itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2))):
        try:
            (parent / name).mkdir(parents=True)
        except FileExistsError:
            continue
        return parent / name
    raise AssertionError("there is always another number")


def _stamp() -> str:
    return datetime.fromtimestamp(real_now(), UTC).strftime("%Y%m%dT%H%M%SZ")


def _attempt(request: Request, run_dir: Path, settings: Settings) -> int:
    redactor = _redactor(run_dir / SOURCE, request.parameters)
    request.write(run_dir, redactor)
    attempts = len(list(run_dir.glob(f"{request.runbook}*.ipynb")))
    name = request.runbook if attempts == 0 else f"{request.runbook}.attempt-{attempts + 1}"
    executed, interruption = run_dir / f"{name}.ipynb", engine.Interruption(settings.stop_grace_s)
    ending = cut_off("failed", None, "it did not get to its end")
    try:
        with _named_to_aws(request.run_id), guarded(executed, redactor) as address:
            kernel = Kernel(address, Voice(str(executed), redactor=redactor), interruption, settings.cell_timeout_s)
            ending = _execute(request, run_dir, kernel)
    finally:
        with held(lambda _number: None):  # half a record would be worse than a moment's wait
            ending = _as_interrupted(ending, interruption)
            _settle(request, run_dir, executed, ending, redactor)
    return ending.exit_code


@dataclass(frozen=True)
class Kernel:
    """How one attempt is executed.

    Attributes:
        address: Where papermill writes the executed notebook.
        voice: Says on the terminal what cells say.
        interruption: What asks it to stop.
        cell_timeout_s: Real seconds one cell may take.
    """

    address: str
    voice: Voice
    interruption: engine.Interruption
    cell_timeout_s: float | None


def _require_no_secret(runbook: Path, parameters: Mapping[str, object]) -> None:
    """Refuse a runbook whose file itself holds a secret: its digest is what is approved, so it cannot be redacted."""
    try:
        _redactor(runbook, parameters).require_clean(runbook.read_text(encoding="utf-8"))
    except NotRedacted as found:
        do = "take it out of the notebook; secrets come by reference"
        raise Refused("The runbook's file holds a secret.", seen={"which": found.what.split()[0]}, do=do) from None


def _redactor(source: Path, parameters: Mapping[str, object]) -> Redactor:
    session = None if aims_at_lab() else boto3.Session()  # the lab's keys are in the environment
    return redactor_of(session=session, schema=read_schema(source), values=parameters)


def _execute(request: Request, run_dir: Path, kernel: Kernel) -> Ending:
    try:
        executed = papermill.execute_notebook(
            run_dir / SOURCE,
            kernel.address,
            {**request.given, "RUN_DIR": str(run_dir)},
            engine_name=engine.NAME,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=Path.cwd(),
            interruption=kernel.interruption,
            cell_timeout_s=kernel.cell_timeout_s,
            voice=kernel.voice,
        )
    except PapermillExecutionError as failed:
        return of_error(failed.ename, failed.evalue, read_past(run_dir))
    except Stopped as stopped:
        return cut_off("cancelled", read_past(run_dir), f"stopped by {stopped}")
    except DeadKernelError:
        if not kernel.interruption.asked:
            print(DEATH, file=sys.stderr)
        return cut_off("kernel died", read_past(run_dir), DEATH)
    if _stopped_early(executed):
        return cut_off("stopped early", read_past(run_dir), "a cell ended the run by itself")
    return Ending("done", DONE)


def _stopped_early(executed: NotebookNode) -> bool:
    """A cell said `sys.exit(0)`, which papermill takes for success."""
    states = [cell.metadata.get("papermill", {}).get("status") for cell in executed.cells]
    return any(state not in (None, Record.COMPLETED) for state in states)


def _as_interrupted(ending: Ending, interruption: engine.Interruption) -> Ending:
    """Who was told to stop did not fail by himself."""
    if interruption.number:
        return replace(ending, outcome="cancelled", exit_code=INTERRUPTED + interruption.number)
    if interruption.timed_out:
        return replace(ending, outcome="timeout", exit_code=ending.exit_code or FAILED)
    return ending


def _settle(request: Request, run_dir: Path, executed: Path, ending: Ending, redactor: Redactor) -> None:
    ending = replace(ending, said=redactor.redact_text(ending.said))
    write_outcome(run_dir, ending)
    _mark(executed, request, ending)
    give_back(request, run_dir, ending)
    for path in run_dir.iterdir():
        redactor.require_clean(path.read_bytes().decode("utf-8", "replace"))  # what slipped through is not signed
    pack.seal(run_dir)
    if ending.exit_code:
        told = f"{ending.outcome}: exit code {ending.exit_code}; what was done and what to do: hitless status {run_dir}"
        print(told, file=sys.stderr)


def _mark(executed: Path, request: Request, ending: Ending) -> None:
    """Let the executed notebook say how it ended, too; what it says is redacted already."""
    if not executed.exists():
        return
    notebook = json.loads(executed.read_text())
    notebook["metadata"].setdefault("hitless", {})["run"] = {"run_id": request.run_id, **asdict(ending)}
    durable.replace(executed, json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


@contextlib.contextmanager
def _named_to_aws(run_id: str) -> Iterator[None]:
    """Show AWS's own log the run's id: in the user agent of each call, and as the session's name of a role."""
    before = dict(os.environ)
    os.environ |= {"AWS_SDK_UA_APP_ID": f"hitless-{run_id}"[:50], "AWS_ROLE_SESSION_NAME": f"hitless-{run_id}"[:64]}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
