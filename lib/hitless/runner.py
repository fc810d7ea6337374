"""Run one runbook headless with papermill: checked parameters, an executed copy, an exit code that can be trusted."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from hitless import engine, errors
from hitless.clock import real_now
from hitless.errors import Failed, HitlessError, Refused
from hitless.parameters_cell import read_parameters
from hitless.stop import Stopped
from hitless.voice import Voice

DONE, REFUSED, FAILED = 0, 3, 4
INTERRUPTED = 128  # and the signal's number
RUNS = Path("runs")


def run(runbook: Path, given: Mapping[str, object], run_dir: Path | None = None) -> int:
    """Execute a runbook and keep the executed copy and its report.

    SIGINT, SIGTERM and SIGHUP interrupt the running cell; see `hitless.engine`.

    Args:
        runbook: The notebook.
        given: Parameters of the right types already.
        run_dir: Folder of this run; `runs/<runbook>/<UTC time>` by default.

    Returns:
        0 done, 3 refused (nothing was changed), 4 failed (something was changed), 130 or 143 stopped by a signal.

    Raises:
        Refused: It would write without a reason; nothing was executed.
    """
    check_reason(read_parameters(runbook) | dict(given))
    run_dir = run_dir or new_folder(RUNS / runbook.stem)
    run_dir.mkdir(parents=True, exist_ok=True)
    executed, interruption = run_dir / runbook.name, engine.Interruption()
    try:
        code = _execute(runbook, executed, {**given, "RUN_DIR": str(run_dir)}, interruption)
    finally:
        if executed.exists():
            write_report(executed)
    return INTERRUPTED + interruption.number if interruption.number else code


def new_folder(parent: Path) -> Path:
    """Make a folder named by the time, UTC; of several in the same second each gets its own."""
    stem = datetime.fromtimestamp(real_now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    for name in itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2))):
        try:
            (parent / name).mkdir(parents=True)
        except FileExistsError:
            continue
        return parent / name
    raise AssertionError("there is always another number")


def check_reason(parameters: Mapping[str, object]) -> None:
    """Refuse to change anything without saying why.

    Args:
        parameters: All of a runbook's, defaults included.

    Raises:
        Refused: `DRY_RUN` is false and `REASON` empty.
    """
    if parameters.get("DRY_RUN") is False and not str(parameters.get("REASON", "-")).strip():
        raise Refused("A run that changes something needs a reason.", seen={"REASON": '""'}, do="give -p REASON='why'")


def _execute(runbook: Path, executed: Path, parameters: dict[str, object], interruption: engine.Interruption) -> int:
    try:
        papermill.execute_notebook(
            runbook,
            executed,
            parameters,
            engine_name=engine.NAME,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=Path.cwd(),
            interruption=interruption,
            voice=Voice(str(executed)),
        )
    except PapermillExecutionError as stopped:
        return _exit_code(stopped.ename)
    except Stopped:
        return FAILED  # the caller knows the signal
    except DeadKernelError:
        if not interruption.number:
            _raise_dead(executed)
    return DONE


def _raise_dead(executed: Path) -> None:
    do = "look at what was changed, then run it again; if nobody killed it, memory may have run out"
    raise Failed("The kernel died, and with it every step after the failed one.", seen={"record": executed}, do=do)


def _exit_code(error_name: str) -> int:
    kind = getattr(errors, error_name, None)
    known = isinstance(kind, type) and issubclass(kind, HitlessError)
    return kind.exit_code if known else FAILED


def write_report(executed: Path) -> Path:
    """An HTML copy of an executed notebook, for people without Jupyter."""
    from nbconvert import HTMLExporter  # a second to import, and only reports need it

    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    body, _ = exporter.from_filename(str(executed))
    report = executed.with_name("report.html")
    report.write_text(body, encoding="utf-8")
    return report


def read_verdict(run_dir: Path) -> dict:
    """What a run left behind as its verdict.

    Raises:
        FileNotFoundError: It left none: it was refused or died before its end.
    """
    return json.loads((run_dir / "verdict.json").read_text())
