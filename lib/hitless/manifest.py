"""Every file of a run folder with its size and SHA-256; the list a signature is over."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from hitless.errors import Refused
from hitless.journal import canonical

MANIFEST, PREDICATE, STATEMENT, ENVELOPE = "manifest.json", "predicate.json", "statement.json", "attestation.dsse.json"
SEAL = (MANIFEST, PREDICATE, STATEMENT, ENVELOPE)
"""Files of a pack that the manifest does not list, since they are about it."""


class NotPlain(Refused):
    """A run folder holds something that is neither a file nor a folder, or whose name is not UTF-8."""


def names(folder: Path) -> list[str]:
    """Every file under a folder, by its path in it, the seal's own left out; sorted.

    Raises:
        NotPlain: A symbolic link, a pipe, a device or a socket is among them, or a name that is no text.
    """
    return sorted(name for name in _walk(folder, "") if name not in SEAL)


def make(folder: Path) -> dict[str, object]:
    """The manifest of a folder, for `canonical`.

    Raises:
        NotPlain: As `names`.
    """
    return {"files": [describe(folder, name) for name in names(folder)], "version": 1}


def describe(folder: Path, name: str) -> dict[str, object]:
    """One line of a manifest."""
    with (folder / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": file.tell(), "name": name, "sha256": digest}


def digest(content: bytes) -> str:
    """SHA-256, as everywhere in a pack."""
    return hashlib.sha256(content).hexdigest()


def digest_of(value: object) -> str:
    """SHA-256 of a value's canonical JSON."""
    return digest(canonical(value))


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        name = prefix + entry.name
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            yield from _walk(folder / entry.name, f"{name}/")
        elif stat.S_ISREG(mode) and _is_text(name):
            yield name
        else:
            do = "keep plain files in a run's folder; copy what a link points to"
            raise NotPlain("A run's folder holds something that is no plain file.", seen={"name": repr(name)}, do=do)


def _is_text(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False
