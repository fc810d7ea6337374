"""Lists a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from awslab.faces.ecs_parse import invalid

PAGE_MAX = 100  # AWS: maxResults is 1 to 100
T = TypeVar("T")


def page(everything: Sequence[T], given: Mapping, *, default: int = PAGE_MAX) -> tuple[list[T], str | None]:
    """The page a call asks for, and the token of the next one."""
    size = int(given.get("maxResults") or default)
    token = given.get("nextToken") or "0"
    if not 1 <= size <= PAGE_MAX:
        raise invalid(f"maxResults should be between 1 and {PAGE_MAX}.")
    if not token.isdigit():
        raise invalid("Invalid token.")
    start = int(token)
    following = start + size
    return list(everything[start:following]), str(following) if following < len(everything) else None
