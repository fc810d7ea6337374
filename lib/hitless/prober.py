"""The probe's own process: `python -m hitless.prober URL --rate 100 --samples FILE`.

Open loop: requests leave at their appointed times whether or not earlier ones were answered, and latency counts from
the appointed time, so a stall is seen by every request that ought to have left in it. Never retries.

It says one JSON line a window on stdout, once each request of the window is done, and writes every sample to the file.
A line `stop` on stdin ends the sending; the requests under way are waited for. A line `rate 250` goes on at another
rate, which is answered and noted among the samples. The end of stdin (the parent closed it, or died) ends the process
at once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import math
import os
import resource
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hitless.answer import Head
from hitless.clock import WALL_S, monotonic_s
from hitless.errors import Refused
from hitless.exchange import UNDER_WAY_MAX, Exchange, Target, origin_of
from hitless.pacer import Comb, LoopPacer, TimerfdPacer, new_loop_and_pacer
from hitless.samples import Sample, SampleWriter, window

RATE_PER_S_MAX = 2_000.0
TIMEOUT_S_MAX = 60.0
DURATION_S_MAX = 86_400.0
LEAD_S = 0.05
BEAT_S = 0.02  # after something was due it is looked after, if no answer gave the occasion
TOGETHER = 128  # requests whose outcomes are taken at once: the first costs as much as many

Outcome = tuple[float, float, float, str, Head | None]


class Prober:
    """Sends, records and tells; one run."""

    def __init__(self, settings: argparse.Namespace, say: Callable[[dict[str, Any]], None]) -> None:
        self._settings, self._say = settings, say
        self._exchange = Exchange(Target.from_url(settings.url, settings.host_header), settings.timeout, self._on_done)
        self._start = monotonic_s() + LEAD_S
        self._to_real = settings.wall
        about = {"url": settings.url, "rate_per_s": settings.rate, "timeout_s": settings.timeout}
        self._file = SampleWriter(Path(settings.samples), self._start + self._to_real, about)
        self._comb = Comb(settings.rate, self._start, self._exchange.send)
        self._ended: list[Outcome] = []
        self._was_told_to, self._parent = False, os.getppid()
        self._windows: dict[int, list[Sample]] = defaultdict(list)
        self._allow(settings.rate)
        self._ended_at, self._tell_at = math.inf, self._start + 1.0
        self.stopping, self._drained = asyncio.Event(), asyncio.Event()

    async def run(self, pacer_class: type[TimerfdPacer] | type[LoopPacer]) -> None:
        """Probe until told to stop, then wait for what is under way."""
        self._pacer = pacer = pacer_class(asyncio.get_running_loop(), self._comb)
        self._say({"kind": "ready", "start": self._start + self._to_real, "pid": os.getpid()})
        self._beat()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._start + self._settings.duration - monotonic_s()):
                await self.stopping.wait()
        pacer.stop()
        self._ended_at = monotonic_s()
        self._next_beat.cancel()
        self._beat()
        await self._drained.wait()
        self._next_beat.cancel()
        self.flush(everything=True)
        self._say({"kind": "end", "sent": self._comb.sent, "told_to": self._was_told_to})

    def hear(self, line: str) -> None:
        """Do what the parent says: `stop`, or `rate` and a number.

        Raises:
            Refused: It is neither, or the number is out of bounds; the parent had better know that it was not heard.
        """
        if line == "stop":
            self._was_told_to = True
            self.stopping.set()
            return
        word, _, number = line.partition(" ")
        if word != "rate":
            raise Refused("The prober was told something it does not know.", seen={"line": line})
        rate_per_s = bounded("rate", float(number), RATE_PER_S_MAX)
        self._allow(rate_per_s)
        at = self._pacer.set_rate(rate_per_s) + self._to_real
        self._file.note(rate_per_s=rate_per_s, at=at)
        self._say({"kind": "rate", "rate_per_s": rate_per_s, "at": at})

    def _allow(self, rate_per_s: float) -> None:
        wanted = min(UNDER_WAY_MAX, int(rate_per_s * self._settings.timeout) + 64)
        self._exchange.under_way_max = open_files_allowed(wanted)

    def flush(self, everything: bool = False) -> None:
        """Write the samples that ended, and tell the windows all of whose requests did."""
        self._collect()
        self._file.write(self._comb.sent)
        open_from = math.inf if everything else self._window_of(monotonic_s())
        if oldest := self._exchange.oldest:
            open_from = min(open_from, self._window_of(oldest.intended))
        for index in sorted(self._windows):
            if index < open_from:
                self._tell(index)

    def _beat(self) -> None:
        """Look after things when something is due, though nothing may leave and nothing come."""
        over_at, now = self._exchange.sweep(), monotonic_s()
        if now >= self._tell_at:
            self._tell_what_ended(now)
        if self._ended_at < math.inf and not self._exchange.under_way:
            self._drained.set()
        due = min(over_at, self._tell_at, self._ended_at)
        self._next_beat = asyncio.get_running_loop().call_later(max(due - now, 0.0) + BEAT_S, self._beat)

    def _on_done(self, intended: float, sent: float, ended: float, failure: str, head: Head | None) -> None:
        self._ended.append((intended, sent, ended, failure, head))
        if len(self._ended) >= TOGETHER:
            self._collect()
        if ended >= self._tell_at and not failure:  # the best time: its answer is here, the next has not been asked
            self._tell_what_ended(ended)

    def _tell_what_ended(self, now: float) -> None:
        self._tell_at = now + 1.0
        self.flush()
        if os.getppid() != self._parent:
            self.stopping.set()

    def _collect(self) -> None:
        """Take down what happened since the last time."""
        ended, self._ended = self._ended, []
        samples = [self._sample(*outcome) for outcome in ended]
        self._file.add(samples)
        for (intended, *_), sample in zip(ended, samples, strict=True):
            self._windows[self._window_of(intended)].append(sample)

    def _sample(self, intended: float, sent: float, ended: float, failure: str, head: Head | None) -> Sample:
        status = head.status if head else 0
        return Sample(intended + self._to_real, sent - intended, ended - intended, status, failure, origin_of(head))

    def _window_of(self, at: float) -> int:
        return int((at - self._start + 1e-9) / self._settings.window)

    def _tell(self, index: int) -> None:
        left = self._start + self._to_real + index * self._settings.window
        samples = self._windows.pop(index)
        seconds = min(self._settings.window, self._ended_at - self._start - index * self._settings.window)
        self._say({"kind": "window", **window(left, round(seconds, 6), samples)})


class Stdout:
    """Lines to a pipe whose reader may be slow: kept until it takes them, for waiting would delay requests."""

    def __init__(self, fd: int) -> None:
        self._fd, self._waiting = fd, b""
        os.set_blocking(fd, False)

    def say(self, facts: dict[str, Any]) -> None:
        """Say one line, now or at the next chance."""
        self._waiting += json.dumps(facts, separators=(",", ":")).encode() + b"\n"
        self.push()

    def push(self) -> None:
        """Hand over as much as the reader takes."""
        while self._waiting:
            try:
                self._waiting = self._waiting[os.write(self._fd, self._waiting) :]
            except BlockingIOError:
                return

    def push_all(self) -> None:
        """Hand over everything, waiting for the reader."""
        os.set_blocking(self._fd, True)
        self.push()


def open_files_allowed(wanted: int) -> int:
    """Raise the limit of open files as far as may be; returns how many connections that allows, at most `wanted`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = 32
    if soft != resource.RLIM_INFINITY and soft < wanted + spare:
        soft = wanted + spare if hard == resource.RLIM_INFINITY else min(hard, wanted + spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, soft - spare)


def read_settings(arguments: list[str]) -> argparse.Namespace:
    """Read and bound the command line.

    Raises:
        Refused: A number is outside its bounds.
    """
    parser = argparse.ArgumentParser(prog="python -m hitless.prober", description=__doc__.partition("\n\n")[0])
    parser.add_argument("url")
    parser.add_argument("--samples", required=True, metavar="FILE")
    parser.add_argument("--host-header")
    parser.add_argument("--wall", type=float, default=WALL_S, help="the wall clock at monotonic zero, as others saw it")
    for name, default, most in BOUNDS:
        parser.add_argument(
            f"--{name}", type=float, default=default, help=f"above 0, at most {most:g}; default {default:g}"
        )
    settings = parser.parse_args(arguments)
    for name, _, most in BOUNDS:
        bounded(name, getattr(settings, name), most)
    return settings


def bounded(name: str, value: float, most: float) -> float:
    """The value, if the probe can do that.

    Raises:
        Refused: It is not above 0 or more than `most`.
    """
    if not 0 < value <= most:
        do = f"keep it above 0, at most {most:g}"
        raise Refused(f"The probe's {name} is out of bounds.", seen={name: value}, do=do)
    return value


BOUNDS = (
    ("rate", 100.0, RATE_PER_S_MAX),
    ("timeout", 5.0, TIMEOUT_S_MAX),
    ("duration", 21_600.0, DURATION_S_MAX),
    ("window", 1.0, 60.0),
)


async def probe(
    settings: argparse.Namespace, stdout: Stdout, pacer_class: type[TimerfdPacer] | type[LoopPacer]
) -> None:
    """Run one prober, listening to stdin."""
    prober, heard = Prober(settings, stdout.say), b""

    def on_stdin() -> None:
        nonlocal heard
        stdout.push()
        if not (said := os.read(0, 4096)):
            prober.flush()
            os._exit(0)  # at once: the loop's own end could wait for a name server's answer
        *lines, heard = (heard + said).split(b"\n")
        for line in lines:
            prober.hear(line.decode())

    asyncio.get_running_loop().add_reader(0, on_stdin)
    await prober.run(pacer_class)


def die(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Leave at the first error nobody expected: a prober that goes on half broken would prove nothing."""
    loop.default_exception_handler(context)
    logging.shutdown()
    os._exit(70)


def main(arguments: list[str]) -> int:
    """Run as a process; returns its exit code."""
    stdout = Stdout(1)
    try:
        settings = read_settings(arguments)
        loop, pacer_class = new_loop_and_pacer()
        loop.set_exception_handler(die)
        gc.freeze()
        loop.run_until_complete(probe(settings, stdout, pacer_class))
    except Refused as error:
        stdout.say({"kind": "refused", "what": str(error)})
        return error.exit_code
    finally:
        stdout.push_all()
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # everything is written; a thread may still wait for a name server
