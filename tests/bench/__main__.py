"""`make bench`: every benchmark, one after the other, or those named: `make bench ARGS="probe simulate"`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ALL = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("__main__", "rivals", "server", "synthetic"))

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, HERE / f"{name}.py"], check=True)
