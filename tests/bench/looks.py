"""What a look at a service costs when it has 1, 100, 101 and 1,000 hosts, and whether a watched refresh of all ends.

    python tests/bench/looks.py [--hosts 1 100 101 1000]

Each is a live lab at sixty times AWS's pace with simulated hosts and two real tasks behind a load balancer. A look is
what `hitless` asks every 15 s of AWS time while hosts change: capacity, targets and the refresh itself, through one
boto3 session. Calls are counted by botocore's events, so those it makes by itself for another page count too. Limit:
6 calls and 3 more for each hundred hosts begun (ECS lists and describes a hundred hosts at a time, and so do we of
EC2); at most one of them GetMetricData. A look must take less real time than passes between two looks on AWS.

The refresh of the largest fleet is watched to its end, at ten times AWS's pace, while one call in five is throttled: it
must end Successful with every host new, no look may show fewer hosts than were promised, and no call may be given up.
How long the SDK waits before it asks again is its own: real seconds, so here ten times as long in AWS time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import boto3
import psutil
from limits import Limits

from hitless.clock import monotonic_s
from hitless.connect import Connection, connect
from hitless.floor import true_floor
from hitless.hosts import read_hosts
from hitless.lab import Lab
from hitless.lookout import Lookout
from hitless.miniature import Miniature, Settings, new_template_version
from hitless.refresh import RefreshSettings, plan_refresh, watch_refresh
from hitless.wait import wait_until
from hitless.watched import LOOK_S

RATE, RATE_OF_A_REFRESH, THROTTLED_PERCENT = 60, 10, 20
THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded")  # one for each of AWS's protocols
ONCE, A_HUNDRED = 6, 3  # calls of a look: whatever the size, and for each hundred hosts begun


class Counted:
    """Calls of one session by operation, and why any was sent again.

    Args:
        session: Whose clients are made later.
    """

    def __init__(self, session: boto3.Session) -> None:
        self.calls: Counter[str] = Counter()
        self.again: Counter[str] = Counter()
        session.events.register("before-call.*.*", self._call)
        session.events.register("needs-retry.*.*", self._answer)

    def _call(self, model, **_given: object) -> None:
        self.calls[model.name] += 1

    def _answer(self, response=None, caught_exception=None, **_given: object) -> None:
        if caught_exception is not None:
            self.again[type(caught_exception).__name__] += 1
        elif response[0].status_code >= 300:
            self.again["throttled" if response[1]["Error"]["Code"] in THROTTLED else response[1]["Error"]["Code"]] += 1

    def take(self) -> Counter[str]:
        """The calls since it was last asked."""
        taken, self.calls = self.calls, Counter()
        return taken


@contextlib.contextmanager
def fleet(hosts: int, rate: float = RATE) -> Iterator[tuple[Lab, Connection, Miniature, Counted]]:
    """A lab with so many hosts in service."""
    with tempfile.TemporaryDirectory() as data, Lab(Path(data), rate=rate, seed=1) as lab:
        here = connect()
        counted = Counted(here.session)
        made = Miniature(here, Settings(hosts=hosts, tasks=2))
        wait_until(
            lambda: read_hosts(here, made.stack).healthy,
            lambda healthy: healthy == hosts,
            what=f"{hosts} hosts",
            clock=here.clock,
            timeout_s=3600,
            say=lambda _line: None,
        )
        yield lab, here, made, counted


def look(lab: Lab, lookout: Lookout, counted: Counted) -> tuple[Counter[str], float, float, float]:
    """One look: its calls, real seconds, our and the lab's processor seconds."""
    process = psutil.Process(lab._process.pid)
    counted.take()
    theirs, ours, began = sum(process.cpu_times()[:2]), time.process_time(), monotonic_s()
    lookout.capacity()
    took_s, ours = monotonic_s() - began, time.process_time() - ours
    return counted.take(), took_s, ours, sum(process.cpu_times()[:2]) - theirs


def measure(hosts: int, limits: Limits) -> None:
    """One size."""
    with fleet(hosts) as (lab, here, made, counted):
        lookout = Lookout(here, made.stack)
        lookout.capacity()
        calls, took_s, ours_s, theirs_s = look(lab, lookout, counted)
        named = ", ".join(f"{name} {count}" for name, count in sorted(calls.items()))
        said = f"processor: ours {1e3 * ours_s:.0f} ms, the lab's {1e3 * theirs_s:.0f} ms"
        print(f"\n{hosts} hosts: a look takes {1e3 * took_s:.0f} ms; {said}\n  {named}")
        limits.at_most("calls a look", calls.total() + 1, ONCE + A_HUNDRED * math.ceil(hosts / 100))  # and the refresh
        limits.at_most("of them GetMetricData", calls["GetMetricData"], 1)
        limits.at_most("a look takes", took_s, LOOK_S, "s")


def refresh(hosts: int, limits: Limits) -> None:
    """Replace them all, watched through a storm."""
    settings = RefreshSettings(90, 110)
    with fleet(hosts, RATE_OF_A_REFRESH) as (lab, here, made, counted):
        group, template = made.stack.group_name, read_hosts(here, made.stack).launch_template_id
        version = new_template_version(here, template)
        lookout, seen = Lookout(here, made.stack, version), []
        plan = plan_refresh(group, template, version, settings)
        refresh_id = plan.run(here, dry_run=False, say=lambda _line: None)["refresh"]["InstanceRefreshId"]
        lab.fault("ApiThrottled", share_percent=THROTTLED_PERCENT)
        counted.take()
        counted.again.clear()
        began, began_s = here.clock.now(), time.process_time()

        def both() -> dict:
            seen.append(lookout.capacity().healthy)
            return lookout.refresh(refresh_id, lambda _line: None)

        ended = asyncio.run(watch_refresh(here, group, both, usually_s=3600, say=lambda _line: None))
        passed_s, calls = here.clock.now() - began, counted.take().total()
        lab.fault("ApiCalm")
        new = lookout.capacity().new
    print(f"\nrefresh of {hosts} hosts: {ended['Status']} after {passed_s / 60:.0f} lab minutes, {new} are new")
    print(f"  {len(seen)} looks, {calls} calls; sent again because of {dict(counted.again)}")
    print(f"  a look every {passed_s / len(seen):.0f} s of AWS time (15 without a storm)")
    print(f"  {(time.process_time() - began_s) / len(seen):.2f} processor seconds a look")
    limits.at_least("new hosts", new, hosts)
    limits.at_least("fewest healthy hosts seen", min(seen), true_floor(hosts, 90, 110).fewest)


def main() -> int:
    """Print a table of sizes, then the refresh of the largest; 1 when a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--hosts", type=int, nargs="+", default=[1, 100, 101, 1000])
    settings, limits = parser.parse_args(), Limits()
    sessions, plain = [], boto3.Session.__init__
    boto3.Session.__init__ = lambda self, *given, **named: (sessions.append(self), plain(self, *given, **named))[1]
    for hosts in settings.hosts:
        measure(hosts, limits)
    refresh(max(settings.hosts), limits)
    limits.at_most("boto3 sessions a connection", len(sessions) / (len(settings.hosts) + 1), 1)
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
