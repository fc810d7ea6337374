"""What a live chart costs: the time of a frame, the weight of the last picture, whether drawing disturbs the probe.

    python tests/bench/chart.py [--pairs 40] [--rate 200]

The run is an hour long: 360 000 samples at 100/s, in windows of half a second as a fast lab's are. The disturbance is
measured by one probe in pairs of seconds that take turns: in one a process draws that hour twice, as a kernel does, in
the other it does not. Neighbours disturb both alike, so what differs is the chart's.
"""

import argparse
import asyncio
import bisect
import contextlib
import multiprocessing
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

import nbformat
from server import server

from hitless.background import yield_to_all
from hitless.charts import FINAL_DPI, TimelineChart, bundle
from hitless.clock import monotonic_s, real_now
from hitless.journal import Entry
from hitless.probe import Probe
from hitless.samples import quantile, read_samples
from hitless.screen import WidgetScreen
from hitless.timeline import Timeline

START, HOUR_S, WINDOW_S, RATE = 1_795_333_200.0, 3600, 0.5, 100
FRAMES, TURN_S = 20, 1.0


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
    while multiprocessing.parent_process().is_alive():
        if not wanted.wait(1.0):
            continue
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


async def take_turns(url: str, rate: float, pairs: int, wanted) -> dict[bool, list[float]]:
    """Latencies, ascending, of the requests meant to leave while it drew and while it did not, ms."""
    turns: list[tuple[float, bool]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        async with Probe(url, rate, samples_path=path) as probe:
            for turn in range(2 * pairs):
                is_drawing = bool(turn % 2) != bool(turn // 2 % 2)  # off on, on off, off on …
                (wanted.set if is_drawing else wanted.clear)()
                turns.append((real_now(), is_drawing))
                await asyncio.sleep(TURN_S)
            wanted.clear()
            ended = real_now()
            await asyncio.to_thread(probe.stop)
        found: dict[bool, list[float]] = {True: [], False: []}
        begins = [at for at, _ in turns]
        for sample in read_samples(path)[0]:
            if begins[0] <= sample.intended < ended:
                found[turns[bisect.bisect(begins, sample.intended) - 1][1]].append(1e3 * sample.latency_s)
    return {is_drawing: sorted(latencies) for is_drawing, latencies in found.items()}


def print_disturbance(pairs: int, rate: float) -> None:
    """Print the probe's latency with and without a chart, in turns."""
    with server() as (port, _), drawer() as wanted:
        seen = asyncio.run(take_turns(f"http://127.0.0.1:{port}/", rate, pairs, wanted))
    for share in (0.5, 0.95, 0.99):
        without, drawing = (quantile(seen[is_drawing], share) for is_drawing in (False, True))
        said = f"p{100 * share:.0f} at {rate:g}/s: without a chart {without:.2f} ms, with one at 2 frames/s "
        print(f"{said}{drawing:.2f} ms, {100 * (drawing / without - 1):+.1f} %{' (limit 5)' if share == 0.99 else ''}")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--rate", type=float, default=200.0)
    settings = parser.parse_args()
    print_frame()
    print_disturbance(settings.pairs, settings.rate)


if __name__ == "__main__":
    main()
