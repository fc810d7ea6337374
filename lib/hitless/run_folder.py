"""The folder one run leaves behind: its journal, samples, picture and verdict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hitless.clock import to_datetime
from hitless.connect import Connection
from hitless.journal import Journal

RUNS = Path("runs")


@dataclass(frozen=True)
class RunFolder:
    """One run's folder and its open journal."""

    path: Path
    journal: Journal

    def write(self, name: str, content: str | bytes) -> Path:
        """Keep one more file of the run."""
        file = self.path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file


def open_run(here: Connection, runbook: str, run_dir: str, reason: str) -> RunFolder:
    """Open the folder of this run and note who runs what, where and why.

    Args:
        here: Whose account.
        runbook: The runbook's name, e.g. `20-refresh-hosts`.
        run_dir: The folder the runner chose; "" makes `runs/<runbook>/<UTC time>`.
        reason: Why, for whoever reads the record.
    """
    path = Path(run_dir or RUNS / runbook / f"{to_datetime(here.clock.now()):%Y%m%dT%H%M%SZ}")
    path.mkdir(parents=True, exist_ok=True)
    journal = Journal(path / "journal.jsonl", here.clock)
    journal.append("opened", runbook=runbook, account_id=here.account_id, place=here.place, reason=reason)
    return RunFolder(path, journal)
