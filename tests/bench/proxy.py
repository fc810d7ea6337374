"""What the load balancer and the tasks cost: `python tests/bench/proxy.py`.

Every figure is a ratio taken in one interleaved run, because a laptop's absolute figures are its neighbours'. A target
that answers at once is asked directly, through the lab's load balancer, and through HAProxy and Envoy where they are
installed (`rivals.py`). Then tasks are started, one and eight at a time, and weighed.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
import uvloop
from limits import Limits
from processor import cpu_s
from rivals import rivals

from awslab.dataplane.messages import AddressChanged
from awslab.machines.events import EndpointsChanged
from hitless.probe import Probe
from hitless.samples import read_samples

sys.path.append(str(Path(__file__).parents[2]))
from tests.dataplane.stage import GROUP, Stage

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n\r\n" + b"x" * 20
TASKS = 8
TURNS = 7  # at a fixed rate: the difference of two medians is small beside what either is off by
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"


class Target(asyncio.Protocol):
    """Answers at once."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(ANSWER * data.count(b"\r\n\r\n"))


class Client(asyncio.Protocol):
    """Asks again as soon as it is answered, until told to stop."""

    def __init__(self, until, took):
        self.until, self.took, self.data = until, took, b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self._ask()

    def _ask(self):
        self.asked = time.perf_counter()
        self.transport.write(REQUEST)

    def data_received(self, data):
        self.data += data
        if not self.data.endswith(b"x" * 20):
            return
        assert self.data.startswith(b"HTTP/1.1 200 "), self.data
        self.data = b""
        now = time.perf_counter()
        self.took.append(now - self.asked)
        if now < self.until:
            self._ask()
        else:
            self.done.set_result(None)
            self.transport.close()


def serve(link):
    """A target's process."""

    async def main():
        server = await asyncio.get_running_loop().create_server(Target, "127.0.0.1", 0)
        link.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvloop.run(main())


async def load(port, clients, seconds):
    """Closed-loop clients: (requests a second, median seconds)."""
    loop, took, began = asyncio.get_running_loop(), [], time.perf_counter()
    made = [
        await loop.create_connection(lambda: Client(began + seconds, took), "127.0.0.1", port) for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    return len(took) / (time.perf_counter() - began), statistics.median(took)


def weigh(pids):
    """Memory that would be free without these processes, MB: shared pages count in parts."""
    infos = [psutil.Process(pid).memory_full_info() for pid in pids]
    return sum(getattr(info, "pss", info.uss) for info in infos) / 2**20


async def compare(ways, arguments):
    """Ask each way in turn, several times; the best run of each way at each number of clients."""
    for clients in (1, 16):
        rows = {name: [] for name in ways}
        for _ in range(arguments.rounds):
            for name, (port, pid) in ways.items():
                before = cpu_s(pid) if pid else 0.0
                per_second, median_s = await load(port, clients, arguments.seconds)
                used = (cpu_s(pid) - before if pid else 0.0) / (per_second * arguments.seconds)
                rows[name].append((per_second, median_s, used))
        print(f"\n{clients} clients          requests/s   p50 us    CPU us/request   p50 : direct")
        direct = min(row[1] for row in rows["direct"])
        for name, runs in rows.items():
            rate, p50, used = max(r[0] for r in runs), min(r[1] for r in runs), min(r[2] for r in runs)
            print(f"  {name:<14} {rate:12,.0f} {p50 * 1e6:8.0f} {used * 1e6:17.1f} {p50 / direct:14.2f}")


def ask_at(port, rate, seconds):
    """An open loop of the probe's: requests, and median seconds from when they left: its own lateness is nobody's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        with Probe(f"http://127.0.0.1:{port}/", rate, samples_path=path) as probe:
            time.sleep(seconds)
            assert probe.stop().failed == 0
        took = [sample.latency_s - sample.late_s for sample in read_samples(path)[0]]
    return len(took), statistics.median(took)


def compare_at_rates(ways, arguments, limits):
    """What each way adds to the median, and what a request costs it, at fixed rates and in turns."""
    for rate in (200, 1000):
        rows = {name: [] for name in ways}
        before = {name: cpu_s(pid) if pid else 0.0 for name, (_, pid) in ways.items()}
        for _ in range(TURNS):
            for name, (port, _) in ways.items():
                rows[name].append(ask_at(port, rate, 2 * arguments.seconds))
        p50 = {name: statistics.median(row[1] for row in runs) for name, runs in rows.items()}
        added = {name: p50[name] - p50["direct"] for name in ways}
        spent = {name: cpu_s(pid) - before[name] if pid else 0.0 for name, (_, pid) in ways.items()}
        used = {name: spent[name] / sum(row[0] for row in runs) for name, runs in rows.items()}
        for name in set(ways) - {"direct"}:
            print(
                f"  {rate:5.0f}/s  {name:<14} adds {added[name] * 1e6:5.0f} us to p50, {used[name] * 1e6:5.0f} us CPU"
            )
        if "haproxy" in ways:
            limits.at_most(f"added p50 at {rate}/s, ours : HAProxy", added["load balancer"] / added["haproxy"], 1.5)
        for name, limit in (("haproxy", 2), ("envoy", 0.5)):
            if name in ways:
                limits.at_most(f"CPU at {rate}/s, ours : {name}", used["load balancer"] / used[name], limit)


async def time_tasks(stage):
    """Spawn to first 200, alone and eight at once, and what one of eight weighs."""
    alone = []
    for number in range(5):
        began = time.perf_counter()
        await stage.run_task(f"alone{number}")
        alone.append(time.perf_counter() - began)
        await stage.end_task(f"alone{number}")
    began = time.perf_counter()
    await asyncio.gather(*(stage.run_task(f"t{number}") for number in range(TASKS)))
    together = time.perf_counter() - began
    pids = [task.pid for task in stage.plane.tasks.values()]
    each_mb = weigh(pids) / len(pids)
    print(f"  {min(alone) * 1e3:6.0f} ms alone, {together * 1e3:6.0f} ms for 8 at once; each {each_mb:.1f} MB")
    return min(alone), together, each_mb


async def main(arguments):
    """Everything, in a lab of the tests' making."""
    limits = Limits()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    target = context.Process(target=serve, args=(theirs,), daemon=True)
    target.start()
    target_port = await asyncio.to_thread(ours.recv)
    with tempfile.TemporaryDirectory() as data, rivals(target_port, Path(data)) as others:
        async with Stage(Path(data) / "forked") as stage:
            port = await stage.listen()
            endpoint = await stage.run_task("t")
            address = AddressChanged(target_id="i-t", port=1, loopback_port=target_port)
            stage.plane.balancer.send(address)
            stage.say(EndpointsChanged(target_group_arn=GROUP, endpoints=(("i-t", 1),), registered=1))
            await stage.end_task("t")
            assert endpoint
            ways = {"direct": (target_port, None), "load balancer": (port, stage.plane.balancer.pid)}
            await compare(ways | others, arguments)
            print()
            await asyncio.to_thread(compare_at_rates, ways | others, arguments, limits)
            print(f"\nload balancer weighs {weigh([stage.plane.balancer.pid]):.0f} MB")
            print("\ntasks, forked")
            forked = await time_tasks(stage)
        async with Stage(Path(data) / "spawned", spawn=True) as stage:
            print("tasks, each in an interpreter of its own")
            spawned = await time_tasks(stage)
        print(f"forked : spawned = {forked[0] / spawned[0]:.2f} alone, {forked[1] / spawned[1]:.2f} for 8 at once")
    limits.at_most("a task's first healthy answer, alone", 1e3 * forked[0], 20, "ms")
    limits.at_most("the last of 8 at once", 1e3 * forked[1], 100, "ms")
    limits.at_most("each of 8 weighs", forked[2], 9, "MB")
    target.terminate()
    return limits.code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each round")
    sys.exit(uvloop.run(main(parser.parse_args())))
