"""What a notebook's kernel knows of its own parameters: the same check for JupyterLab's users as for the runner's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython import get_ipython

from hitless.connect import Connection
from hitless.parameters import from_namespace
from hitless.schema import read_schema
from hitless.target import given_in, require_target


def namespace() -> Mapping[str, Any]:
    """The notebook's own `globals()`; empty where there is no kernel."""
    shell = get_ipython()
    return shell.user_ns if shell is not None else {}


def require_parameters(runbook: Path, here: Connection, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Check the parameters a notebook was run with, and that they name the place it is connected to.

    Args:
        runbook: The notebook as committed, whose schema counts.
        here: Where it is connected to.
        values: `globals()` of the notebook; the kernel's by default.

    Returns:
        All parameters.

    Raises:
        Refused: One is missing, of another type, or not allowed.
        WrongTarget: Outside of the lab, the target was left to defaults or is another one.
    """
    known = namespace() if values is None else values
    schema = read_schema(runbook)
    parameters = from_namespace(schema, known)
    require_target(schema, parameters, here, given_in(known))
    return parameters
