"""The essays that play on a stage, each stopped in the middle of a change: whatever it started is over."""

import asyncio

import pytest

from hitless.release_preflight import await_ready
from tests.notebooks.interrupted import cells, has_started, interrupt

PROBER = "hitless.prober"
CHANGES = {
    "01": (PROBER, "open_stage(", "settings = ", "ami_id = ", "new_hosts = "),
    "02": ("terraform", "open_stage(", "fresh = "),
    "03": (PROBER, "open_stage(", "here, stack, environment =", "careful =", "another_ami =", "first = "),
    "04": (PROBER, "open_stage(", "CANARY =", "release = ", "started = ", "watched = "),
    "05": (PROBER, "open_stage(", "here, stack = ", "turn_round(hosts"),
}


@pytest.fixture
def quiet(stage):
    """AWS goes on by itself with what it was asked to turn round; the next wants it to have ended."""
    asyncio.run(await_ready(stage.here, stage.stack))


@pytest.mark.parametrize("number", CHANGES)
def test_an_interrupted_change_leaves_nothing_running(quiet, tmp_path, number):
    started, *wanted = CHANGES[number]
    was, now = interrupt(cells(number, *wanted, RUN_DIR=str(tmp_path / "record")), has_started(started))
    assert now == was
