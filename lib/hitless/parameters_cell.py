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
UNREADABLE = (OSError, ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError)
UNREADABLE += (nbformat.ValidationError,)
"""What nbformat raises for a file that is no notebook; it does not say which of them when."""


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
    do = "name one of runbooks/*.ipynb"
    try:
        notebook = nbformat.read(runbook, as_version=4)
        nbformat.validate(notebook)  # reading alone only logs what is wrong
    except UNREADABLE as error:
        seen = {"error": str(error).partition("\n")[0]}
        raise Refused(f"{runbook} is not a notebook.", seen=seen, do=do) from None
    return notebook


def read_cell(runbook: Path) -> dict[str, Parameter]:
    """The parameters a runbook's cell names, in its order.

    Args:
        runbook: A notebook whose cell tagged `parameters` holds literals only.

    Raises:
        Refused: There is no such file, it is no notebook, or it has no such cell.
    """
    source = _source(read_notebook(runbook), runbook)
    try:
        return parse_cell(source)
    except (SyntaxError, ValueError, tokenize.TokenError, RecursionError, MemoryError) as why:
        do = "write `NAME: type = literal  # what it is` a line"
        raise Refused(f"The cell `{TAG}` of {runbook} cannot be read.", seen={"why": why}, do=do) from None


def parse_cell(source: str) -> dict[str, Parameter]:
    """The parameters in the source of such a cell.

    Raises:
        SyntaxError: It is no Python.
        ValueError: A default is no literal.
    """
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
