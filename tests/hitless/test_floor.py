"""Preflight's arithmetic and the lab's were written apart; they must agree with what a refresh really does."""

import pytest

from hitless.floor import ideal_duration_s, true_floor
from tests.machines.conftest import Fleet

CASES = [
    (d, low, high)
    for d in (1, 2, 3, 4, 7, 10)
    for low, high in ((90, None), (90, 100), (90, 110), (100, 150), (50, None))
]


@pytest.mark.parametrize(("desired", "low", "high"), CASES)
def test_the_floor_foretold_is_the_floor_reached(desired, low, high):
    fleet = Fleet(desired)
    fleet.start(min_healthy_percent=low, max_healthy_percent=high, warmup_s=60)
    assert fleet.run() == "Successful"
    foretold = true_floor(desired, low, high)
    assert fleet.extremes() == (foretold.fewest, foretold.most)


def test_ninety_percent_of_two_hosts_is_fifty_unless_a_maximum_is_sent():
    assert true_floor(2, 90, None).percent == 50
    assert true_floor(2, 90, 100).percent == 100


def test_the_ideal_schedule_counts_batches():
    assert ideal_duration_s(true_floor(4, 90, 110), 150) == 4 * 150
    assert ideal_duration_s(true_floor(10, 90, 110), 150) == 5 * 150
