"""Somebody presses Jupyter's stop button in the middle of a cell: whatever it started is over.

Of the notebooks that play on a whole stage `tests/three_ways` has the same.
"""

import time

import pytest

from tests.hitless.web import Web
from tests.notebooks.interrupted import a_person, cells, has_started, interrupt

pytestmark = pytest.mark.live
REHEARSED = {
    "06": ("Rehearsal(", "careless =", "without_maximum = prove("),
    "07": ("Rehearsal(", "zone = "),
    "08": ("Rehearsal(", "sealed_failure(rehearsal"),
}


def test_an_interrupted_control_room_leaves_nothing_running(lab, tmp_path):
    Web(tmp_path, hold=True)
    record = tmp_path / "record"
    tour = {"NAME": "web", "RUN_DIR": str(record), "TOUR": "release good; approve; done"}

    def releasing(person):
        return has_started("hitless.prober")(person) and "release" in (record / "journal.jsonl").read_text()

    was, now = interrupt(cells("09", "open_run(", "room.run(", **tour), releasing)
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
