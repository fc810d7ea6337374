"""Programs that cannot share the project's environment, each in one of its own, from pins checked by hash."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache"


def installed(lock: Path) -> Path:
    """The `bin` folder of what a lock file pins, installed once for each content of it."""
    home = CACHE / f"{lock.stem}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    ready = home / "ready"
    if not ready.exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        python = home / "bin" / "python"
        if (uv := shutil.which("uv")) is not None:
            command = [uv, "pip", "install", "--quiet", "--python", python]
        else:
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, "--require-hashes", "-r", lock], check=True)
        ready.touch()
    return home / "bin"
