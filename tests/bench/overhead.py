"""What the runner, its journal, redaction and the pack add to a runbook: beside plain papermill, in pairs.

A short runbook of five cells shows the seconds that are added whatever the runbook does; a longer one whose cells wait
shows the share. Limits: 10 s to the short one, 5 % to the longer.

    python tests/bench/overhead.py
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

import papermill
from limits import Limits

sys.path.insert(0, str(Path(__file__).parents[2]))

from hitless import runner
from tests.hitless.notebooks import write_runbook

PAIRS = 3
SHORT = ["print('a step')"] * 5
LONG = ["import time\ntime.sleep(12)\nprint('a step')"] * 5  # a minute, as short as a real change gets on the lab


def plainly(runbook: Path, folder: Path) -> None:
    """As papermill runs it by itself."""
    papermill.execute_notebook(
        runbook, folder / "x.ipynb", {}, progress_bar=False, kernel_name="python3", language="python"
    )


def kept(runbook: Path, folder: Path) -> None:
    """As `hitless run` does, to the sealed pack."""
    assert runner.run(runbook, {}, folder) == runner.DONE


def measure(how, runbook: Path) -> float:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        began = time.perf_counter()
        how(runbook, Path(folder) / "run") if how is kept else how(runbook, Path(folder))
        return time.perf_counter() - began


def main() -> int:
    """Print the medians of interleaved pairs; 1 when it adds too much."""
    limits = Limits()
    with tempfile.TemporaryDirectory() as folder:
        for name, cells in (("short", SHORT), ("a minute", LONG)):
            runbook = write_runbook(Path(folder) / "05-try.ipynb", *cells)
            measure(kept, runbook)  # imports
            pairs = [(measure(plainly, runbook), measure(kept, runbook)) for _ in range(PAIRS)]
            plain, ours = (statistics.median(each) for each in zip(*pairs, strict=True))
            print(f"{name}: papermill {plain:.2f} s, hitless {ours:.2f} s")
            if cells is SHORT:
                limits.at_most("  added", ours - plain, 10, "s")
            else:
                limits.at_most("  added", 100 * (ours - plain) / plain, 5, "%")
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
