"""CodeDeploy's lists, a page at a time; the client does not choose how long a page is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from awslab.faces.inventory import AwsError

PAGE = 100
T = TypeVar("T")


def page(everything: Sequence[T], given: Mapping) -> tuple[list[T], str | None]:
    """The page a call asks for, and the token of the next one."""
    token = given.get("nextToken") or "0"
    if not token.isdigit():
        raise AwsError("InvalidNextTokenException", "The next token is invalid")
    start = int(token)
    following = start + PAGE
    return list(everything[start:following]), str(following) if following < len(everything) else None
