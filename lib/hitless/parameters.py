"""The values a runbook runs with: read without guessing, checked against its schema, refused before anything runs."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from jsonschema import ValidationError

from hitless.errors import Refused
from hitless.safe_text import escaping, misleading, shown
from hitless.schema import TYPES, Schema, Validator

FILE_MAX = 2**20  # bytes of a parameter file
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,3})?", re.ASCII)
FORMAT_OF = {"integer": INTEGER, "number": NUMBER}


def from_pairs(schema: Schema, pairs: Mapping[str, str]) -> dict[str, Any]:
    """Give each text the type its schema names; nothing is guessed.

    Args:
        schema: What `read_schema` read.
        pairs: {name: text}, as from a command line.

    Raises:
        Refused: A name is not the runbook's, or a text is not of its type.
    """
    _refuse_unknown(schema, pairs)
    return {name: _typed(schema["properties"][name], name, text) for name, text in pairs.items()}


def _typed(rule: Schema, name: str, text: str) -> Any:
    kind = rule["type"]
    if kind == "string":
        return text
    if kind == "boolean" and text in ("true", "True", "false", "False"):
        return text in ("true", "True")
    if kind in FORMAT_OF and FORMAT_OF[kind].fullmatch(text):
        return (int if kind == "integer" else float)(text)
    _refuse(rule, name, text, f"must be a {TYPES[kind]}")


def from_file(path: Path) -> dict[str, Any]:
    """The values in a JSON file.

    Returns:
        What it holds, unchecked; see `validate`.

    Raises:
        Refused: It is not one JSON object in UTF-8, names something twice, or holds NaN or infinity.
    """
    try:
        content = path.read_bytes()[: FILE_MAX + 1]
        if len(content) > FILE_MAX:
            raise ValueError(f"it has more than {FILE_MAX} bytes")
        values = json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as why:
        do = 'write one JSON object, as {"NAME": "hitless-dev"}'
        raise Refused(f"{path} holds no parameters.", seen={"why": shown(str(why))}, do=do) from None
    if not isinstance(values, dict):
        do = 'write one JSON object, as {"NAME": "hitless-dev"}'
        raise Refused(f"{path} holds no parameters.", seen={"it holds": f"a {type(values).__name__}"}, do=do)
    return values


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"it names {shown(twice[0])} twice")
    return dict(pairs)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def validate(schema: Schema, values: Mapping[str, Any], *, anywhere: Collection[str] = ()) -> dict[str, Any]:
    """Check values against a runbook's schema.

    Args:
        schema: What `read_schema` read.
        values: Any of its parameters; the others get their defaults.
        anywhere: Names of paths that may lead out of the allowed folders, because the runner chose them.

    Returns:
        Every parameter, in the schema's order.

    Raises:
        Refused: A name is unknown, a value is of another type, out of its range, or one that misleads: with
            control or direction-changing characters, too long, or a path that leads elsewhere.
    """
    _refuse_unknown(schema, values)
    for name, value in values.items():
        rule = schema["properties"][name]
        may_lead_out = rule.get("format") != "path" or name in anywhere
        if why := _harm(value, may_lead_out=may_lead_out):
            _refuse(rule, name, value, why)
        for error in Validator(rule).iter_errors(value):
            _refuse(rule, name, value, _why(error, value))
    return {name: values.get(name, rule["default"]) for name, rule in schema["properties"].items()}


def _harm(value: object, *, may_lead_out: bool) -> str:
    if not isinstance(value, str):
        return ""
    return misleading(value) or ("" if may_lead_out else escaping(value))


def from_namespace(schema: Schema, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The runbook's parameters as they stand in a kernel's `globals()`, checked.

    The runner or the operator chose `RUN_DIR` outside of the notebook, so it may lead anywhere.

    Raises:
        Refused: One is gone, or as `validate`.
    """
    missing = [name for name in schema["properties"] if name not in namespace]
    if missing:
        raise Refused(f"{missing[0]} is not set.", do="run the cell tagged `parameters` first")
    return validate(schema, {name: namespace[name] for name in schema["properties"]}, anywhere={"RUN_DIR"})


def _refuse_unknown(schema: Schema, names: Iterable[str]) -> None:
    for name in names:
        if name not in schema["properties"]:
            near = difflib.get_close_matches(str(name).upper()[:40], schema["properties"], 1)
            do = f"did you mean {near[0]}? A misspelt name would run with the default" if near else "see --help"
            seen = {"it has": ", ".join(schema["properties"])}
            raise Refused(f"The runbook has no parameter {shown(name)}.", seen=seen, do=do)


def _refuse(rule: Schema, name: str, value: object, why: str) -> NoReturn:
    given = "what was given is not repeated" if rule.get("writeOnly") else f"{shown(value)} ({type(value).__name__})"
    seen = {"given": given, "allowed": allowed(rule), "it is": rule["description"]}
    raise Refused(f"{name} {why}.", seen=seen, do="correct the value; nothing was run")


def _why(error: ValidationError, value: object) -> str:
    rule = error.schema
    if error.validator == "type":
        hint = ": in quotes, else it loses leading zeros" if rule["type"] == "string" and _is_digits(value) else ""
        return f"must be a {TYPES[rule['type']]}{hint}"
    if error.validator == "pattern" and rule["pattern"].startswith("^[0-9]{12}") and _is_digits(value):
        return f"has {len(str(value))} digits, not 12; a leading zero may have been lost"
    return "is not an allowed value" if error.validator in ("enum", "const") else "is not allowed"


def _is_digits(value: object) -> bool:
    return type(value) in (int, str) and str(value).isascii() and str(value).isdigit()


def allowed(rule: Schema) -> str:
    """What a schema allows of one parameter, for people."""
    if "enum" in rule:
        return ", ".join(map(str, rule["enum"]))
    low, high = rule.get("minimum", -math.inf), rule.get("maximum", math.inf)
    if rule["type"] in ("integer", "number"):
        return f"{TYPES[rule['type']]}, {low} to {high}"
    if rule["type"] == "boolean":
        return "true or false"
    if "title" in rule:
        return rule["title"]
    parts = ["a path below this folder" if rule.get("format") == "path" else ""]
    parts += [f"at most {rule['maxLength']} characters" if "maxLength" in rule else ""]
    return ", ".join(filter(None, parts)) or rule.get("pattern", "any text")
