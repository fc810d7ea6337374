"""Run one essay notebook and keep its outputs: `python -m hitless.essay notebooks/06-….ipynb`.

What is committed must be what the present cells said, so a run is stamped with a digest of the cells it ran.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from hitless.runner import DONE, FAILED

CELL_S_MAX = 900
STAMP = "hitless"


def digest(notebook: nbformat.NotebookNode) -> str:
    """SHA-256 over the source of every cell, in order."""
    sources = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def execute(path: Path, seed: int) -> None:
    """Run a notebook from its first cell to its last, and write it with what they showed.

    Args:
        path: The notebook; it is left alone when a cell fails.
        seed: The lab's, for the stamp.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("widgets", None)
    client = NotebookClient(
        notebook,
        timeout=CELL_S_MAX,
        kernel_name="python3",
        resources={"metadata": {"path": str(Path.cwd())}},
        record_timing=False,
        coalesce_streams=True,
    )
    client.execute()
    notebook.metadata[STAMP] = {"cells": digest(notebook), "seed": seed}
    notebook.metadata.language_info = {"name": "python"}  # not the version of whoever ran it
    nbformat.write(notebook, path)


def main(argv: list[str] | None = None) -> int:
    """Run one notebook; 0 when every cell ended well."""
    parser = argparse.ArgumentParser("hitless.essay", description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    try:
        execute(arguments.notebook, arguments.seed)
    except CellExecutionError as failed:
        print(failed, file=sys.stderr)
        return FAILED
    return DONE


if __name__ == "__main__":
    sys.exit(main())
