"""Run one runbook headless with papermill: checked parameters, an executed copy, an exit code that can be trusted."""

from __future__ import annotations

import ast
import io
import itertools
import json
import tokenize
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from hitless import engine, errors
from hitless.clock import real_now
from hitless.errors import Failed, HitlessError, Refused
from hitless.stop import Stopped
from hitless.voice import Voice

DONE, REFUSED, FAILED = 0, 3, 4
INTERRUPTED = 128  # and the signal's number
RUNS = Path("runs")


def read_parameters(runbook: Path) -> dict[str, object]:
    """The names a runbook takes, with their defaults.

    Args:
        runbook: A notebook whose cell tagged `parameters` holds literals only.

    Raises:
        Refused: There is no such file, it is no notebook, or it has no such cell.
    """
    return {node.target.id: ast.literal_eval(node.value) for node in _assignments(_parameters_cell(runbook))}


def read_help(runbook: Path) -> dict[str, str]:
    """What the runbook says of each parameter: the comment behind it; "" where there is none.

    Raises:
        Refused: As `read_parameters`.
    """
    source = _parameters_cell(runbook)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    return {node.target.id: comments.get(node.end_lineno, "") for node in _assignments(source)}


def _parameters_cell(runbook: Path) -> str:
    try:
        notebook = nbformat.read(runbook, as_version=4)
    except (OSError, UnicodeDecodeError, nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
        raise Refused(
            f"{runbook} is not a notebook.", seen={"error": error}, do="name one of runbooks/*.ipynb"
        ) from None
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            return cell.source
    raise Refused(f"{runbook} has no cell tagged `parameters`.", do="tag the cell that holds its parameters")


def _assignments(source: str) -> list[ast.AnnAssign]:
    nodes = [node for node in ast.parse(source).body if isinstance(node, ast.AnnAssign) and node.value is not None]
    return [node for node in nodes if isinstance(node.target, ast.Name)]


def convert(defaults: Mapping[str, object], given: Mapping[str, str]) -> dict[str, object]:
    """Give each text the type of its default; nothing is guessed.

    Args:
        defaults: What `read_parameters` read.
        given: {name: text} from the command line.

    Raises:
        Refused: A name is not the runbook's, or a text is not of its type.
    """
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise Refused(
            f"The runbook has no parameter {', '.join(unknown)}.",
            seen={"it has": ", ".join(sorted(defaults))},
            do="correct the name; a misspelt one would run with the default",
        )
    return {name: _typed(name, text, type(defaults[name])) for name, text in given.items()}


def _typed(name: str, text: str, wanted: type) -> object:
    if wanted is bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
    elif wanted is str:
        return text
    else:
        try:
            value = wanted(text)
        except ValueError:
            value = None
        if value is not None and value == value and abs(value) != float("inf"):
            return value
    raise Refused(f"{name} must be a {wanted.__name__}.", seen={name: text}, do="correct the value")


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
    """The run on one page, for people without Jupyter."""
    from hitless import report  # it draws on matplotlib, and only a run that ends needs it

    return report.write(executed.parent)


def read_verdict(run_dir: Path) -> dict:
    """What a run left behind as its verdict.

    Raises:
        FileNotFoundError: It left none: it was refused or died before its end.
    """
    return json.loads((run_dir / "verdict.json").read_text())
