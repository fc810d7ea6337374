"""What every committed essay keeps to: run from first cell to last, by the cells it has now, without an error."""

import copy
import re

import nbformat
import pytest

from hitless.essay import STAMP, digest
from hitless.parameters_cell import read_cell, read_parameters
from tests.notebooks.test_cells import NOTEBOOKS, cells

ESSAYS = [path for path in NOTEBOOKS if path.parent.name == "notebooks"]
ABSOLUTE = re.compile(r"(?<![\w.:/])/(?:[\w.-]+/)+runs/")
EXPLORED = {"09"}  # for exploring by hand: it has sections of its own


def read(path):
    return nbformat.read(path, as_version=4)


def faults(notebook):
    """Why an essay may not be committed as it is."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("its cells were not run once each, in order")
    if any(output.output_type == "error" for cell in code for output in cell.outputs):
        found.append("a cell failed")
    if notebook.metadata.get(STAMP, {}).get("cells") != digest(notebook):
        found.append("its outputs are of other cells")
    if ABSOLUTE.search(nbformat.writes(notebook)):
        found.append("it names a path of the machine it was run on")
    if not any("nbval-check-output" in cell.metadata.get("tags", []) and cell.outputs for cell in code):
        found.append("no output of it is checked")
    return found


@pytest.mark.parametrize("path", ESSAYS, ids=str)
def test_an_essay_was_run_by_make_notebooks_as_it_is(path):
    assert faults(read(path)) == [], "run: make notebooks ARGS=" + path.name[:2]


def spoilt(notebook, how):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if how == "a cell failed":
        code[1].outputs.append(nbformat.v4.new_output("error", ename="Failed", evalue="", traceback=[]))
    elif how == "its cells were not run once each, in order":
        code[2].execution_count = 1
    elif how == "its outputs are of other cells":
        notebook.cells[0].source += " "
    elif how == "it names a path of the machine it was run on":
        code[1].outputs.append(nbformat.v4.new_output("stream", text="sealed: /home/somebody/hitless/runs/one"))
    else:
        for cell in code:
            cell.outputs = []
    return notebook


@pytest.mark.parametrize(
    "how",
    [
        "a cell failed",
        "its cells were not run once each, in order",
        "it names a path of the machine it was run on",
        "no output of it is checked",
    ],
)
def test_what_was_not_run_whole_is_seen(how):
    assert how in faults(spoilt(copy.deepcopy(read(ESSAYS[0])), how))


def test_a_changed_cell_is_seen():
    notebook = read(ESSAYS[0])
    assert faults(spoilt(notebook, "its outputs are of other cells")) == ["its outputs are of other cells"]


@pytest.mark.parametrize("path", ESSAYS, ids=str)
def test_an_essay_says_what_will_be_seen_claims_it_and_cleans_up(path):
    notebook = read(path)
    if path.name[:2] in EXPLORED:
        return
    tags = [tag for cell in cells(path) for tag in cell.metadata.get("tags", []) if not tag.startswith("nbval")]
    assert tags == ["parameters", "connect", "claims", "cleanup"]
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert "**Use when**" in prose[0] and "**Takes**" in prose[0] and "**You need**" in prose[0]
    assert prose[1].startswith("**What you will see**")
    assert prose[-1].startswith("**In practice**") and "**Next**" in prose[-1]
    claims = next(cell for cell in cells(path) if "claims" in cell.metadata.get("tags", []))
    assert claims.source.count("assert ") >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
def test_parameters_are_typed_and_explained(path):
    given = read_cell(path).values()
    assert [one.name for one in given if not one.comment] == []
    assert [one.name for one in given if type(one.default).__name__ != one.type] == []


@pytest.mark.parametrize("path", ESSAYS, ids=str)
def test_an_essay_runs_on_the_lab_unless_told_otherwise(path):
    assert read_parameters(path)["ACCOUNT_ID"] == "123456789012"


@pytest.mark.parametrize("path", ESSAYS, ids=str)
def test_an_essay_stays_small(path):
    assert path.stat().st_size < 1_000_000
    assert len(read(path).cells) <= 60
