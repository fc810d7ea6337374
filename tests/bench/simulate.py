"""How long the lab's machines take for an hour of AWS: a refresh of 180 hosts, beside one of 18, on the virtual clock.

Run: .venv/bin/python tests/bench/simulate.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.machines.conftest import Fleet

RUNS = 5


def simulate(hosts: int) -> tuple[float, float, int]:
    """Real seconds, lab seconds and journal entries of one refresh."""
    fleet = Fleet(hosts)
    began = time.perf_counter()
    fleet.start(min_healthy_percent=90, max_healthy_percent=110, warmup_s=60)
    assert fleet.run() == "Successful"
    took = time.perf_counter() - began
    return took, fleet.world.now - fleet.group.refreshes[0].started_at, len(fleet.world.journal)


def main() -> None:
    """Print the best of some interleaved runs, and the ratios."""
    best = {hosts: min(simulate(hosts) for _ in range(RUNS)) for hosts in (18, 180)}
    for hosts, (took, lab_s, entries) in best.items():
        print(f"{hosts:>4} hosts  {took:.3f} s for {lab_s:.0f} lab seconds ({lab_s / took:,.0f} x), {entries} entries")
    print(f"ten times the hosts take {best[180][0] / best[18][0]:.1f} x the time")


if __name__ == "__main__":
    main()
