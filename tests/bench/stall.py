"""What is seen of a server that freezes for half a second: by our prober, by one that counts from when it sent, by wrk.

    python tests/bench/stall.py [--turns 5]

At 200 requests a second, 4 seconds, a freeze of 0.5 s: of 800 requests the 100 that were meant to leave in it took
longer, by arithmetic, and so p90, p95 and p99 are known. A tool whose clients wait for their answers sends nothing
meanwhile, and never sees the requests it did not send: coordinated omission. wrk is asked when it is installed.
"""

import argparse
import asyncio
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from limits import Limits
from server import server

from hitless.clock import WALL_S, monotonic_s
from hitless.probe import Probe
from hitless.samples import quantile, read_samples

RATE, SECONDS, FREEZE_S, AFTER_S = 200, 4.0, 0.5, 1.5
CLIENTS = 16
SLOW_MS = 100.0
OFF_PERCENT, SLOW_MIN, SLOW_MAX = 5.0, 80, 84
SHARES = (0.90, 0.95, 0.99)


def truth(
    meant: Sequence[float] = tuple(i / RATE for i in range(int(RATE * SECONDS))),
    frozen: tuple[float, float] = (AFTER_S, AFTER_S + FREEZE_S),
) -> list[float]:
    """What each of the requests must take, ms: nothing, or what is left of the freeze; by default as it was ordered."""
    began, ended = frozen
    return [1e3 * (ended - at) if began <= at < ended else 0.0 for at in meant]


def freeze(link) -> threading.Timer:
    """Freeze the server later."""
    timer = threading.Timer(AFTER_S, link.send, [FREEZE_S])
    timer.start()
    return timer


def ours(port: int, link) -> tuple[list[float], int, list[float]]:
    """Latencies by `hitless.probe`, ms, how many requests it did not send, and what was true of that very freeze."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        with Probe(f"http://127.0.0.1:{port}/", RATE, samples_path=path) as probe:
            freeze(link)
            time.sleep(SECONDS)
            probe.stop()
        samples = sorted(read_samples(path)[0], key=lambda s: s.intended)[: int(RATE * SECONDS)]
    true = truth([s.intended - WALL_S for s in samples], link.recv())
    return [1e3 * s.latency_s for s in samples], sum(s.failure != "" for s in samples), true


def closed(port: int, link) -> tuple[list[float], int]:
    """Latencies by sixteen clients that wait for each answer and keep the rate between them, ms."""
    took: list[float] = []

    async def client(session: aiohttp.ClientSession, until: float) -> None:
        while (began := monotonic_s()) < until:
            async with session.get(f"http://127.0.0.1:{port}/") as answer:
                await answer.read()
            took.append(1e3 * (monotonic_s() - began))
            await asyncio.sleep(max(0.0, began + CLIENTS / RATE - monotonic_s()))

    async def run() -> None:
        until = monotonic_s() + SECONDS
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(client(session, until) for _ in range(CLIENTS)))

    freeze(link)
    asyncio.run(run())
    link.recv()
    return took, int(RATE * SECONDS) - len(took)


def wrk(port: int, link) -> str:
    """What wrk says of the same."""
    program = shutil.which("wrk")
    if program is None:
        return "not installed"
    freeze(link)
    command = [program, "--latency", "-t1", f"-c{CLIENTS}", f"-d{SECONDS:.0f}s", f"http://127.0.0.1:{port}/"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    link.recv()
    return "  ".join(re.findall(r"(?:90|99)% +\S+", said))


def row(name: str, runs: list[tuple], wanted: list[float]) -> None:
    """Print one tool's figures beside the truth."""
    said = []
    for share, true in zip(SHARES, wanted, strict=True):
        seen = statistics.median(quantile(sorted(took), share) for took, *_ in runs)
        said.append(f"p{100 * share:.0f} {seen:6.1f} ms ({100 * (seen / true - 1):+.1f} %)")
    slow = statistics.median(sum(one > SLOW_MS for one in took) for took, *_ in runs)
    dropped = statistics.median(run[1] for run in runs)
    print(f"{name:24} {'  '.join(said)}  slower than {SLOW_MS:.0f} ms: {slow:.0f}  not sent: {dropped:.0f}")


def hold(runs: list[tuple[list[float], int, list[float]]], limits: Limits) -> None:
    """Ours sees what was there: each share within 5 %, the slow ones counted, none left out."""
    for share in SHARES:
        off = [abs(quantile(sorted(took), share) / quantile(sorted(true), share) - 1) for took, _, true in runs]
        limits.at_most(f"p{100 * share:.0f} off the arithmetic by", 100 * statistics.median(off), OFF_PERCENT, "%")
    slow = statistics.median(sum(one > SLOW_MS for one in took) for took, *_ in runs)
    limits.at_least("slow ones seen", slow, SLOW_MIN)
    limits.at_most("slow ones seen", slow, SLOW_MAX)
    limits.at_most("requests not sent", max(dropped for _, dropped, _ in runs), 0)


def main() -> int:
    """Run the comparison, in turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--turns", type=int, default=5)
    turns = parser.parse_args().turns
    wanted = [quantile(sorted(truth()), share) for share in SHARES]
    with server() as (port, link):
        both = [(ours(port, link), closed(port, link)) for _ in range(turns)]
        row("arithmetic", [(truth(), 0)], wanted)
        row("ours", [one for one, _ in both], wanted)
        row("clients that wait", [one for _, one in both], wanted)
        print(f"wrk, {CLIENTS} clients: {wrk(port, link)}")
    limits = Limits()
    hold([one for one, _ in both], limits)
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
