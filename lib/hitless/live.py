"""Follow a run while it happens: probe, look, journal, draw, in that order.

One notebook cell is `async with LiveTimeline(...)`, and it awaits: nbclient and papermill drop what a background task
of an earlier cell displays, and buttons answer only while a cell awaits. Every look at AWS and every drawing runs in a
thread, so the loop stays free for the interrupt and the Abort button.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from hitless.awaited import progress
from hitless.background import background
from hitless.clock import Clock, monotonic_s
from hitless.errors import Failed, HitlessError, NotProven
from hitless.journal import Journal
from hitless.probe import Probe
from hitless.samples import ProbeSummary
from hitless.screen import Frame, Screen, open_screen
from hitless.timeline import Recorder, Timeline

if TYPE_CHECKING:
    from hitless.charts import TimelineChart


class Aborted(Failed):
    """Somebody pressed Abort; the cell's own way back ran."""


class Hosts(Protocol):
    """What a look at the capacity finds."""

    healthy: int
    old: int
    new: int
    desired: int


@dataclass(frozen=True)
class Feed:
    """Looks at AWS every so often.

    Attributes:
        name: What is looked at, for people: "capacity".
        look: Blocks while it asks AWS, in a thread.
        record: Puts what was found into the journal; it is told when the look began.
    """

    name: str
    look: Callable[[], Any]
    record: Callable[[Any, float], None]


class LiveTimeline:
    """A run being watched.

    The journal is written first, the picture is a view of it. Leaving the block stops the probe, journals its summary
    and shows the final picture. A look or a prober that failed does not stop the change, for half a change is worse
    than an unwatched one; but the block then ends in `NotProven`.

    Args:
        title: What is done, as a verb phrase: "Replace every host".
        journal: The run's evidence.
        clock: AWS time.
        place: Where, for the caption: "prod-web, us-east-1"; "lab, 60x".
        limits: Lines that must be kept, by name: `p99_ms`, `floor_percent`.
        probe: Started and stopped with the block.
        capacity: Looks how many hosts serve; has `healthy`, `old`, `new`, `desired`.
        weights: Looks how the traffic is split, percent by target group.
        every_s: Seconds of AWS time between looks.
        interactive: See `hitless.screen.open_screen`.
        screen: Shows the pictures, instead of one opened as `interactive` says.
        theme: "light" or "dark".
    """

    def __init__(
        self,
        title: str,
        *,
        journal: Journal,
        clock: Clock,
        place: str = "",
        limits: Mapping[str, float] | None = None,
        probe: Probe | None = None,
        capacity: Callable[[], Hosts] | None = None,
        weights: Callable[[], Mapping[str, float]] | None = None,
        every_s: float = 5.0,
        interactive: str = "auto",
        screen: Screen | None = None,
        theme: str = "light",
    ) -> None:
        self.record = Recorder(journal)
        self.summary: ProbeSummary | None = None
        self._clock, self._probe, self._every_s, self._interactive = clock, probe, every_s, interactive
        self._given_screen = screen
        self._title, self._place, self._limits = title, place, dict(limits or {})
        self._theme, self._painter = theme, background("painter")
        self._chart: TimelineChart | None = None
        self._feeds = [Feed("capacity", capacity, self._record_capacity)] if capacity else []
        self._feeds += [Feed("weights", weights, self.record.weights)] if weights else []
        self._faults: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._is_aborted = False

    @property
    def timeline(self) -> Timeline:
        """The run so far."""
        return self.record.timeline

    @property
    def rate_per_s(self) -> float:
        """Requests a second that are being sent; 0 without a prober, or when it died."""
        return self._probe.rate_per_s if self._probe is not None and "probe" not in self._faults else 0.0

    def event(self, label: str, tone: str = "info") -> None:
        """Note something that happened, now."""
        self.record.event(label, tone)

    async def set_rate(self, rate_per_s: float) -> None:
        """Let the probe go on at another rate, and note since when.

        Raises:
            Refused: It is out of bounds; the old rate goes on.
            NotProven: The prober died.
        """
        assert self._probe is not None, "nothing is probed"
        at = await asyncio.to_thread(self._probe.set_rate, rate_per_s)
        self.record.rate(rate_per_s, self._clock.from_real(at))

    @contextlib.contextmanager
    def phase(self, name: str, tone: str = "info") -> Iterator[None]:
        """Note a stretch of the run, also when it ends badly."""
        self.record.phase(name, "start", tone)
        try:
            yield
        finally:
            self.record.phase(name, "end", tone)

    def abort(self) -> None:
        """Cancel the cell; its own way back (`except asyncio.CancelledError`) runs. Safe from any thread."""
        self._loop.call_soon_threadsafe(self._abort)

    async def __aenter__(self) -> LiveTimeline:
        self._loop, self._cell = asyncio.get_running_loop(), asyncio.current_task()
        self._screen = self._given_screen or open_screen(self._interactive, self.abort)
        self.record.run(self._title, self._place)
        for name, value in self._limits.items():
            self.record.limit(name, value)
        try:
            await self._begin()
        except BaseException:  # nobody leaves a block that was never entered
            await self._stop_tasks()
            self._let_go()
            raise
        return self

    async def _begin(self) -> None:
        self._painter.submit(self._paper)
        if self._probe is not None:
            await self._probe.astart()
            self._tasks.append(asyncio.create_task(self._follow_probe(self._probe)))
        for feed in self._feeds:
            await self._look(feed)
        self._tasks += [asyncio.create_task(self._follow(feed)) for feed in self._feeds]
        if self._screen.frame_s < float("inf"):
            self._tasks.append(asyncio.create_task(self._draw()))

    def _let_go(self) -> None:
        self._painter.shutdown(wait=False)
        if self._probe is not None:
            self._probe.close()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            await self._stop_tasks()
            for feed in self._feeds if error is None else ():
                await self._look(feed)
            await self._stop_probe()
            await self._show_final()
        finally:
            self._let_go()
        if self._is_aborted and kind is asyncio.CancelledError:
            assert self._cell is not None
            self._cell.uncancel()
            raise Aborted("The run was aborted by its button.", do="look at the timeline for what was undone") from None
        if error is None and self._faults:
            raise NotProven("The run was not watched to its end.", seen=self._faults, do="run again")

    def _abort(self) -> None:
        if not self._is_aborted and self._cell is not None:
            self._is_aborted = True
            self.event("abort", "alarm")
            self._cell.cancel("abort button")

    async def _follow(self, feed: Feed) -> None:
        await self._clock.asleep(self._every_s)
        while await self._look(feed):
            await self._clock.asleep(self._every_s)

    async def _look(self, feed: Feed) -> bool:
        """Look once; a look that failed is journaled and fails the proof, not the change."""
        if feed.name in self._faults:
            return False
        asked_at, look = self._clock.now(), asyncio.ensure_future(asyncio.to_thread(feed.look))
        await asyncio.wait([look])
        if (error := look.exception()) is not None:
            self._fault(feed.name, _first_line(error), f"{feed.name} unknown")
            return False
        feed.record(look.result(), asked_at)
        return True

    async def _follow_probe(self, probe: Probe) -> None:
        while True:
            try:
                windows = probe.new_windows()
            except NotProven as error:
                self._record_windows(probe.take_windows())
                self._fault("probe", error.what, "prober died")
                return
            self._record_windows(windows)
            await self._clock.asleep(0.25 * self._clock.rate)

    async def _draw(self) -> None:
        while True:
            began, run, waits = monotonic_s(), self.timeline.snapshot(), progress(self._clock.now())
            self._screen.show(await self._loop.run_in_executor(self._painter, self._frame, run, waits))
            left_s = began + self._screen.frame_s - monotonic_s()
            await self._clock.asleep(max(0.0, left_s) * self._clock.rate)

    def _paper(self) -> TimelineChart:
        """The chart, made in the painter's thread: loading matplotlib takes a third of a second of nobody's time."""
        from hitless.charts import TimelineChart

        if self._chart is None:
            self._chart = TimelineChart(self._theme)
        return self._chart

    def _frame(self, run: Timeline, waits: str) -> Frame:
        from hitless.charts import bundle

        chart = self._paper()
        chart.update(run, True, waits)
        png = chart.frame()
        return Frame(png, *bundle(run, png, running=True, progress=waits), waits)

    async def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        for end in ends:
            if end is not None and not isinstance(end, asyncio.CancelledError):
                self._fault("watching", _first_line(end), "watching failed")

    async def _stop_probe(self) -> None:
        if self._probe is None:
            return
        try:
            self.summary = await asyncio.to_thread(self._probe.stop)
        except HitlessError as error:
            if "probe" not in self._faults:
                self._fault("probe", error.what, "prober died")
        self._record_windows(self._probe.take_windows())
        if self.summary is not None:
            self.record.probe(self.summary)

    async def _show_final(self) -> None:
        if self._screen.frame_s == float("inf"):
            return
        self._screen.finish(await self._loop.run_in_executor(self._painter, self._last_frame))

    def _last_frame(self) -> Frame:
        from hitless.charts import FINAL_DPI, bundle

        chart = self._paper()
        chart.update(self.timeline)
        png = chart.png(FINAL_DPI)
        return Frame(png, *bundle(self.timeline, png))

    def _record_capacity(self, found: Hosts, asked_at: float) -> None:
        self.record.capacity(healthy=found.healthy, old=found.old, new=found.new, desired=found.desired)

    def _record_windows(self, windows: list[dict[str, Any]]) -> None:
        for window in windows:
            self.record.window(window, self._clock)

    def _fault(self, name: str, why: str, label: str) -> None:
        self._faults[name] = why
        self.record.event(label, "alarm")


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
