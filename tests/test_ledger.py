"""docs/aws-behaviour.md, held to the truth: ids in order, known sources, tests that exist, every operation."""

import ast
import importlib
import pkgutil
import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

import awslab.faces

LEDGER = Path("docs/aws-behaviour.md")
ROW = re.compile(r"^\| (?P<area>[A-Z]+)-(?P<number>\d\d) \| (?P<cells>.*) \|$")
HELD_BY = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
MODELS = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}  # where botocore's name is not the signing name


def rows(text):
    """(id, cells) of every row with an id."""
    return [
        (f"{m['area']}-{m['number']}", m["cells"].split(" | ")) for line in text.splitlines() if (m := ROW.match(line))
    ]


def sources(text):
    table = text.partition("## Sources")[2].partition("\n## ")[0]
    return {line.split(" | ")[0].removeprefix("| "): line for line in table.splitlines() if line.startswith("| ")}


@cache
def names_in(path):
    found = ast.walk(ast.parse(Path(path).read_text())) if Path(path).exists() else ()
    return {node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def complaints(text):
    """Everything that is wrong with a ledger."""
    known, wrong, last = sources(text), [], {}
    for name, cells in rows(text):
        area, number = name.split("-")
        if int(number) != last.get(area, 0) + 1:
            wrong.append(f"{name} follows {area}-{last.get(area, 0):02}")
        last[area] = int(number)
        if not all(cell.strip() for cell in cells) or len(cells) != (2 if area == "NOT" else 3):
            wrong.append(f"{name} lacks a cell")
        elif area != "NOT":
            wrong += _unfounded(name, cells, known)
    return wrong


def _unfounded(name, cells, known):
    held = HELD_BY.findall(cells[2])
    yield from (f"{name}: no source {key}" for key in cells[1].split(", ") if key not in known)
    yield from (f"{name}: no test {path}::{test}" for path, test in held if test not in names_in(path))
    if not held:
        yield f"{name} names no test"


def operations():
    """{service: operations its face answers by itself}, as AWS spells them."""
    session, found = botocore.session.get_session(), {}
    for module in pkgutil.iter_modules(awslab.faces.__path__):
        face = getattr(importlib.import_module(f"awslab.faces.{module.name}"), "Face", None)
        if face is not None:
            service = MODELS.get(face.signing_name, face.signing_name)
            own = {name for kind in face.__mro__ if kind.__module__.startswith("awslab.") for name in vars(kind)}
            found[service] = {o for o in session.get_service_model(service).operation_names if xform_name(o) in own}
    return {service: names for service, names in found.items() if names}


def listed(text):
    table = text.partition("## Operations")[2]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    return {service: set(names.split(", ")) for service, names in cells}


def test_every_row_has_its_place_a_source_and_a_test_that_exists():
    text = LEDGER.read_text()
    assert complaints(text) == []
    assert len(rows(text)) > 100  # a table that no longer parses has no faults


def test_every_operation_of_the_faces_is_listed_and_no_other():
    assert listed(LEDGER.read_text()) == operations()


HELD = "`tests/test_ledger.py::test_every_operation_of_the_faces_is_listed_and_no_other`"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            f"| ASG-02 | x | Doc | {HELD} |",
            "ASG-02 follows ASG-00",
        ),
        (
            f"| ASG-01 | x | Else | {HELD} |",
            "ASG-01: no source Else",
        ),
        ("| ASG-01 | x | Doc | `tests/test_ledger.py::test_gone` |", "ASG-01: no test tests/test_ledger.py::test_gone"),
        ("| ASG-01 | x | Doc | `tests/gone.py::test_gone` |", "ASG-01: no test tests/gone.py::test_gone"),
        ("| ASG-01 | x | Doc | later |", "ASG-01 names no test"),
        ("| NOT-01 | x |  |", "NOT-01 lacks a cell"),
    ],
)
def test_a_row_that_is_not_true_is_found(line, said):
    assert complaints(f"## Sources\n\n| Doc | a page | a place |\n\n## Auto Scaling\n\n{line}\n") == [said]
