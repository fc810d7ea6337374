"""How the shift of a deployment configuration goes, minute by minute."""

import pytest

from awslab.machines.deployment_configs import ALL_AT_ONCE, CANARY, LINEAR, PREDEFINED, DeploymentConfig, Invalid

TOTAL_MINUTES = {
    "CodeDeployDefault.ECSAllAtOnce": 0,
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes": 9,
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes": 27,
    "CodeDeployDefault.ECSCanary10Percent5Minutes": 5,
    "CodeDeployDefault.ECSCanary10Percent15Minutes": 15,
}


@pytest.mark.parametrize(("name", "minutes"), TOTAL_MINUTES.items())
def test_the_predefined_ones_take_as_long_as_aws_says(name, minutes):
    steps = PREDEFINED[name].increments()
    assert steps[0][0] == 0.0 and steps[-1] == (60.0 * minutes, 100)


def test_there_are_no_other_predefined_ones():
    assert set(PREDEFINED) == set(TOTAL_MINUTES)


def test_a_canary_has_two_steps_and_the_last_linear_one_is_what_is_left():
    assert DeploymentConfig("c", CANARY, 20, 3).increments() == [(0.0, 20), (180.0, 100)]
    assert DeploymentConfig("l", LINEAR, 40, 1).increments() == [(0.0, 40), (60.0, 80), (120.0, 100)]
    assert DeploymentConfig("a", ALL_AT_ONCE).increments() == [(0.0, 100)]


@pytest.mark.parametrize(
    ("kind", "percent", "minutes"), [(CANARY, 0, 1), (CANARY, 100, 1), (LINEAR, 10, 0), (LINEAR, 1, 60)]
)
def test_what_aws_refuses_is_refused(kind, percent, minutes):
    with pytest.raises(Invalid):
        DeploymentConfig("x", kind, percent, minutes).check()
