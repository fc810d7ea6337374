"""What every notebook keeps to: cells without logic, parameters that are literals, runbooks without outputs."""

import ast
from pathlib import Path

import nbformat
import pytest

from hitless.parameters_cell import read_parameters

NOTEBOOKS = sorted([*Path("runbooks").glob("*.ipynb"), *Path("notebooks").glob("*.ipynb")])
RUNBOOKS = [path for path in NOTEBOOKS if path.parent.name == "runbooks"]
LOGIC = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
ORDER = ["parameters", "connect", "checks", "before", "plan", "approve", "writes", "watch", "after", "verdict"]
ALWAYS = {"ACCOUNT_ID", "REGION", "REASON", "DRY_RUN", "RUN_DIR"}


def cells(path, kind="code"):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def logic(source):
    tree = ast.parse(source, mode="exec", type_comments=False) if "await" not in source else _awaited(source)
    return [type(node).__name__ for node in ast.walk(tree) if isinstance(node, (*LOGIC, *COMPREHENSIONS))]


def _awaited(source):
    return compile(source, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)


def test_there_are_notebooks():
    assert len(RUNBOOKS) >= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
def test_cells_are_short_and_hold_no_logic(path):
    for cell in cells(path):
        assert len(cell.source.splitlines()) <= 15, cell.source
        assert logic(cell.source) == [], cell.source


@pytest.mark.parametrize(
    "source", ["def f(): ...", "for i in x: pass", "try:\n  a\nfinally:\n  b", "f = lambda: 1", "[a for a in b]"]
)
def test_the_linter_sees_logic(source):
    assert logic(source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
def test_the_first_cell_is_a_title_with_a_verb_and_nothing_failed(path):
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown" and first.source.startswith("# ")
    assert not [o for cell in cells(path) for o in cell.outputs if o.output_type == "error"]


@pytest.mark.parametrize("path", RUNBOOKS, ids=str)
def test_a_runbook_names_its_target_and_is_committed_bare(path):
    assert read_parameters(path).keys() >= ALWAYS
    assert not [o for cell in cells(path) for o in cell.outputs]


@pytest.mark.parametrize("path", RUNBOOKS, ids=str)
def test_a_runbooks_cells_are_tagged_and_in_order(path):
    tags = [tag for cell in cells(path) for tag in cell.metadata.get("tags", [])]
    assert tags == [tag for tag in ORDER if tag in tags]
    assert {"parameters", "connect", "plan", "approve", "writes", "verdict"} <= set(tags)


@pytest.mark.parametrize("path", RUNBOOKS, ids=str)
def test_parameters_default_to_the_lab(path):
    assert read_parameters(path)["ACCOUNT_ID"] == "123456789012"
