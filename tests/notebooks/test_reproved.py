"""Essays on virtual time say the same again: their checked outputs are compared, number by number."""

import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

pytestmark = pytest.mark.live
ON_VIRTUAL_TIME = ("06", "07", "08")
CELL_S_MAX = 600


def reprove(path):
    options = ["--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={CELL_S_MAX}", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("number", ON_VIRTUAL_TIME)
def test_an_essay_says_the_same_again(number):
    [path] = Path("notebooks").glob(f"{number}-*.ipynb")
    ended = reprove(path)
    assert ended.returncode == 0, ended.stdout[-4000:]


def test_papermill_runs_one_with_other_parameters(tmp_path):
    [path] = Path("notebooks").glob("06-*.ipynb")
    executed = papermill.execute_notebook(path, tmp_path / "06.ipynb", {"HOSTS_MAX": 2}, progress_bar=False)
    claims = next(cell for cell in executed.cells if "claims" in cell.metadata.tags)
    assert "4 refreshes did what the arithmetic foretold" in claims.outputs[0].text


@pytest.mark.parametrize(("said", "code"), [("2", 0), ("3", 1)])
def test_another_number_is_seen(tmp_path, said, code):
    cell = new_code_cell("print(1 + 1)", outputs=[new_output("stream", name="stdout", text=f"{said}\n")])
    cell.metadata.tags, cell.execution_count = ["nbval-check-output"], 1
    notebook = new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "sum.ipynb")
    assert reprove(tmp_path / "sum.ipynb").returncode == code
