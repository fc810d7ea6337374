"""What must be on a machine before anything of ours is installed: standard library only."""

from __future__ import annotations

import platform
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".cache" / "terraform"


class Missing(Exception):
    """Something needed is not here and could not be fetched; the message ends with the remedy."""


def platform_name() -> str:
    """This machine in HashiCorp's words: `linux_amd64`, `darwin_arm64`."""
    machine = platform.machine().lower()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{platform.system().lower()}_{architecture}"
