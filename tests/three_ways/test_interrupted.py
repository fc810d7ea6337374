"""The essays, each stopped in the middle of a change: whatever it started is over."""

import asyncio
import time

import pytest

from hitless.release_preflight import await_ready
from tests.notebooks.interrupted import a_person, cells, has_started, interrupt

PROBER = "hitless.prober"
CHANGES = {
    "01": (PROBER, "open_stage(", "settings = ", "ami_id = ", "new_hosts = "),
    "02": ("terraform", "open_stage(", "fresh = "),
    "03": (PROBER, "open_stage(", "here, stack, environment =", "careful =", "another_ami =", "first = "),
    "04": (PROBER, "open_stage(", "CANARY =", "release = ", "started = ", "watched = "),
    "05": (PROBER, "open_stage(", "here, stack = ", "turn_round(hosts"),
}
REHEARSED = {
    "06": ("Rehearsal(", "careless =", "without_maximum = prove("),
    "07": ("Rehearsal(", "zone = "),
    "08": ("Rehearsal(", "sealed_failure(rehearsal"),
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


@pytest.mark.parametrize("number", REHEARSED)
def test_an_interrupted_rehearsal_leaves_nothing_but_its_lab(number):
    with a_person() as person:
        *before, last = cells(number, *REHEARSED[number])
        for source in before:
            person.do(source)
        was, asked = person.going(), time.monotonic()
        person.stop(last, lambda: time.monotonic() - asked > 0.2)
        assert person.going() == was
        person.do(last)  # what was broken off can be done again
