"""`hitless run` and `hitless list`: what a command line says, made into checked parameters."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
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
            print(f"parameters of {arguments.runbook}:", *describe(read_schema(arguments.runbook)), sep="\n")
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
    return Settings(approve=arguments.approve, approval=approval, cell_timeout_s=arguments.cell_timeout)


def do_list(_arguments: argparse.Namespace) -> int:
    """Print every runbook and what it takes."""
    for runbook in sorted(RUNBOOKS.glob("*.ipynb")):
        print(runbook, *describe(read_schema(runbook)), sep="\n")
    return 0


def given_values(schema: Schema, pairs: Sequence[str], file: Path | None = None) -> dict[str, Any]:
    """What was given, of the right types and checked; without the defaults, so that it shows who named what.

    Args:
        schema: The runbook's.
        pairs: `NAME=VALUE` each.
        file: JSON with further values.

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
    filed = from_file(file) if file is not None else {}
    if both := sorted(texts.keys() & filed.keys()):
        raise Refused(f"{shown(both[0])} is given twice.", seen={"by": f"-p and {file}"}, do="give each parameter once")
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


def describe(schema: Schema) -> list[str]:
    """A line or two for each parameter: its default, what it is, what is allowed."""
    rules = schema["properties"]
    shown_as = {name: f"{name}: {TYPES[rule['type']]} = {rule['default']!r}" for name, rule in rules.items()}
    width = max(map(len, shown_as.values()), default=0)
    return [f"  {shown_as[name]:<{width}}  {rule['description']} [{allowed(rule)}]" for name, rule in rules.items()]
