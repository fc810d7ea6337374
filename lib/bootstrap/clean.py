"""Remove what set-up, tests and linters made; never a run's records, nor Terraform's state."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from bootstrap import CHECKOUT

TOP = (".venv", ".cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "build")
ANYWHERE = ("__pycache__", ".ipynb_checkpoints", "*.egg-info")
KEPT = ("runs", ".git", ".venv", ".terraform")


def rubbish(root: Path) -> Iterator[Path]:
    """The folders to remove."""
    for name in TOP:
        if (root / name).is_dir():
            yield root / name
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and path.name not in KEPT):
        for name in ANYWHERE:
            yield from ([folder] if folder.match(name) else sorted(folder.rglob(name)))


def main() -> int:
    """Remove them."""
    for folder in list(rubbish(CHECKOUT)):
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
