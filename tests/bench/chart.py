"""What a live chart costs: the time of a frame, the weight of the last picture, whether drawing disturbs the probe.

    python tests/bench/chart.py [--pairs 8] [--seconds 5] [--rate 200]

The run is an hour long: 360 000 samples at 100/s, in windows of half a second as a fast lab's are. The disturbance is
measured in pairs that take turns: a process draws that hour twice a second, as a kernel does, or it does not. The
median of the pairs' ratios tells of this machine as it is, the best of each of what is left when others are quiet.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

import nbformat
from probe import server

from hitless.background import yield_to_all
from hitless.charts import FINAL_DPI, TimelineChart, bundle
from hitless.clock import monotonic_s
from hitless.journal import Entry
from hitless.probe import Probe
from hitless.samples import quantile, read_samples
from hitless.screen import WidgetScreen
from hitless.timeline import Timeline

START, HOUR_S, WINDOW_S, RATE = 1_795_333_200.0, 3600, 0.5, 100
FRAMES = 20


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


def print_frame() -> None:
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
    print(f"{sent}: a frame takes {processor_ms:.0f} ms of a processor (limit 100), ", end="")
    print(f"{statistics.median(walls):.0f} ms by the clock, and has {len(png) / 1e3:.0f} KB")
    chart.update(run)
    data, metadata = bundle(run, chart.png(FINAL_DPI))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("await change.run(run)")])
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", data, metadata=metadata)]
    print(f"the executed notebook keeps {len(nbformat.writes(notebook)) / 1e3:.0f} KB (limit 1000)")


def draw(ready, wanted) -> None:
    """Draw whenever wanted, twice a second, in a thread beside an idle loop, as a kernel does."""
    yield_to_all()
    run, chart, screen_s = hour(), TimelineChart(), WidgetScreen.frame_s
    chart.update(run.snapshot(), True)
    chart.frame()
    ready.set()
    while True:
        wanted.wait()
        began = monotonic_s()
        chart.update(run.snapshot(), True)
        chart.frame()
        threading.Event().wait(max(0.0, began + screen_s - monotonic_s()))


@contextlib.contextmanager
def drawer():
    """Yield the switch of a drawing process."""
    context = multiprocessing.get_context("spawn")
    ready, wanted = context.Event(), context.Event()
    process = context.Process(target=draw, args=(ready, wanted), daemon=True)
    process.start()
    ready.wait()
    try:
        yield wanted
    finally:
        process.terminate()
        process.join()


async def p99_ms(url: str, rate: float, seconds: float) -> float:
    """The 99th percentile of one probe."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        async with Probe(url, rate, samples_path=path) as probe:
            await asyncio.sleep(seconds)
            await asyncio.to_thread(probe.stop)
        return 1e3 * quantile(sorted(s.latency_s for s in read_samples(path)[0]), 0.99)


def print_disturbance(pairs: int, seconds: float, rate: float) -> None:
    """Print the probe's p99 with and without a chart, in turns."""
    figures: list[tuple[float, float]] = []
    with server() as url, drawer() as wanted:
        for pair in range(pairs):
            seen = {}
            for is_drawing in (True, False) if pair % 2 else (False, True):
                (wanted.set if is_drawing else wanted.clear)()
                seen[is_drawing] = asyncio.run(p99_ms(url, rate, seconds))
            figures.append((seen[False], seen[True]))
    without, drawing = zip(*figures, strict=True)
    ratios = {
        "median of the pairs": statistics.median(b / a for a, b in figures),
        "best of each": min(drawing) / min(without),
    }
    for of, pick in (("median", statistics.median), ("best", min)):
        print(f"p99 at {rate:g}/s, {of:6}  without a chart {pick(without):.2f} ms, with one {pick(drawing):.2f} ms")
    said = ", ".join(f"{100 * (ratio - 1):+.1f} % ({of})" for of, ratio in ratios.items())
    print(f"a chart at 2 frames/s changes the p99 by {said}; limit 5 %")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=200.0)
    settings = parser.parse_args()
    print_frame()
    print_disturbance(settings.pairs, settings.seconds, settings.rate)


if __name__ == "__main__":
    main()
