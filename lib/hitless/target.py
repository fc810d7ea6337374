"""Never production by accident: outside of the lab, whoever writes must have named the account, region and environment.

A default is not a name. Given is what differs from the default, and what a cell other than the `parameters` cell
assigns: papermill's injected cell, or one that somebody wrote below it. So the executed notebook shows who was meant.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hitless.errors import WrongTarget
from hitless.schema import Schema

if TYPE_CHECKING:
    from hitless.connect import Connection  # boto3 takes half a second to import; `--help` should not

TARGET = ("ACCOUNT_ID", "REGION", "NAME")
LAB_ACCOUNT_ID = "123456789012"  # AWS's documentation account: nobody owns it
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def aims_at_lab() -> bool:
    """Whether the SDK sends its calls to this machine alone.

    Raises:
        WrongTarget: AWS_ENDPOINT_URL cannot be read.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    try:
        return urlsplit(endpoint).hostname in LOOPBACK
    except ValueError as error:
        do = "mend it, or unset it to reach AWS"
        raise WrongTarget("AWS_ENDPOINT_URL is no URL.", seen={"AWS_ENDPOINT_URL": endpoint}, do=do) from error


def on_lab(here: Connection) -> bool:
    """Whether a connection is to the lab: this machine, and the account that nobody owns."""
    return aims_at_lab() and here.account_id == LAB_ACCOUNT_ID


def require_named(schema: Schema, values: Mapping[str, Any], given: Collection[str]) -> None:
    """Refuse a target that is only a default; before any call to AWS.

    Args:
        schema: The runbook's.
        values: All its parameters.
        given: Names that somebody gave, whatever their value.

    Raises:
        WrongTarget: One of account, region and environment was left to its default.
    """
    if "ACCOUNT_ID" not in values:  # it aims at no account
        return
    for name in TARGET:
        if name in values and name not in given and values[name] == schema["properties"][name]["default"]:
            raise WrongTarget(
                f"{name} was left to its default, which aims at the lab; this is AWS.",
                seen={"default": values[name], "must be named": ", ".join(TARGET)},
                do=f"give -p {name}=…, or in JupyterLab write {name} = … in a cell below the parameters",
            )


def require_target(schema: Schema, values: Mapping[str, Any], here: Connection, given: Collection[str] = ()) -> None:
    """Refuse to work anywhere but where the parameters say; in the lab, which is one machine, any may be defaults.

    Raises:
        WrongTarget: As `require_named`; or the caller's account or region is another one.
    """
    if on_lab(here):
        return
    require_named(schema, values, given)
    regions = [("REGION", region) for region in (here.region, *_regions())]
    for name, seen in (("ACCOUNT_ID", here.account_id), *regions):
        if values.get(name) != seen:
            raise WrongTarget(
                f"{name} is not where these credentials and settings lead.",
                seen={"named": values.get(name, "nothing"), "found": seen},
                do="name the target you mean, or switch to its credentials",
            )


def _regions() -> list[str]:
    return [os.environ[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if os.environ.get(name)]


def given_in(namespace: Mapping[str, Any]) -> set[str]:
    """The names that a cell of this kernel last assigned plainly, as `NAME = …`.

    The `parameters` cell declares (`NAME: str = …`); running it again takes what was given back.

    Args:
        namespace: The kernel's `globals()`; outside of IPython it has no history, and nothing counts as given.
    """
    given: set[str] = set()
    for source in namespace.get("In", ()):
        for name, is_plain in _assigned(source):
            (given.add if is_plain else given.discard)(name)
    return given


def _assigned(source: str) -> Iterator[tuple[str, bool]]:
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a cell with a top-level await, a magic or a mistake names no parameter
        return
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node, (ast.Assign, ast.AnnAssign)):
                yield target.id, isinstance(node, ast.Assign)
