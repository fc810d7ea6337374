"""A runbook's own JSON Schema of its parameters, kept in its metadata and held equal to its `parameters` cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, SchemaError
from jsonschema.validators import extend

from hitless.errors import Refused
from hitless.parameters_cell import read_cell, read_notebook

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}  # JSON's name to Python's
RULES = ("type", "default", "description", "title", "pattern", "enum", "format", "writeOnly")
RULES += ("minimum", "maximum", "minLength", "maxLength")
META = {  # what a runbook's schema must be, beside being one
    "type": "object",
    "required": ["type", "properties", "additionalProperties"],
    "properties": {
        "type": {"const": "object"},
        "additionalProperties": {"const": False},
        "properties": {
            "type": "object",
            "propertyNames": {"pattern": r"^[A-Z][A-Z0-9_]{0,39}\Z"},  # papermill pastes names into a cell as they are
            "patternProperties": {
                "_DIR$": {"required": ["format"], "properties": {"format": {"const": "path"}}},
                "": {
                    "type": "object",
                    "required": ["type", "default", "description"],
                    "properties": {"type": {"enum": list(TYPES)}, "description": {"type": "string"}},
                    "propertyNames": {"enum": list(RULES)},  # a misspelt one would check nothing, `$ref` would fetch
                },
            },
        },
    },
}


def _is_integer(_checker: object, value: object) -> bool:
    return type(value) is int


def _is_number(_checker: object, value: object) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


STRICT = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer).redefine("number", _is_number)
Validator = extend(Draft202012Validator, type_checker=STRICT)
"""Checks values as JSON Schema does, but 1.0 and True are no integers, and NaN and infinity are no numbers."""

Schema = Mapping[str, Any]


def read_schema(runbook: Path) -> Schema:
    """What a runbook takes: `metadata.hitless.parameters`, a JSON Schema (2020-12).

    Raises:
        Refused: There is no such notebook, it has no schema, or one that is wrong or not that of its cell.
    """
    ours = read_notebook(runbook).metadata.get("hitless")
    schema = ours.get("parameters") if isinstance(ours, Mapping) else None
    if schema is None:
        do = "write the JSON Schema of its parameters into metadata.hitless.parameters, as in runbooks/"
        raise Refused(f"{runbook} does not say what parameters it takes.", do=do)
    check_schema(schema, str(runbook))
    if unlike := disagreement(schema, runbook):
        do = "make the cell and metadata.hitless.parameters say the same"
        raise Refused(f"The schema of {runbook} is not that of its cell.", seen={"difference": unlike}, do=do)
    return _in_order(schema, runbook)


def check_schema(schema: object, whose: str) -> None:
    """Refuse what is no schema of parameters.

    Raises:
        Refused: It is none, lets other names pass, or leaves out a type, a default or a description.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as wrong:
        raise Refused(f"The schema of {whose} is none.", seen={"at": wrong.json_path, "why": wrong.message}) from None
    for wrong in Draft202012Validator(META).iter_errors(schema):
        raise Refused(f"The schema of {whose} is incomplete.", seen={"at": wrong.json_path, "why": wrong.message})


def disagreement(schema: Schema, runbook: Path) -> str:
    """The first way in which names, types or defaults differ from the cell's; "" when none does."""
    rules, cell = schema["properties"], read_cell(runbook)
    for name in sorted(rules.keys() ^ cell.keys()):
        return f"only the {'schema' if name in rules else 'cell'} has {name}"
    for name, rule in rules.items():
        said, meant = (TYPES[rule["type"]], rule["default"]), (cell[name].type, cell[name].default)
        if said != meant or type(said[1]) is not type(meant[1]):
            return f"{name}: schema {said}, cell {meant}"
    return ""


def _in_order(schema: Schema, runbook: Path) -> Schema:
    """The same in the order of the cell; Jupyter sorts a notebook's metadata by name."""
    return {**schema, "properties": {name: schema["properties"][name] for name in read_cell(runbook)}}
