"""How late requests leave: our prober against the obvious one, in turns on the same machine.

    python tests/bench/probe.py [--rates 200 1000] [--turns 3] [--seconds 4]

The obvious one paces aiohttp with `asyncio.sleep`. Both call the same local server, in turns. The
median of the turns tells of this machine as it is, the best of what is left when its neighbours are quiet; only the
ratios travel to another machine.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import statistics
import tempfile
from pathlib import Path

import aiohttp
from aiohttp import web

from hitless.clock import monotonic_s
from hitless.probe import Probe
from hitless.samples import quantile, read_samples

SHARES = {"p50": 0.50, "p99": 0.99}


async def ours(url: str, rate: float, seconds: float) -> list[float]:
    """Lateness of each request of the prober, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        async with Probe(url, rate, samples_path=path) as probe:
            await asyncio.sleep(seconds)
            summary = await asyncio.to_thread(probe.stop)
        assert summary.failed == 0, summary
        return [sample.late_s for sample in read_samples(path)[0]]


async def obvious(url: str, rate: float, seconds: float) -> list[float]:
    """Lateness of each request of aiohttp paced by asyncio.sleep, seconds."""
    late = []

    async def ask(session: aiohttp.ClientSession, intended: float) -> None:
        late.append(monotonic_s() - intended)
        async with session.get(url) as answer:
            await answer.read()

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as requests:
        start = monotonic_s() + 0.05
        for i in range(int(rate * seconds)):
            intended = start + i / rate
            await asyncio.sleep(max(0.0, intended - monotonic_s()))
            requests.create_task(ask(session, intended))
    return late


def serve(ready: "multiprocessing.connection.Connection") -> None:
    """Answer "ok" from a process of its own, until the parent goes."""

    async def run() -> None:
        async def ok(_: web.Request) -> web.Response:
            return web.Response(text="ok")

        app = web.Application()
        app.router.add_get("/", ok)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.send(runner.addresses[0][1])
        await asyncio.to_thread(ready.poll, None)
        await runner.cleanup()

    asyncio.run(run())


@contextlib.contextmanager
def server():
    """Yield the URL of a server process."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}/"
    finally:
        here.send(None)
        process.join(5)


async def compare(url: str, rate: float, turns: int, seconds: float) -> None:
    """Print both probers' lateness, and how many times less ours is."""
    figures: dict = {name: {share: [] for share in SHARES} for name in ("ours", "obvious")}
    for _ in range(turns):
        for name, run in (("ours", ours), ("obvious", obvious)):
            late = sorted(await run(url, rate, seconds))
            for share, of in SHARES.items():
                figures[name][share].append(1e6 * quantile(late, of))
    for share in SHARES:
        for of, pick in (("median", statistics.median), ("best", min)):
            mine, other = (pick(figures[name][share]) for name in ("ours", "obvious"))
            print(f"{rate:6.0f}/s  {share} {of:6}  ours {mine:7.0f} us   obvious {other:7.0f} us   {mine / other:.2f}x")


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--rates", type=float, nargs="+", default=[200, 1000])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    settings = parser.parse_args()
    with server() as url:
        for rate in settings.rates:
            asyncio.run(compare(url, rate, settings.turns, settings.seconds))


if __name__ == "__main__":
    main()
