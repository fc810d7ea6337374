"""What listeners forward to on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awslab.machines.traffic_shift import both, is_behind, percent_of, split

WEIGHTS = st.sampled_from(
    [(("blue", 1),), (("blue", 100), ("green", 0)), (("green", 5), ("blue", 95)), (("green", 1),), (("x", 1),)]
)


@given(WEIGHTS, st.integers(1, 99))
def test_shares_are_percents_and_keep_the_order_of_the_listener(weights, percent):
    after = split(weights, "blue", "green", percent)
    assert dict(after) == {"blue": 100 - percent, "green": percent}
    known = [arn for arn, _ in weights if arn in ("blue", "green")]
    assert [arn for arn, _ in after][: len(known)] == known
    assert percent_of("green", after) == pytest.approx(percent)


@given(WEIGHTS)
def test_both_groups_are_behind_the_listener_before_a_gradual_shift_and_one_has_it_all(weights):
    after = both(weights, "blue", "green")
    assert dict(after) == {"blue": 100, "green": 0}
    assert is_behind("blue", after)
    assert not is_behind("green", after)


@pytest.mark.parametrize(("percent", "only"), [(100, "green"), (0, "blue")])
def test_a_listener_of_one_group_stays_one(percent, only):
    assert split((("blue", 1),), "blue", "green", percent) == ((only, 1),)
    assert dict(split((("green", 0), ("blue", 100)), "blue", "green", percent))[only] == 100
