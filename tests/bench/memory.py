"""Whether the lab grows: an hour of it with users, real tasks and a watcher; then three hours of change, repeated.

    python tests/bench/memory.py [--hours 1] [--rounds 3]

The first is a live lab at sixty times AWS's pace: 50 requests a second reach its tasks, and all that a watched change
asks for is asked again and again. Its processes are weighed (PSS) half a lab hour after it is ready, when every path
has been gone once, and an hour later. Limit 5 %: metrics are kept for 15 days as on AWS, and an allocator takes its
memory in pieces.

The second is the day's estate on virtual time (`day.py`), traced: what is held after each round of three hours. The
journal is kept on purpose, and metrics until they are 15 days old; both are emptied and weighed apart. Limit for all
that is left, 48 KiB a lab hour of constant change: AWS keeps refreshes and activities for six weeks, deployments and
task definitions for ever.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import boto3
from day import REPORT_S, THREE_HOURS
from lab_size import serve, sizes
from limits import Limits

from awslab.dataplane import simulated
from awslab.machines.publisher import Publisher
from hitless.clock import monotonic_s
from hitless.lab import Lab
from hitless.probe import Probe
from tests.property.estate import Estate

RATE, HOSTS, TASKS, USERS_PER_S = 60, 2, 4, 50
WARM_UP_S = 1800 / RATE
GROWTH_PERCENT, LEFT_KIB = 5.0, 48.0


def ask(clients: dict) -> int:
    """Everything a watched change asks for, once; how many calls."""
    clients["autoscaling"].describe_auto_scaling_groups()
    clients["autoscaling"].describe_instance_refreshes(AutoScalingGroupName="web")
    clients["autoscaling"].describe_scaling_activities(AutoScalingGroupName="web")
    clients["ec2"].describe_instances()
    clients["ecs"].describe_services(cluster="web", services=["web"])
    clients["ecs"].describe_tasks(cluster="web", tasks=clients["ecs"].list_tasks(cluster="web")["taskArns"])
    for group in clients["elbv2"].describe_target_groups()["TargetGroups"]:
        clients["elbv2"].describe_target_health(TargetGroupArn=group["TargetGroupArn"])
    clients["cloudwatch"].describe_alarms()
    return 9


def watch(clients: dict, real_s: float) -> int:
    """Ask for so long; how many calls."""
    until, calls = monotonic_s() + real_s, 0
    while monotonic_s() < until:
        calls += ask(clients)
    return calls


def live(hours: float, limits: Limits) -> None:
    """A lab that keeps time, in use."""
    with tempfile.TemporaryDirectory() as data, Lab(Path(data), rate=RATE, seed=1) as lab:
        serve(HOSTS, TASKS)
        clients = {name: boto3.client(name) for name in ("autoscaling", "ec2", "ecs", "elbv2", "cloudwatch")}
        url = f"http://127.0.0.1:{next(iter(lab.status()['listeners'].values()))}/"
        with Probe(url, USERS_PER_S, samples_path=Path(data) / "samples") as probe:
            watch(clients, WARM_UP_S)
            before = sizes(lab)
            calls = watch(clients, 3600 * hours / RATE)
            after, summary = sizes(lab), probe.stop()
    print(f"{hours:g} lab hours: {calls} calls, {summary.sent} requests, {summary.failed} failed")
    for part, mb in before.items():
        print(f"  {part:<12} {mb:6.1f} MB, then {after[part]:6.1f} MB")
    grown = 100 * (sum(after.values()) / sum(before.values()) - 1)
    limits.at_most("growth of all of them", grown, GROWTH_PERCENT, "%")


def held_kib() -> float:
    """What Python holds."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1024


def weigh(estate: Estate) -> dict[str, float]:
    """KiB of the journal, of the metrics, and of all that is left when both have been emptied."""
    at = [held_kib()]
    estate.lab.world.journal.clear()
    at.append(held_kib())
    for series in estate.lab.world.of(Publisher)[0].metrics.series.values():
        series.minutes.clear()
    at.append(held_kib())
    return {"journal": at[0] - at[1], "metrics": at[1] - at[2], "left": at[2]}


def change(estate: Estate) -> dict[str, float]:
    """Three hours; what is held after them."""
    for minutes, deed in THREE_HOURS:
        estate.sleep(60 * minutes)
        estate.do(*deed)
    estate.lab.world.call(lambda: None)
    return weigh(estate)


def virtual(rounds: int, limits: Limits) -> None:
    """The same deeds again and again."""
    simulated.REPORT_S = REPORT_S
    estate = Estate(1)
    estate.send(10)
    change(estate)
    tracemalloc.start()
    found = [change(estate) for _ in range(rounds + 1)]
    hours = 3 * rounds
    for name in ("journal", "metrics"):
        print(f"{name}, kept on purpose: {sum(one[name] for one in found[1:]) / hours:.0f} KiB a lab hour")
    limits.at_most("all else", (found[-1]["left"] - found[0]["left"]) / hours, LEFT_KIB, "KiB a lab hour")
    estate.lab.close()


def main() -> int:
    """Print what grew; 1 when it was too much."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--hours", type=float, default=1.0, help="of the live lab, after half an hour of warming up")
    parser.add_argument("--rounds", type=int, default=3, help="of three virtual hours")
    settings, limits = parser.parse_args(), Limits()
    live(settings.hours, limits)
    virtual(settings.rounds, limits)
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
