"""Renew both lock files with uv: what the checkout installs, and what the container does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
# No address of a package index may get into the files: whoever installs uses theirs.
FORM = ["--quiet", "--universal", "--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
PROJECT = ["--extra", "dev", "--python-version", "3.11", "pyproject.toml", "--output-file", "requirements.lock"]
# The container gets the versions the tests ran with.
APP = [
    "--no-annotate",
    "--python-version",
    "3.12",
    "--constraint",
    "requirements.lock",
    "app/requirements.in",
    "--output-file",
    "app/requirements.txt",
]


def main(extra: list[str]) -> int:
    """Compile them; `extra` goes to uv, e.g. `--upgrade`."""
    for what in (PROJECT, APP):
        command = ["uv", "pip", "compile", *FORM, *what, *extra]
        try:
            code = subprocess.run(command, cwd=CHECKOUT).returncode
        except FileNotFoundError:
            print("make lock needs uv: https://docs.astral.sh/uv", file=sys.stderr)
            return 1
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
