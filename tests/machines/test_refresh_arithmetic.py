"""The worked examples of how far a refresh takes a group down and up, each really run."""

import pytest

EXAMPLES = [  # desired, min, max, fewest in service, most present
    (1, 90, None, 0, 1),
    (2, 90, None, 1, 2),
    (3, 90, None, 2, 3),
    (4, 90, None, 3, 4),
    (9, 90, None, 8, 9),
    (10, 90, None, 9, 10),
    (20, 90, None, 18, 20),
    (10, 80, None, 8, 10),
    (1, 100, 100, 1, 2),
    (2, 90, 100, 2, 3),
    (3, 90, 100, 3, 4),
    (2, 100, 110, 2, 3),
    (2, 100, 150, 2, 3),
    (1, 100, 150, 1, 2),
    (1, 100, 200, 1, 2),
    (10, 90, 110, 9, 11),
    (4, 0, None, 0, 4),
]


@pytest.mark.parametrize(("desired", "low", "high", "fewest", "most"), EXAMPLES)
def test_a_refresh_stays_within_its_bounds_and_reaches_them(fleet, desired, low, high, fewest, most):
    f = fleet(desired)
    f.start(min_healthy_percent=low, max_healthy_percent=high, warmup_s=60)
    assert f.run() == "Successful"
    assert f.extremes() == (fewest, most)
    assert f.versions() == ["2"] * desired
    assert f.group.refreshes[0].percentage_complete == 100
