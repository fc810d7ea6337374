import pytest

from awslab.dataplane.ratelaw import check_rate, max_rate
from hitless.errors import Refused

SERVICE = {"deregistration_delay_s": 30.0, "stop_timeout_s": 60.0, "health_check_timeout_s": 5.0}


def test_the_shortest_lapse_against_what_must_fit_in_it_sets_the_highest_rate():
    assert max_rate(30, 60, 5) == 60
    assert max_rate(300, 20, 5) == 40
    assert max_rate(300, 300, 2) == 40
    assert max_rate(300, 300, 120, idle_timeout_s=5) == 10


def test_a_rate_at_the_limit_is_taken_and_one_above_is_refused_in_three_parts():
    check_rate(60, **SERVICE)
    with pytest.raises(Refused) as refused:
        check_rate(61, **SERVICE)
    assert "61 times as fast" in refused.value.what
    assert set(refused.value.seen) == {"rate", "deregistration delay"}
    assert refused.value.do.startswith("Run the lab with --rate 60")


def test_a_delay_of_nothing_promises_nothing_that_a_rate_could_break():
    check_rate(60, **{**SERVICE, "deregistration_delay_s": 0.0})
