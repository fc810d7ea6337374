"""`make bench`: every benchmark, one after the other, or those named: `make bench ARGS="probe simulate"`.

Those that missed a limit are named at the end, and the exit code is then 1.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("__main__", "limits", "rivals", "server", "synthetic")  # of benchmarks, none by itself
ALL = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in PARTS)


def runs(name: str) -> bool:
    """Run one; whether everything held."""
    print(f"\n== {name}", flush=True)
    return subprocess.run([sys.executable, HERE / f"{name}.py"]).returncode == 0


if __name__ == "__main__":
    missed = [name for name in sys.argv[1:] or ALL if not runs(name)]
    sys.exit(f"\nmissed: {' '.join(missed)}" if missed else 0)
