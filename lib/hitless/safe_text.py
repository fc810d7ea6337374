"""Text that cannot mislead whoever reads it, and paths that stay where they belong."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from pathlib import Path

TEXT_MAX = 2000  # characters, where a schema names no smaller limit
SHOWN_MAX = 60
MISLEADING = {"Cc": "control", "Cf": "invisible or direction-changing", "Cs": "half a surrogate", "Co": "private-use"}
MISLEADING |= {"Cn": "unassigned", "Zl": "line-separating", "Zp": "paragraph-separating"}


def misleading(text: str) -> str:
    """What is wrong with a text, for people; "" when nothing is."""
    if len(text) > TEXT_MAX:
        return f"is {len(text)} characters long; {TEXT_MAX} are allowed"
    for place, character in enumerate(text):
        if kind := MISLEADING.get(unicodedata.category(character)):
            return f"has the {kind} character U+{ord(character):04X} at {place}"
    return ""


def roots() -> tuple[Path, ...]:
    """Where a runbook may write: below the folder it runs in, or the temporary one."""
    return Path.cwd().resolve(), Path(tempfile.gettempdir()).resolve()


def escaping(path: str, allowed: tuple[Path, ...] | None = None) -> str:
    """Where a path leads that it must not; "" when it stays below one of the allowed folders.

    Args:
        path: As given; "" names none and is fine. Symbolic links are followed as far as they exist.
        allowed: Resolved folders; `roots` by default.
    """
    if not path:
        return ""
    if "\0" in path:
        return "has a NUL character"
    if ".." in Path(path).parts or "\\" in path or path.startswith("~"):
        return "has .., a backslash or ~ in it"
    if path != path.strip() or any(character.isspace() and character != " " for character in path):
        return "has blanks around it, or one that only looks like a blank"
    if "://" in path or path.startswith("//"):
        return "is an address"
    try:
        real = Path(os.path.realpath(path, strict=False))
    except (OSError, ValueError) as why:
        return f"is no path: {why}"
    allowed = roots() if allowed is None else allowed
    if any(real.is_relative_to(root) for root in allowed):
        return ""
    return f"leads to {real}, outside of {' and '.join(map(str, allowed))}"


def shown(value: object) -> str:
    """A value as it can be printed anywhere: escaped, and short."""
    text = ascii(value) if not isinstance(value, str) else ascii(value)[1:-1]
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}... ({len(text)} characters)"
