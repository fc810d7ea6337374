"""Makes small runbooks for the tests of the runner."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from hitless.parameters_cell import parse_cell
from hitless.schema import TYPES

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
    metadata = {"hitless": {"parameters": schema_of(parameters)}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
    return path


def schema_of(cell: str) -> dict:
    """The JSON Schema of a `parameters` cell: its types and defaults, nothing narrower."""
    kinds = {python: json for json, python in TYPES.items()}
    rules = {
        one.name: {"type": kinds[one.type], "default": one.default, "description": one.comment}
        | ({"format": "path"} if one.name.endswith("_DIR") else {})
        for one in parse_cell(cell).values()
    }
    return {"type": "object", "additionalProperties": False, "properties": rules}
