import asyncio
import os
import signal
import threading
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from hitless.clock import SystemClock, VirtualClock
from hitless.errors import NotProven
from hitless.journal import Journal, read
from hitless.live import Aborted, LiveTimeline
from hitless.probe import Probe
from hitless.timeline import Timeline
from tests.conftest import is_gone

START = 1_800_000_000.0


class Fleet:
    """Two hosts; the second is replaced a minute into the run."""

    def __init__(self, clock):
        self.clock = clock

    def __call__(self):
        new = int(self.clock.now() - START >= 60)
        return SimpleNamespace(healthy=2, old=2 - new, new=new, desired=2)


def watched(path, body, clock=None, **settings):
    """Run a body under a live timeline; returns what was recorded, raised or not."""
    clock = clock or VirtualClock(START)

    async def cell():
        with Journal(path, clock) as journal:
            async with LiveTimeline("Test", journal=journal, clock=clock, interactive="none", **settings) as live:
                await body(live)

    try:
        asyncio.run(cell())
    finally:
        loaded = Timeline.load(path)
    return loaded


@pytest.fixture
def path(tmp_path):
    return tmp_path / "j.jsonl"


def test_looks_are_taken_from_the_start_and_once_at_the_end(path):
    clock = VirtualClock(START)
    run = watched(path, lambda live: clock.asleep(120), clock, capacity=Fleet(clock), every_s=20)
    assert (run.capacity[0].at - START, run.capacity[0].new) == (0, 0)
    assert (run.capacity[-1].at - START, run.capacity[-1].new) == (120, 1)


def test_a_look_that_fails_fails_the_proof_and_not_the_change(path):
    finished = []

    def broken():
        raise ConnectionError("no answer")

    async def body(live):
        await asyncio.sleep(0.05)
        finished.append(True)

    with pytest.raises(NotProven) as caught:
        watched(path, body, capacity=broken)
    assert finished
    assert caught.value.seen == {"capacity": "ConnectionError: no answer"}
    assert [e.label for e in Timeline.load(path).events] == ["capacity unknown"]


def test_the_changes_own_error_comes_first(path):
    async def body(live):
        with live.phase("refresh"):
            raise ValueError("the change went wrong")

    with pytest.raises(ValueError, match="went wrong"):
        watched(path, body, capacity=lambda: 1 / 0)
    assert Timeline.load(path).phases[0].end is not None


def test_abort_lets_the_way_back_run(path):
    undone = []

    async def body(live):
        asyncio.get_running_loop().call_later(0.02, live.abort)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            with live.phase("rollback", "alarm"):
                undone.append(True)
            raise

    with pytest.raises(Aborted):
        watched(path, body)
    assert undone
    assert [e.label for e in Timeline.load(path).events] == ["abort"]


@pytest.mark.live
def test_a_watched_run_is_proven_by_its_probe(path, tmp_path, serving):
    async def body(live):
        async with asyncio.timeout(60):
            while len(live.timeline.windows) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    clock = SystemClock(rate=60)
    with serving() as (server, url):
        run = watched(path, body, clock, probe=Probe(url, samples_path=tmp_path / "s"))
        assert run.probe.sent == run.sent == server.requests
    assert (run.probe.failed, run.windows[0].width_s) == (0, 60)
    assert abs(run.windows[-1].end - clock.now()) < 3600, "the prober's seconds are on the axis of AWS time"


@pytest.mark.live
def test_a_prober_that_dies_fails_the_proof(path, tmp_path, serving):
    async def body(live):
        os.kill(live._probe.pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            while not live.timeline.events:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    with serving() as (_, url), pytest.raises(NotProven, match="not watched"):
        watched(path, body, SystemClock(), probe=Probe(url, samples_path=tmp_path / "s"))
    assert [e.label for e in Timeline.load(path).events] == ["prober died"]


@pytest.mark.live
@pytest.mark.parametrize("moment", ["the prober starts", "the first look is taken"])
def test_whoever_is_interrupted_before_the_block_begins_leaves_no_prober(path, tmp_path, serving, moment):
    looking, answered = threading.Event(), threading.Event()

    def look():
        looking.set()
        answered.wait(60)
        return SimpleNamespace(healthy=2, old=2, new=0, desired=2)

    async def interrupted(url):
        probe = Probe(url, samples_path=tmp_path / "s")
        with Journal(path, SystemClock()) as journal:
            settings = {"journal": journal, "clock": SystemClock(), "interactive": "none"}
            live = LiveTimeline("Test", probe=probe, capacity=look, **settings)
            entering = asyncio.create_task(live.__aenter__())
            async with asyncio.timeout(60):
                while not (probe._process if moment == "the prober starts" else looking.is_set()):  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
            entering.cancel()
            with pytest.raises(asyncio.CancelledError):
                await entering
            answered.set()  # a look in a thread cannot be broken off; it ends when AWS answers
            async with asyncio.timeout(60):
                while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
        return probe.pid

    with serving() as (_, url):
        assert is_gone(asyncio.run(interrupted(url)))


CELLS = """
import asyncio
from types import SimpleNamespace
from hitless.clock import SystemClock
from hitless.journal import Journal
from hitless.live import LiveTimeline
from hitless.timeline import Timeline
journal, clock = Journal({path!r}, SystemClock(60)), SystemClock(60)
look = lambda: SimpleNamespace(healthy=2, old=1, new=1, desired=2)
---
async with LiveTimeline("Test", journal=journal, clock=clock, capacity=look, interactive="output") as live:
    live._screen.frame_s = 0.2
    await asyncio.sleep(2)
    {ending}
---
Timeline.load({path!r})
"""


def executed(path, ending="pass", allow_errors=False):
    notebook = nbformat.v4.new_notebook()
    cells = CELLS.format(path=str(path), ending=ending).split("---\n")
    notebook.cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
    NotebookClient(notebook, timeout=60, allow_errors=allow_errors).execute()
    return notebook


def pictures(cell):
    return [o for o in cell.outputs if "image/png" in o.get("data", {})]


@pytest.mark.live
def test_a_notebook_keeps_one_picture_the_last(path):
    notebook = executed(path)
    live, result = notebook.cells[1:]
    assert len(pictures(live)) == len(pictures(result)) == len(live.outputs) == 1
    assert pictures(live)[0].data["image/png"] == pictures(result)[0].data["image/png"], (
        "the result cell draws the same"
    )
    assert "widgets" not in notebook.metadata
    assert len(nbformat.writes(notebook)) < 400_000


@pytest.mark.live
def test_a_run_that_fails_keeps_its_picture(path):
    live = executed(path, "raise ValueError('went wrong')", allow_errors=True).cells[1]
    assert len(pictures(live)) == 1
    with pytest.raises(CellExecutionError):
        executed(path.with_name("k.jsonl"), "raise ValueError('went wrong')")
    assert [e.kind for e in read(path)][:2] == ["run", "capacity"]


@pytest.mark.live
def test_in_jupyterlab_the_cell_is_left_with_a_plain_picture_too(path, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "notebook")
    source = CELLS.replace('"output"', '"auto"').replace("live._screen.frame_s = 0.2", "screen = live._screen")
    monkeypatch.setitem(globals(), "CELLS", source + "\n---\ntype(screen).__name__, len(screen._image.value) > 10_000")
    cells = executed(path).cells
    assert cells[3].outputs[0].data["text/plain"] == "('WidgetScreen', True)"
    assert len(pictures(cells[1])) == 1
