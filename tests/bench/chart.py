"""What plotting costs: the time of a frame, the weight of the last picture, whether it disturbs the probe.

    python tests/bench/chart.py [--rounds 20] [--rate 200]

The run is an hour long: 360 000 samples at 100/s, in windows of half a second as a fast lab's are. The disturbance is
measured by one probe in seconds that take turns: an idle kernel; one that draws that hour twice a second, as a live
chart does; and a cell that plots it as fast as it can, as an impatient user does. Neighbours disturb all three alike.
Limits, of a service that takes 20 ms to answer: with a live chart the latency p99 is less than 5 % higher; while a cell
plots, the send error p99 is at most twice that beside an idle kernel. Windows in which the probe itself was late are
counted: the chart shades these.
"""

import argparse
import asyncio
import bisect
import contextlib
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
from limits import Limits
from server import server

from hitless.background import yield_to_all
from hitless.charts import FINAL_DPI, TimelineChart, bundle
from hitless.clock import monotonic_s, real_now
from hitless.finding import LATE_MS
from hitless.journal import Entry
from hitless.probe import Probe
from hitless.samples import Sample, quantile, read_samples
from hitless.screen import WidgetScreen
from hitless.timeline import Timeline

START, HOUR_S, WINDOW_S, RATE = 1_795_333_200.0, 3600, 0.5, 100
FRAMES, TURN_S = 20, 1.0
SERVICE_S = 0.02  # what a request to a service with a database behind it takes
STATES = ("idle", "chart", "cell")


def hour(seed: int = 7) -> Timeline:
    """An hour under load: a limit, a floor, hosts that are replaced, traffic that shifts, a few failures."""
    chance, run = random.Random(seed), Timeline()

    def take(kind: str, at: float, **facts: object) -> None:
        run.apply(Entry(0, START + at, kind, facts, "", ""))

    take("run", 0, title="Release version 2.0.0", place="prod-web, us-east-1", synthetic=True)
    take("limit", 0, name="p99_ms", value=250)
    take("limit", 0, name="floor_percent", value=90)
    take("phase", 0, name="blue/green", edge="start", tone="good")
    for i in range(int(HOUR_S / WINDOW_S)):
        p50, p95, p99 = (chance.lognormvariate(mean, 0.3) for mean in (1.0, 1.6, 2.2))
        failed = {"5xx": 1} if chance.random() < 0.002 else {}
        sent, version = int(RATE * WINDOW_S), {"1.0.0": int(RATE * WINDOW_S)}
        figures = {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "max_ms": 2 * p99, "lag_ms": 0.4}
        counted = {"sent": sent, "ok": sent - len(failed), "failed": failed, "version": version}
        take("window", i * WINDOW_S, width_s=WINDOW_S, seconds=WINDOW_S, **figures, **counted)
        if i % 10 == 0:
            new, green = min(4, i // 1500), min(100, i // 70)
            take("capacity", i * WINDOW_S, healthy=4, old=4 - new, new=new, desired=4)
            take("weights", i * WINDOW_S, percent={"web-blue": 100 - green, "web-green": green})
    for i in range(12):
        take("event", 250.0 * i, label=f"{8 * i} %", tone="info")
    return run


def print_frame(limits: Limits) -> None:
    """Print what a frame takes, of the processor and of the clock, and what the executed notebook keeps."""
    run, chart = hour(), TimelineChart()
    chart.update(run.snapshot(), True)
    chart.frame()
    walls, processor_s = [], time.process_time()
    for _ in range(FRAMES):
        began = monotonic_s()
        chart.update(run.snapshot(), True, "Waiting for version 2.0.0 to be released")
        png = chart.frame()
        walls.append(1e3 * (monotonic_s() - began))
    processor_ms = 1e3 * (time.process_time() - processor_s) / FRAMES
    sent = f"{run.sent} samples in {len(run.windows)} windows"
    print(f"{sent}: a frame takes {statistics.median(walls):.0f} ms by the clock, and has {len(png) / 1e3:.0f} KB")
    limits.at_most("a frame takes of a processor", processor_ms, 100, "ms")
    chart.update(run)
    data, metadata = bundle(run, chart.png(FINAL_DPI))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("await change.run(run)")])
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", data, metadata=metadata)]
    limits.at_most("the executed notebook keeps", len(nbformat.writes(notebook)) / 1e3, 1000, "KB")


def draw(ready, wanted, as_cell: bool) -> None:
    """Draw whenever wanted: twice a second in a thread that yields, or without a pause as a cell does."""
    if not as_cell:
        yield_to_all()
    run, chart, screen_s = hour(), TimelineChart(), 0.0 if as_cell else WidgetScreen.frame_s
    chart.update(run.snapshot(), True)
    chart.frame()
    ready.set()
    while multiprocessing.parent_process().is_alive():
        if not wanted.wait(1.0):
            continue
        began = monotonic_s()
        chart.update(run.snapshot(), True)
        chart.png() if as_cell else chart.frame()
        threading.Event().wait(max(0.0, began + screen_s - monotonic_s()))


@contextlib.contextmanager
def drawer(as_cell: bool):
    """Yield the switch of a drawing process."""
    context = multiprocessing.get_context("spawn")
    ready, wanted = context.Event(), context.Event()
    process = context.Process(target=draw, args=(ready, wanted, as_cell), daemon=True)
    process.start()
    ready.wait()
    try:
        yield wanted
    finally:
        process.terminate()
        process.join()


async def take_turns(url: str, rate: float, rounds: int, switches: dict) -> dict[str, list[Sample]]:
    """The requests meant to leave in each state."""
    turns: list[tuple[float, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        async with Probe(url, rate, samples_path=path) as probe:
            for turn in range(rounds):
                for state in STATES if turn % 2 else reversed(STATES):
                    for name, wanted in switches.items():
                        (wanted.set if name == state else wanted.clear)()
                    turns.append((real_now(), state))
                    await asyncio.sleep(TURN_S)
            ended = real_now()
            await asyncio.to_thread(probe.stop)
        found: dict[str, list[Sample]] = {state: [] for state in STATES}
        begins = [at for at, _ in turns]
        for sample in read_samples(path)[0]:
            if begins[0] <= sample.intended < ended:
                found[turns[bisect.bisect(begins, sample.intended) - 1][1]].append(sample)
    return found


def figures(samples: list[Sample]) -> dict[str, float]:
    """What is compared, ms, and the windows in which the probe was late."""
    late = sorted(1e3 * sample.late_s for sample in samples)
    took = sorted(1e3 * sample.latency_s for sample in samples)
    windows = {int(sample.intended / WINDOW_S) for sample in samples if 1e3 * sample.late_s > LATE_MS}
    shares = {f"latency p{100 * share:.0f}": quantile(took, share) for share in (0.5, 0.95, 0.99)}
    return {**shares, "send error p99": quantile(late, 0.99), "windows the probe was late in": len(windows)}


def print_disturbance(rounds: int, rate: float, answer_s: float, limits: Limits | None) -> None:
    """Print the probe's figures in each state, in turns, of a service that takes so long to answer."""
    print(f"a service that answers after {1e3 * answer_s:g} ms, asked {rate:g} times a second, ms:")
    with server(answer_s) as (port, _), drawer(as_cell=False) as chart, drawer(as_cell=True) as cell:
        switches = {"chart": chart, "cell": cell}
        seen = asyncio.run(take_turns(f"http://127.0.0.1:{port}/", rate, rounds, switches))
    found = {state: figures(samples) for state, samples in seen.items()}
    for name in found["idle"]:
        said = "   ".join(f"{state} {found[state][name]:6.2f}" for state in STATES)
        print(f"  {name:32} {said}")
    if limits is None:
        return
    idle, chart_ms, cell_ms = found["idle"], found["chart"]["latency p99"], found["cell"]["send error p99"]
    limits.at_most("latency p99 with a live chart, higher by", 100 * (chart_ms / idle["latency p99"] - 1), 5, "%")
    limits.at_most("send error p99, a cell that plots : idle", cell_ms / idle["send error p99"], 2)


def main() -> int:
    """Run both; 1 when a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rate", type=float, default=200.0)
    settings, limits = parser.parse_args(), Limits()
    print_frame(limits)
    print_disturbance(settings.rounds, settings.rate, 0.0, None)  # nothing hides what little a chart adds
    print_disturbance(settings.rounds, settings.rate, SERVICE_S, limits)
    return limits.code


if __name__ == "__main__":
    sys.exit(main())
