"""The checkout that this code runs from: paths in it are relative to it."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def shown(path: Path) -> Path:
    """A path as people are shown it: from the checkout, when it lies there."""
    return path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path


def enter() -> None:
    """Go there: a kernel starts beside its notebook, and `app`, `terraform` and `runs` are found from the checkout."""
    os.chdir(CHECKOUT)
