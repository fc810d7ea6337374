"""One probe and one journal over several runbooks: it watches from a thread while they run, each in its own kernel."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from hitless.capacity import Capacity
from hitless.connect import connect
from hitless.errors import HitlessError
from hitless.hosts import read_hosts
from hitless.live import LiveTimeline
from hitless.pictures import keep_pictures
from hitless.run_folder import open_run
from hitless.samples import ProbeSummary
from hitless.stack import read_stack
from hitless.timeline import Timeline
from hitless.traffic import read_weights
from hitless.verdict import Verdict
from hitless.watched import watch


class Onlooker:
    """Users of one service, and somebody who writes down what they see.

    Args:
        name: The environment: its cluster and service.
        run_dir: Where the journal, the samples and the picture go.
        title: What all the runbooks together do.
        probe_rate_per_s: Requests a second.
    """

    def __init__(self, name: str, run_dir: Path, title: str, probe_rate_per_s: int) -> None:
        self._here = connect()
        self._stack = read_stack(self._here, name, name)
        self._run = open_run(self._here, "onlooker", str(run_dir), title)
        self._first_template = read_hosts(self._here, self._stack).launch_template_version
        self._live = watch(
            self._here,
            self._stack,
            self._run,
            title,
            probe_rate_per_s=probe_rate_per_s,
            limits={"floor_percent": 90},
            capacity=self._capacity,
            weights=lambda: read_weights(self._here, self._stack),
        )
        self._begun, self._enough = threading.Event(), threading.Event()
        self._error: HitlessError | None = None
        self._thread = threading.Thread(target=self._follow, name="onlooker")

    @property
    def summary(self) -> ProbeSummary | None:
        """What the probe saw, once it has ended."""
        return self._live.summary

    @property
    def timeline(self) -> Timeline:
        """Everything seen so far."""
        return self._live.timeline

    @contextlib.contextmanager
    def phase(self, name: str, tone: str = "info") -> Iterator[None]:
        """Note which runbook runs."""
        with self._live.phase(name, tone):
            yield

    def __enter__(self) -> Onlooker:
        self._thread.start()
        self._begun.wait()
        if self._error is not None:
            raise self._error
        return self

    def __exit__(self, *_error: object) -> None:
        self._enough.set()
        self._thread.join()
        keep_pictures(self._run, self.timeline)
        self._run.journal.close()

    def now(self) -> float:
        """AWS time, epoch seconds."""
        return self._here.clock.now()

    def from_real(self, real_s: float) -> float:
        """AWS time at a moment of this machine's clock."""
        return self._here.clock.from_real(real_s)

    def keep(self, verdict: Verdict) -> None:
        """Put the verdict beside the record, with what kept anybody from watching to the end."""
        if self._error is not None:
            verdict.claim("watched to the end", measured=f"{self._error}".splitlines()[0], limit="yes", holds=False)
        self._run.write("verdict.txt", verdict.text())

    def _follow(self) -> None:
        try:
            asyncio.run(self._watch(self._live))
        except HitlessError as error:
            self._error = error
        finally:
            self._begun.set()

    async def _watch(self, live: LiveTimeline) -> None:
        async with live:
            self._begun.set()
            await asyncio.to_thread(self._enough.wait)

    def _capacity(self) -> Capacity:
        fleet = read_hosts(self._here, self._stack)
        old = sum(h.healthy and h.launch_template_version == self._first_template for h in fleet.hosts)
        return Capacity(fleet.desired_capacity, fleet.healthy, old, fleet.healthy - old)
