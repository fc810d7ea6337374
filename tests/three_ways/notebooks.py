"""The notebooks, and the two ways to run one without a browser."""

from pathlib import Path

import papermill

from hitless.jupyter import REHEARSED
from tests.notebooks.test_reproved import reprove

ALL = sorted(Path("notebooks").glob("*.ipynb"))
CONTROLS = next(path for path in ALL if path.name.startswith("09-"))
ON_STAGE = [path for path in ALL if REHEARSED not in path.read_text() and path != CONTROLS]


def named(path):
    return path.stem


def by_nbval(path):
    """Its outputs are what they were."""
    ended = reprove(path)
    assert ended.returncode == 0, ended.stdout[-4000:]


def by_papermill(path, folder):
    """Every cell comes to its end."""
    executed = papermill.execute_notebook(path, folder / path.name, progress_bar=False)
    assert {cell.metadata.papermill.status for cell in executed.cells if cell.cell_type == "code"} == {"completed"}
