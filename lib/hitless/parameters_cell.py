"""The cell that names a runbook's parameters: `NAME: type = literal  # what it is, unit`."""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass
from pathlib import Path

import nbformat

from hitless.errors import Refused

TAG = "parameters"


@dataclass(frozen=True)
class Parameter:
    """One line of the cell.

    Attributes:
        name: What cells and the command line call it.
        type: The annotation's name: `str`, `int`, `float` or `bool`.
        default: The literal.
        comment: What stands behind it, on any of its lines; "" where nothing does.
    """

    name: str
    type: str
    default: object
    comment: str


def read_notebook(runbook: Path) -> nbformat.NotebookNode:
    """The notebook in a file.

    Raises:
        Refused: There is no such file, or it is no notebook.
    """
    try:
        return nbformat.read(runbook, as_version=4)
    except (OSError, UnicodeDecodeError, nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
        raise Refused(
            f"{runbook} is not a notebook.", seen={"error": error}, do="name one of runbooks/*.ipynb"
        ) from None


def read_cell(runbook: Path) -> dict[str, Parameter]:
    """The parameters a runbook's cell names, in its order.

    Args:
        runbook: A notebook whose cell tagged `parameters` holds literals only.

    Raises:
        Refused: There is no such file, it is no notebook, or it has no such cell.
    """
    return parse_cell(_source(read_notebook(runbook), runbook))


def parse_cell(source: str) -> dict[str, Parameter]:
    """The parameters in the source of such a cell."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    return {
        node.target.id: Parameter(
            node.target.id,
            ast.unparse(node.annotation),
            ast.literal_eval(node.value),
            next((comments[n] for n in range(node.lineno, node.end_lineno + 1) if n in comments), ""),
        )
        for node in ast.parse(source).body
        if isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name)
    }


def read_parameters(runbook: Path) -> dict[str, object]:
    """The names a runbook takes, with their defaults.

    Raises:
        Refused: As `read_cell`.
    """
    return {name: parameter.default for name, parameter in read_cell(runbook).items()}


def _source(notebook: nbformat.NotebookNode, runbook: Path) -> str:
    for cell in notebook.cells:
        if TAG in cell.metadata.get("tags", []):
            return cell.source
    raise Refused(f"{runbook} has no cell tagged `{TAG}`.", do="tag the cell that holds its parameters")
