"""Run one runbook headless with papermill: checked parameters, an executed copy, an exit code that can be trusted."""

from __future__ import annotations

import ast
import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from hitless import errors
from hitless.clock import real_now
from hitless.errors import HitlessError, Refused

DONE, REFUSED, FAILED = 0, 3, 4
RUNS = Path("runs")


def read_parameters(runbook: Path) -> dict[str, object]:
    """The names a runbook takes, with their defaults.

    Args:
        runbook: A notebook whose cell tagged `parameters` holds literals only.

    Raises:
        Refused: There is no such file, it is no notebook, or it has no such cell.
    """
    try:
        notebook = nbformat.read(runbook, as_version=4)
    except (FileNotFoundError, nbformat.reader.NotJSONError) as error:
        raise Refused(
            f"{runbook} is not a notebook.", seen={"error": error}, do="name one of runbooks/*.ipynb"
        ) from None
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            return _assignments(cell.source)
    raise Refused(f"{runbook} has no cell tagged `parameters`.", do="tag the cell that holds its parameters")


def _assignments(source: str) -> dict[str, object]:
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = ast.literal_eval(node.value)
    return found


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

    Args:
        runbook: The notebook.
        given: Parameters of the right types already.
        run_dir: Folder of this run; `runs/<runbook>/<UTC time>` by default.

    Returns:
        0 done, 3 refused (nothing was changed), 4 failed (something was changed).
    """
    run_dir = run_dir or RUNS / runbook.stem / datetime.fromtimestamp(real_now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    run_dir.mkdir(parents=True, exist_ok=True)
    executed = run_dir / runbook.name
    _say_what_the_notebook_prints()
    try:
        papermill.execute_notebook(
            runbook,
            executed,
            {**given, "RUN_DIR": str(run_dir)},
            kernel_name="python3",
            log_output=True,
            progress_bar=False,
            cwd=Path.cwd(),
            coalesce_streams=True,
        )
        return DONE
    except PapermillExecutionError as stopped:
        return _exit_code(stopped.ename)
    finally:
        if executed.exists():
            write_report(executed)


def _exit_code(error_name: str) -> int:
    kind = getattr(errors, error_name, None)
    known = isinstance(kind, type) and issubclass(kind, HitlessError)
    return kind.exit_code if known else FAILED


def _say_what_the_notebook_prints() -> None:
    logger = logging.getLogger("papermill")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("  %(message)s"))
        handler.addFilter(lambda record: record.funcName == "log_output_message")
        logger.addHandler(handler)
        logger.propagate = False
    logger.setLevel(logging.INFO)


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
