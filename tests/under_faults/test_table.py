"""During every fault, every operation ends right or in a clear stop; nothing is started twice, nothing is lost.

`make faults` runs every cell and prints the table; the tests of every day run a seeded choice with every operation.
"""

import itertools
import os
import random

import pytest

from tests.under_faults.operations import OPERATIONS
from tests.under_faults.table import FAULTS, play

EVERY = list(itertools.product(OPERATIONS, FAULTS))
DAILY = 6


def choice():
    """As many cells as there are operations, each under a fault of its own."""
    faults = random.Random(os.environ.get("HITLESS_FAULTS_SEED", "7")).sample(sorted(FAULTS), DAILY)
    return list(zip(OPERATIONS, faults, strict=True))


CASES = EVERY if os.environ.get("HITLESS_FAULTS") == "all" else choice()


@pytest.mark.parametrize(("operation", "fault"), CASES, ids=lambda name: name.replace(" ", "-"))
def test_it_ends_right_or_in_a_clear_stop(scene, monkeypatch, cells, operation, fault):
    cell = play(scene, OPERATIONS[operation], FAULTS[fault], monkeypatch)
    cells.append(cell)
    assert cell.error is None or (cell.error.what and cell.error.do), "a stop says what to do"
    most = FAULTS[fault].made_max
    assert all(made <= limit for made, limit in zip(cell.started, most, strict=True)), f"started: {cell.started}"
    assert cell.failed <= FAULTS[fault].lost_max, f"{cell.failed} of {cell.sent} requests failed"
    assert cell.met or fault == "none", "the operation was over before the fault came"
    assert cell.is_true, f"it said {cell.ended}, and that is not so: {scene.said[-5:]}"
    assert cell.whole, "afterwards every task is healthy again"
