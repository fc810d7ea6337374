"""Programs that cannot share the project's environment, each in one of its own, from pins checked by hash."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache"


def installed(lock: Path) -> Path:
    """The `bin` folder of what a lock file pins, installed once for each content of it, however many ask."""
    home = CACHE / f"{lock.stem}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    ready = home / "ready"
    CACHE.mkdir(exist_ok=True)
    with home.with_suffix(".busy").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        if not ready.exists():
            _install(lock, home)
            ready.touch()
    return home / "bin"


def _install(lock: Path, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    python = home / "bin" / "python"
    if (uv := shutil.which("uv")) is not None:
        command = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--require-hashes", "--no-deps", "-r", lock], check=True)
