"""How long the whole story takes after set-up (`hitless demo`), beside the time nobody can take from it.

    python tests/bench/rehearsal.py [--record runs/demo]

Without a record the story is told now, which takes five minutes; with one it is read from the journals of its runs.
The ideal is the sum of what is fixed: the AWS provider's own sleeps (terraform/README.md, "Times"), what destroying
took, and at the lab's pace the schedules that the parameters of the runs ask for: to see the steady state before and
after each change, hosts one batch after the other (boot and warm-up), the canary's interval and the wait before the old
tasks go, and one alarm period for the bad release. All else is ours: plans, kernels, looks, reports, seals. Limit: 1.3
times the ideal.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from limits import Limits

from hitless import story
from hitless.environment import ON_THE_LAB
from hitless.floor import ideal_duration_s, true_floor
from hitless.host_change import BOOT_S
from hitless.miniature import ALARM, CANARY
from hitless.watched import STEADY_S

# Real seconds, at whatever pace the lab goes: a VPC, the load balancer in it, the function that is told its address;
# a launch template.
SLEEPS_S = {"10-provision": 10.0 + 60.0 + 5.0, "20-refresh-hosts": 5.0}
LIMIT = 1.3
CANARY_S = 60.0 * int(re.search(r"(\d+)Minutes", CANARY)[1])
OLD_TASKS_S = 60.0 * ON_THE_LAB["deployment"]["termination_wait_minutes"]


def entries(folder: Path) -> list[dict]:
    """A run's journal."""
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]


def pace(record: Path) -> float:
    """Lab seconds to a real second, as the onlooker's journal says."""
    place = next(one["facts"]["place"] for one in entries(record) if one["kind"] == "run")
    return float(re.search(r"([\d.]+)×", place)[1])


def hosts_s(folder: Path) -> float:
    """AWS seconds that replacing the hosts asks for."""
    given = json.loads((folder / "request.json").read_text())["parameters"]
    groups = json.loads((folder / "before.json").read_text())["group"]
    desired = next(iter(groups.values()))["desired_capacity"]
    floor = true_floor(desired, given["MIN_HEALTHY_PERCENT"], given["MAX_HEALTHY_PERCENT"])
    return 2 * STEADY_S + ideal_duration_s(floor, BOOT_S + given["WARMUP_S"])


def release_s(_folder: Path) -> float:
    """AWS seconds that a release asks for."""
    return 2 * STEADY_S + CANARY_S + OLD_TASKS_S


def bad_release_s(_folder: Path) -> float:
    """AWS seconds until an alarm can have seen it."""
    return 2 * STEADY_S + ALARM["Period"]


def destroyed_s(folder: Path) -> float:
    """AWS seconds between the call that destroys and its answer."""
    at = {one["kind"]: one["at"] for one in entries(folder) if one["kind"] in ("intent", "result")}
    return at["result"] - at["intent"]


SCHEDULES: dict[str, Callable[[Path], float]] = {
    "20-refresh-hosts": hosts_s,
    "30-deploy-app": release_s,
    "30-deploy-bad-app": bad_release_s,
    "41-roll-back-hosts": hosts_s,
    "90-tear-down": destroyed_s,
}


def tell(record: Path, limits: Limits) -> None:
    """Print each part beside its ideal, real seconds, and hold the sum."""
    rate, ideal_s, seen = pace(record), 0.0, []
    for chapter in story.ALL:
        folder = record / chapter.folder
        seen += [one["at"] for one in entries(folder)]
        took_s = (entries(folder)[-1]["at"] - entries(folder)[0]["at"]) / rate
        asked_s = SCHEDULES[chapter.folder](folder) if chapter.folder in SCHEDULES else 0.0
        part_s = SLEEPS_S.get(chapter.folder, 0.0) + asked_s / rate
        ideal_s += part_s
        print(f"{chapter.short:<14} {took_s:6.1f} s, ideally {part_s:5.1f} s")
    whole_s = (max(seen) - min(seen)) / rate
    print(f"{'the story':<14} {whole_s:6.1f} s, ideally {ideal_s:5.1f} s, at {rate:g} lab seconds a second")
    limits.at_most("the story : ideal", whole_s / ideal_s, LIMIT)


def main() -> int:
    """Tell the story or read it; 1 when it took too long, or did not end as it must."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--record", type=Path, help="of a story told before")
    settings, limits = parser.parse_args(), Limits()
    if settings.record:
        tell(settings.record, limits)
        return limits.code
    with tempfile.TemporaryDirectory() as folder:
        code = subprocess.run([sys.executable, "-m", "hitless", "demo", "--out", folder]).returncode
        tell(Path(folder), limits)
    return code or limits.code


if __name__ == "__main__":
    sys.exit(main())
