"""`hitless run` and `hitless list`: what a command line says, made into checked parameters."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitless.errors import Refused
from hitless.parameters import allowed, from_file, from_pairs, validate
from hitless.safe_text import shown
from hitless.schema import TYPES, Schema, read_schema
from hitless.target import aims_at_lab, require_named

if TYPE_CHECKING:
    from hitless.runner import Settings

RUNBOOKS = Path("runbooks")
INDENT_MAX = 40  # characters of the first column of `--help`


def do_run(arguments: argparse.Namespace) -> int:
    """Check the parameters, then execute the runbook.

    Raises:
        Refused: As `given_values`; nothing was executed.
    """
    if arguments.resume is not None:
        return _resume(arguments)
    if arguments.help or arguments.runbook is None:
        print(arguments.usage())
        if arguments.runbook is not None:
            print(f"parameters of {arguments.runbook}:", *_described(arguments.runbook), sep="\n")
        return 0 if arguments.help else 2
    given = given_values(read_schema(arguments.runbook), arguments.p, arguments.params)
    run_dir = _run_dir(given, arguments.run_dir)
    from hitless import runner  # papermill takes a second to import, and what is refused needs none of it

    return runner.run(arguments.runbook, given, run_dir, _settings(arguments))


def _resume(arguments: argparse.Namespace) -> int:
    if arguments.runbook or arguments.p or arguments.params or arguments.run_dir:
        what = "A run is gone on with as it was asked for."
        raise Refused(what, seen={"also given": "a runbook or parameters"}, do="give --resume alone")
    from hitless import runner

    return runner.resume(arguments.resume, _settings(arguments))


def _settings(arguments: argparse.Namespace) -> Settings:
    from hitless.runner import Settings

    approval = from_file(arguments.approval) if arguments.approval is not None else None
    limits = {"cell_timeout_s": arguments.cell_timeout}
    if arguments.stop_grace is not None:
        limits["stop_grace_s"] = arguments.stop_grace
    return Settings(approve=arguments.approve, approval=approval, **limits)


def do_list(_arguments: argparse.Namespace) -> int:
    """Print every runbook and what it takes."""
    for runbook in sorted(RUNBOOKS.glob("*.ipynb")):
        print(runbook, *_described(runbook), sep="\n")
    return 0


def _described(runbook: Path) -> list[str]:
    return describe(read_schema(runbook), shutil.get_terminal_size().columns)


def given_values(schema: Schema, pairs: Sequence[str], files: Sequence[Path] = ()) -> dict[str, Any]:
    """What was given, of the right types and checked; without the defaults, so that it shows who named what.

    Args:
        schema: The runbook's.
        pairs: `NAME=VALUE` each.
        files: JSON with further values.

    Raises:
        Refused: Something is given twice, unknown, of another type or out of range.
        WrongTarget: It would not run on the lab, and the target was left to defaults.
    """
    texts: dict[str, str] = {}
    for text in pairs:
        name, equals, value = text.partition("=")
        if not equals:
            raise Refused(f"-p {shown(text)} is not NAME=VALUE.", do="write -p NAME=VALUE")
        if name in texts:
            raise Refused(f"{shown(name)} is given twice.", do="give each parameter once")
        texts[name] = value
    filed: dict[str, Any] = {}
    for file in files:
        more = from_file(file)
        if both := sorted(more.keys() & (texts.keys() | filed.keys())):
            seen = {"by": f"{file} and {'-p' if both[0] in texts else 'a file before it'}"}
            raise Refused(f"{shown(both[0])} is given twice.", seen=seen, do="give each parameter once")
        filed |= more
    given = from_pairs(schema, texts) | filed
    values = validate(schema, given)
    if not aims_at_lab():
        require_named(schema, values, given)
    return given


def _run_dir(given: dict[str, Any], run_dir: Path | None) -> Path | None:
    """The folder of the run, however it was named."""
    named = given.pop("RUN_DIR", "")
    if named and run_dir is not None:
        raise Refused("The run's folder is given twice.", seen={"by": "RUN_DIR and --run-dir"}, do="give one of them")
    return Path(named) if named else run_dir


def describe(schema: Schema, width: int = 100) -> list[str]:
    """What a runbook takes: name, type and default of each parameter, beside it what it is and what is allowed.

    Args:
        schema: The runbook's.
        width: Characters of a line.
    """
    rules = schema["properties"]
    shown_as = {name: f"{name}: {TYPES[rule['type']]} = {rule['default']!r}" for name, rule in rules.items()}
    indent = min(max(map(len, shown_as.values()), default=0), INDENT_MAX) + 4
    return [line for name, rule in rules.items() for line in _beside(shown_as[name], _told(rule), indent, width)]


def _told(rule: Schema) -> str:
    return f"{rule['description']} [{allowed(rule)}]" if rule["description"] else f"[{allowed(rule)}]"


def _beside(name: str, text: str, indent: int, width: int) -> list[str]:
    """A name and a text in two columns; a name that is too long for its own has a line to itself."""
    lines = textwrap.wrap(text, max(width - indent, 30), break_on_hyphens=False)
    if len(name) + 4 > indent:
        lines = ["", *lines]
    return [f"  {word:<{indent - 2}}{line}".rstrip() for word, line in zip_longest([name], lines, fillvalue="")]
