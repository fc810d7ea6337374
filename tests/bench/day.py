"""A day of a busy service on the virtual clock: what an operator and nature do in it, and how long the lab takes.

    python tests/bench/day.py [--hours 24] [--users 10]

Every few minutes something begins: new hosts, a release, a bad one that the alarm takes back, one that is stopped, a
refresh that is cancelled or turned round; hosts and tasks die, capacity is scaled, while users ask at a constant rate.
The estate is that of the property tests, its promises are held, and each deed is a real call through boto3. Limit: a
day in 10 s.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from limits import Limits

from awslab.dataplane import simulated
from hitless.clock import monotonic_s
from tests.property.estate import Estate

LIMIT_S, HOUR_S, SEED = 10.0, 3600.0, 1
MAXRSS_B = 1 if sys.platform == "darwin" else 1024
REPORT_S = 10.0  # lab seconds between two reports of what was served; counts are exact whatever it is
SAFE = (90, 110)
THREE_HOURS = (  # (minutes since the last deed, deed)
    (0, ("refresh", "3", SAFE, False)),
    (20, ("deploy", "good")),
    (20, ("kill_task", 1)),
    (5, ("sicken_task", 0)),
    (15, ("refresh", "2", SAFE, False)),
    (3, ("cancel", True)),
    (17, ("deploy", "errors")),
    (20, ("kill_host", 2)),
    (10, ("scale_hosts", 5)),
    (10, ("refresh", "3", (100, 125), False)),
    (4, ("roll_back",)),
    (16, ("deploy", "good")),
    (6, ("stop",)),
    (9, ("scale_tasks", 5)),
    (10, ("scale_tasks", 3)),
    (5, ("scale_hosts", 4)),
    (10, ("throttle",)),
)


def live(hours: float, users_per_s: float) -> tuple[Estate, Counter[str], Counter[str]]:
    """Do the deeds of three hours again and again; the estate, and which deeds were done and which refused."""
    estate, done, refused = Estate(SEED), Counter(), Counter()
    estate.send(users_per_s)
    began = estate.lab.clock.now()
    for minutes, deed in itertools.cycle(THREE_HOURS):
        if estate.lab.clock.now() + 60 * minutes - began >= hours * HOUR_S:
            break
        estate.sleep(60 * minutes)
        answer = estate.do(*deed)
        (done if answer == "done" else refused)[deed[0] if answer == "done" else f"{deed[0]}: {answer}"] += 1
    estate.sleep(began + hours * HOUR_S - estate.lab.clock.now())
    estate.lab.world.call(lambda: None)
    return estate, done, refused


def counts(found: Counter[str]) -> str:
    """Most first: "refresh 24, cancel 8"."""
    return ", ".join(f"{name} {count}" for name, count in found.most_common())


def told(estate: Estate) -> str:
    """How what was started ended, as AWS tells it."""
    found = estate.asg.describe_instance_refreshes(AutoScalingGroupName="hosts", MaxRecords=100)["InstanceRefreshes"]
    refreshes = Counter(one["Status"] for one in found)
    releases = Counter(estate.status(deployment_id) for deployment_id in estate.deployed)
    return f"refreshes: {counts(refreshes)}; releases: {counts(releases)}"


def peak_mb() -> float:
    """The most memory this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_B / 1e6


def main() -> int:
    """Print what was done and what it cost; 1 when it took too long or a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--users", type=float, default=10.0, help="requests a second")
    settings = parser.parse_args()
    simulated.REPORT_S, limits, began = REPORT_S, Limits(), monotonic_s()
    estate, done, refused = live(settings.hours, settings.users)
    took_s, tally = monotonic_s() - began, estate.plane.tally(estate.prod)
    print(f"{done.total()} deeds done: {counts(done)}\n{refused.total()} refused: {counts(refused)}\n{told(estate)}")
    print(f"{tally.sent} requests sent, {tally.failed} failed: those of bad releases, and of what was killed")
    print(f"{len(estate.lab.world.journal)} entries in the journal; {peak_mb():.0f} MB at most")
    limits.at_most("promises broken", len(estate.witness.wrong), 0)
    limits.at_most(f"{settings.hours:g} lab hours", took_s, LIMIT_S * settings.hours / 24, "s")
    estate.lab.close()
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
