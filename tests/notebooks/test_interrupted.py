"""Somebody presses Jupyter's stop button in the middle of a cell: whatever it started is over.

Of the essays `tests/three_ways` has the same.
"""

import pytest

from tests.hitless.web import Web
from tests.notebooks.interrupted import cells, has_started, interrupt

pytestmark = pytest.mark.live


def test_an_interrupted_control_room_leaves_nothing_running(lab, tmp_path):
    Web(tmp_path, hold=True)
    record = tmp_path / "record"
    tour = {"NAME": "web", "RUN_DIR": str(record), "TOUR": "release good; approve; done"}

    def releasing(person):
        return has_started("hitless.prober")(person) and "release" in (record / "journal.jsonl").read_text()

    was, now = interrupt(cells("09", "open_run(", "room.run(", **tour), releasing)
    assert now == was
