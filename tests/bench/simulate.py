"""How long the lab's machines take for hours of AWS on the virtual clock: refreshes of 10 to 10,000 hosts.

Run: .venv/bin/python tests/bench/simulate.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from limits import Limits

from tests.machines.conftest import Fleet

SIZES = {10: 5, 180: 5, 1000: 3, 10_000: 3}  # hosts: runs


def simulate(hosts: int) -> tuple[float, float, int]:
    """Real seconds, lab seconds and journal entries of one refresh."""
    fleet = Fleet(hosts)
    began = time.perf_counter()
    fleet.start(min_healthy_percent=90, max_healthy_percent=110, warmup_s=60)
    assert fleet.run() == "Successful"
    took = time.perf_counter() - began
    return took, fleet.world.now - fleet.group.refreshes[0].started_at, len(fleet.world.journal)


def main() -> int:
    """Print the best of some interleaved runs, and the ratios."""
    best = {hosts: min(simulate(hosts) for _ in range(runs)) for hosts, runs in SIZES.items()}
    for hosts, (took, lab_s, entries) in best.items():
        print(f"{hosts:>6} hosts  {took:.3f} s for {lab_s:.0f} lab seconds ({lab_s / took:,.0f} x), {entries} entries")
    print(f"a thousand times the hosts of 10 take {best[10_000][0] / best[10][0]:,.0f} x the time")
    limits = Limits()
    limits.at_most("10,000 hosts", best[10_000][0], 3, "s")
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
