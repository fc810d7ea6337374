"""Start, follow and stop a prober; the parent's side of `hitless.prober`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from hitless.clock import WALL_S
from hitless.errors import NotProven, Refused
from hitless.prober import RATE_PER_S_MAX, bounded
from hitless.samples import ProbeSummary, read_samples, summarise

READY_S_MAX = 15.0
LEAVE_S_MAX = 2.0
ANSWER_S_MAX = 15.0


class Probe:
    """A constant-rate stream of requests in a process of its own, and what became of them.

    Use it with `with` or `async with`. The prober has its own session, so Ctrl-C and Jupyter's interrupt do not reach
    it; it leaves when this process closes its stdin, or dies.

    Args:
        url: http or https URL to GET.
        rate_per_s: Requests a second, whether or not earlier ones were answered. Above 0, at most 2000.
        samples_path: Where every request is written; see `hitless.samples`.
        host_header: Sent as `Host` instead of the URL's host.
        timeout_s: Real seconds from the intended start after which a request has failed. At most 60.
        duration_s: Real seconds after which it stops by itself; a run that outlives its probe is not proven.
        window_s: Real seconds of a window.
    """

    def __init__(
        self,
        url: str,
        rate_per_s: float = 100.0,
        *,
        samples_path: str | Path,
        host_header: str | None = None,
        timeout_s: float = 5.0,
        duration_s: float = 21_600.0,
        window_s: float = 1.0,
    ) -> None:
        self.url, self.rate_per_s, self.samples_path, self.timeout_s = url, rate_per_s, Path(samples_path), timeout_s
        self._arguments = [url, f"--samples={samples_path}", f"--rate={rate_per_s!r}", f"--timeout={timeout_s!r}"]
        self._arguments += [f"--duration={duration_s!r}", f"--window={window_s!r}", f"--wall={WALL_S!r}"]
        self._arguments += [f"--host-header={host_header}"] if host_header else []
        self._windows: list[dict[str, Any]] = []
        self._taken = 0
        self._last: dict[str, Any] = {}
        self._ready = threading.Event()
        self._rates: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def start(self) -> Probe:
        """Start the prober and wait until it sends.

        Raises:
            Refused: It would not start: a bad URL, a number out of bounds, a file that cannot be written.
        """
        self.samples_path.parent.mkdir(parents=True, exist_ok=True)
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _leave
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hitless.prober", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="probe-reader", daemon=True)
        self._reader.start()
        if not self._ready.wait(READY_S_MAX) or self._last.get("kind") == "refused" or not self._is_telling():
            what = self._last.get("what") or self._leave() or "it said nothing"
            self._leave()
            raise Refused("The prober did not start.", seen={"why": what}, do="mend what it says, then start again")
        return self

    @property
    def pid(self) -> int:
        """The prober's process id."""
        assert self._process is not None, "not started"
        return self._process.pid

    def windows(self) -> list[dict[str, Any]]:
        """The windows told so far, oldest first; see `hitless.samples.window`.

        Raises:
            NotProven: The prober died.
        """
        windows = sorted(self._windows, key=lambda w: w["start"])
        if not self._stopped and not self._is_telling():
            raise self._died()
        return windows

    def new_windows(self) -> list[dict[str, Any]]:
        """The windows told since the last call, in the order they were told.

        Raises:
            NotProven: The prober died.
        """
        self.windows()
        return self.take_windows()

    def take_windows(self) -> list[dict[str, Any]]:
        """Like `new_windows`, whether the prober lives or not."""
        new = self._windows[self._taken :]
        self._taken += len(new)
        return new

    def set_rate(self, rate_per_s: float) -> float:
        """Go on at another rate; blocks until the prober has answered.

        Args:
            rate_per_s: Above 0, at most 2000.

        Returns:
            When the first request at that rate was meant to leave, real epoch seconds.

        Raises:
            Refused: It is out of bounds; the old rate goes on.
            NotProven: The prober died.
        """
        bounded("rate", rate_per_s, RATE_PER_S_MAX)
        self._tell(f"rate {rate_per_s!r}")
        try:
            answer = self._rates.get(timeout=ANSWER_S_MAX)
        except queue.Empty:
            raise self._died() from None
        self.rate_per_s = answer["rate_per_s"]
        return answer["at"]

    def stop(self) -> ProbeSummary:
        """End the sending, wait for the requests under way, and say what all of them saw.

        Raises:
            NotProven: The prober died or ended too early: the time after that was not watched.
        """
        assert self._process is not None, "not started"
        if not self._stopped:
            self._tell("stop")
            try:
                self._process.wait(self.timeout_s + LEAVE_S_MAX)
            except subprocess.TimeoutExpired:
                raise self._died() from None
            self._reader.join(LEAVE_S_MAX)
        if self._last.get("kind") != "end" or not self._last["told_to"]:
            raise self._died()
        if not self._stopped:
            self._stopped = True
            self._leave()
        return self.summary()

    def summary(self) -> ProbeSummary:
        """What the samples written so far add up to."""
        return summarise(*read_samples(self.samples_path))

    def close(self) -> None:
        """Make the prober leave at once; harmless when it has."""
        if self._process is not None and not self._stopped:
            self._stopped = True
            self._leave()

    def __enter__(self) -> Probe:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    async def astart(self) -> Probe:
        """As `start`, without holding the event loop; whoever is cancelled meanwhile leaves no prober behind."""
        starting = asyncio.ensure_future(asyncio.to_thread(self.start))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.wait([starting])
            self.close()
            raise

    async def __aenter__(self) -> Probe:
        return await self.astart()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if (kind := said.pop("kind")) == "window":
                self._windows.append(said)
            elif kind == "rate":
                self._rates.put(said)
            else:
                self._last = json.loads(line)
                self._ready.set()
        self._ready.set()

    def _tell(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None, "not started"
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):  # it died, or we have let it go
            raise self._died() from None

    def _is_telling(self) -> bool:
        return self._process is not None and self._process.poll() is None and self._last.get("kind") == "ready"

    def _leave(self) -> str:
        """End the process, by EOF and then by force; returns the end of what it wrote to stderr."""
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        if not process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):  # it has left already, which is what was wanted
                process.stdin.close()
        try:
            process.wait(LEAVE_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join(LEAVE_S_MAX)
        process.stdout.close()
        if self._errors.closed:
            return ""
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")[-2000:].strip()
        self._errors.close()
        return said

    def _died(self) -> NotProven:
        self._stopped = True
        said = self._leave()
        assert self._process is not None
        seen: dict[str, object] = {"exit code": self._process.returncode, "windows": len(self._windows)}
        if self._windows:
            seen["last window"] = f"{self._windows[-1]['start']:.0f} (epoch seconds)"
        if said:
            seen["it said"] = said.splitlines()[-1]
        seen["samples"] = self.samples_path
        return NotProven(
            "The prober ended before it was told to, so nobody watched from then on.", seen=seen, do="run again"
        )
