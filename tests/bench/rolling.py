"""Fifty rolling replacements under 500 requests a second, a kill without draining, and how soon a change is in effect.

    python tests/bench/rolling.py [--replacements 50] [--changes 50]

Real tasks behind the lab's load balancer, asked by our prober, which never repeats a request. In AWS's order no request
is lost; a task that is killed loses what it would lose on AWS: 502, until it is out of the rotation, and no more.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import uvloop
from limits import Limits

from awslab.machines.events import EndpointsChanged, TargetCut, TaskExited, TaskKilled, WeightsChanged
from hitless.probe import Probe
from hitless.samples import read_samples

sys.path.append(str(Path(__file__).parents[2]))
from tests.dataplane.stage import GROUP, LISTENER, Stage

RATE, REQUEST_S, TASKS = 500, 0.002, 3
DRAIN_S = 0.55  # real seconds; far longer than a request
REQUESTS_MIN = 270  # a replacement: with fewer of them nothing lost would say less than is claimed
UNNOTICED_S = 1.0  # until a health check finds the killed task


async def replace(stage, tasks, number):
    """One replacement in AWS's order: a new one serves, the old one drains, is cut off and stopped."""
    oldest = next(iter(tasks))
    tasks[f"t{number}"] = await stage.run_task(f"t{number}")
    endpoint = tasks.pop(oldest)
    stage.route(*tasks.values())
    await asyncio.sleep(DRAIN_S)
    stage.say(TargetCut(target_group_arn=GROUP, target_id=endpoint[0], port=endpoint[1]))
    assert await stage.end_task(oldest) == 0


def lost(path):
    """How many were sent, and how many failed of each kind."""
    samples = read_samples(path)[0]
    return len(samples), Counter(sample.failure for sample in samples if sample.failure)


async def roll(stage, port, replacements, limits):
    """Replace one after the other under load; print what was lost."""
    tasks = {f"first{n}": await stage.run_task(f"first{n}") for n in range(TASKS)}
    stage.route(*tasks.values())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        async with Probe(f"http://127.0.0.1:{port}/?s={REQUEST_S}", RATE, samples_path=path) as probe:
            for number in range(replacements):
                await replace(stage, tasks, number)
            await asyncio.to_thread(probe.stop)
        sent, failed = lost(path)
    limits.at_most(f"{replacements} replacements, failed of {sent} requests", failed.total(), 0)
    limits.at_least("requests in them", sent, replacements * REQUESTS_MIN)
    print(f"  {dict(failed)}\n" if failed else "", end="")
    return tasks


async def kill(stage, port, tasks):
    """Kill one of three without draining; print what was lost until it was out of the rotation, and after."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        async with Probe(f"http://127.0.0.1:{port}/?s={REQUEST_S}", RATE, samples_path=path) as probe:
            await asyncio.sleep(1.0)
            victim, began = next(iter(tasks)), time.time()
            stage.say(TaskKilled(task_id=victim))
            await stage.ear.first(TaskExited, task_id=victim)
            await asyncio.sleep(UNNOTICED_S)
            tasks.pop(victim)
            stage.route(*tasks.values())
            noticed = time.time()
            await asyncio.sleep(1.0)
            await asyncio.to_thread(probe.stop)
        samples = read_samples(path)[0]
    early = [s for s in samples if s.failure and s.intended < began - 0.1]
    late = [s for s in samples if s.failure and s.intended > noticed + 0.1]
    kinds = Counter(s.status or s.failure for s in samples if s.failure)
    meant = sum(began <= s.intended <= noticed for s in samples) / TASKS
    print(f"killed without draining: {dict(kinds)} of {meant:.0f} meant for it; before and after: {len(early + late)}")


async def change(stage, port, tasks, changes, limits):
    """How long from saying a weight, or a drain, to the first answer by it, in real milliseconds; print both."""
    green, other = await stage.run_task("green", APP_VERSION="green"), "arn:green"
    blue = next(iter(tasks.values()))
    stage.say(EndpointsChanged(target_group_arn=other, endpoints=(green,), registered=1))
    weights = {
        wanted: WeightsChanged(listener_arn=LISTENER, weights=((group, 1),))
        for wanted, group in ((b'"green"', other), (b'"version": "1"', GROUP))
    }
    drains = {  # of two in one group, only one gets new requests
        wanted: EndpointsChanged(target_group_arn=GROUP, endpoints=(endpoint,), registered=2)
        for wanted, endpoint in ((b'"green"', green), (b'"version": "1"', blue))
    }
    for what, events in (("weights", weights), ("drains", drains)):
        took = await timed(stage, port, itertools.islice(itertools.cycle(events.items()), changes))
        limits.at_most(f"{what} in effect after", statistics.median(took), 5, "ms")
        print(f"  the slowest after {max(took):.1f} ms")


async def timed(stage, port, events):
    """Real milliseconds from saying each event to the first answer that has its words in it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    for wanted, event in events:
        began = time.perf_counter()
        stage.say(event)
        while wanted not in await ask(reader, writer):
            pass
        took.append(1e3 * (time.perf_counter() - began))
    writer.close()
    return took


async def ask(reader, writer):
    """One request on a kept connection: the body."""
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(length)


async def main(arguments):
    """All three, on one stage."""
    limits = Limits()
    with tempfile.TemporaryDirectory() as data:
        async with Stage(Path(data)) as stage:
            port = await stage.listen()
            tasks = await roll(stage, port, arguments.replacements, limits)
            await kill(stage, port, tasks)
            await change(stage, port, tasks, arguments.changes, limits)
    return limits.code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--replacements", type=int, default=50)
    parser.add_argument("--changes", type=int, default=50)
    sys.exit(uvloop.run(main(parser.parse_args())))
