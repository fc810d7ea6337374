"""How late requests leave, what they seem to take and what that costs: our prober, the obvious one, and a floor of C.

    python tests/bench/probe.py [--rates 200 1000] [--turns 27] [--seconds 2.2]

The obvious one paces aiohttp with `asyncio.sleep`; the floor (floor.c) is the least that the machine allows. All call
the same local server, in turns. The median of the turns tells of this machine as it is (of processor time it is the
mean), the best of what is left when its neighbours are quiet; only the ratios travel to another machine.
"""

import argparse
import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from limits import Limits
from processor import cpu_s
from server import server

from hitless.clock import monotonic_s
from hitless.probe import Probe
from hitless.samples import quantile, read_samples

# Of ours, times the floor's.
LIMITS = {"send error p50": 1.5, "send error p99": 2.0, "latency p99": 1.25, "CPU per request": 1.6}


@dataclass(frozen=True)
class Turn:
    """One turn of one prober: microseconds."""

    late: list[float]
    took: list[float]
    cpu: float

    def figures(self) -> dict[str, float]:
        """The figures that are compared."""
        late, took = sorted(self.late), sorted(self.took)
        errors = {f"send error p{of:.0f}": quantile(late, of / 100) for of in (50, 99)}
        return {**errors, "latency p99": quantile(took, 0.99), "CPU per request": self.cpu}


def build_floor(folder: Path) -> Path | None:
    """The floor, compiled; None where there is no C compiler or no Linux."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return None
    program = folder / "floor"
    subprocess.run([compiler, "-O2", "-o", program, Path(__file__).with_name("floor.c")], check=True)
    return program


def run_floor(program: Path, port: int, rate: float, seconds: float) -> Turn:
    """One turn of the floor."""
    said = subprocess.run([program, str(port), str(rate), str(seconds)], check=True, capture_output=True, text=True)
    *lines, last = said.stdout.splitlines()
    late, took = zip(*(map(float, line.split()) for line in lines), strict=True)
    cpu_us = float(last.split()[1]) / 1e3 / len(lines)
    return Turn([one / 1e3 for one in late], [one / 1e3 for one in took], cpu_us)


def run_ours(port: int, rate: float, seconds: float) -> Turn:
    """One turn of `hitless.probe`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        with Probe(f"http://127.0.0.1:{port}/", rate, samples_path=path) as probe:
            before, began = cpu_s(probe.pid), monotonic_s()
            time.sleep(seconds)
            used, lasted = cpu_s(probe.pid) - before, monotonic_s() - began
            summary = probe.stop()
        assert summary.failed == 0, summary
        samples = read_samples(path)[0]
    return Turn([1e6 * s.late_s for s in samples], [1e6 * s.latency_s for s in samples], 1e6 * used / (rate * lasted))


def run_obvious(port: int, rate: float, seconds: float) -> Turn:
    """One turn of aiohttp paced by asyncio.sleep."""
    before = time.process_time()
    late, took = asyncio.run(_obvious(f"http://127.0.0.1:{port}/", rate, seconds))
    return Turn(late, took, 1e6 * (time.process_time() - before) / len(took))


async def _obvious(url: str, rate: float, seconds: float) -> tuple[list[float], list[float]]:
    late, took = [], []

    async def ask(session: aiohttp.ClientSession, intended: float) -> None:
        late.append(1e6 * (monotonic_s() - intended))
        async with session.get(url) as answer:
            await answer.read()
        took.append(1e6 * (monotonic_s() - intended))

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as requests:
        start = monotonic_s() + 0.05
        for i in range(int(rate * seconds)):
            intended = start + i / rate
            await asyncio.sleep(max(0.0, intended - monotonic_s()))
            requests.create_task(ask(session, intended))
    return late, took


def compare(ways: dict, rate: float, turns: int, seconds: float, limits: Limits) -> None:
    """Print every way's figures, and hold what is usual of ours as a multiple of the floor's."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, run in ways.items():
            seen[name].append(run(rate, seconds).figures())
    for figure, limit in LIMITS.items():
        usual = ("mean", statistics.fmean) if figure == "CPU per request" else ("median", statistics.median)
        for of, pick in (usual, ("best", min)):
            found = {name: pick([one[figure] for one in figures]) for name, figures in seen.items()}
            said = "   ".join(f"{name} {value:7.0f} us" for name, value in found.items())
            floor = f"   ours : floor {found['ours'] / found['floor']:.2f}" if "floor" in found else ""
            print(f"{rate:5.0f}/s  {figure:15} {of:6}  {said}{floor}")
            if "floor" in found and of != "best":
                limits.at_most(f"{figure} at {rate:g}/s, ours : floor", found["ours"] / found["floor"], limit)


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--rates", type=float, nargs="+", default=[200, 1000])
    parser.add_argument("--turns", type=int, default=27)  # short, for the machine's pace changes
    parser.add_argument("--seconds", type=float, default=2.2)  # two of them the prober writes and tells in it
    settings, limits = parser.parse_args(), Limits()
    with tempfile.TemporaryDirectory() as folder, server() as (port, _):
        floor = build_floor(Path(folder))
        ways = {"floor": lambda *turn: run_floor(floor, port, *turn)} if floor else {}
        ways |= {"ours": lambda *turn: run_ours(port, *turn), "obvious": lambda *turn: run_obvious(port, *turn)}
        for rate in settings.rates:
            compare(ways, rate, settings.turns, settings.seconds, limits)
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
