"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import os
from pathlib import Path

UNFINISHED = ".part"


def replace(path: Path, content: str | bytes) -> Path:
    """Write a file beside its name and move it there; when this returns, it survives a power cut.

    Args:
        path: Where it goes; what was there before stays whole until the new content is on disk.
        content: Text is written as UTF-8.
    """
    unfinished = path.with_name(f".{path.name}{UNFINISHED}")
    content = content.encode() if isinstance(content, str) else content
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    fsync_folder(path.parent)
    return path


def remove(*paths: Path) -> None:
    """Remove files that may not be there, for good."""
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in paths}:
        fsync_folder(folder)


def remove_unfinished(folder: Path) -> None:
    """Remove what `replace` left when its process was killed."""
    remove(*folder.glob(f".*{UNFINISHED}"))


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
