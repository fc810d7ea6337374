"""Makes small runbooks for the tests of the runner."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

PARAMETERS = '''COUNT: int = 1  # how many, of things
SHARE: float = 0.5
NAME: str = "web"  # of the service, e.g. "web"
DRY_RUN: bool = True  # only say what would be done
REASON: str = ""  # why
RUN_DIR: str = ""'''


def write_runbook(path: Path, *sources: str, parameters: str = PARAMETERS) -> Path:
    """A notebook with a `parameters` cell and these code cells."""
    cells = [new_code_cell(parameters), *map(new_code_cell, sources)]
    cells[0].metadata.tags = ["parameters"]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    nbformat.write(new_notebook(cells=cells), path)
    return path
