"""The checkout that this code runs from: paths in it are relative to it."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def enter() -> None:
    """Go there: a kernel starts beside its notebook, and `app`, `terraform` and `runs` are found from the checkout."""
    os.chdir(CHECKOUT)
