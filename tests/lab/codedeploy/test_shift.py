"""How weights move, and what an all-at-once deployment does not see."""

import pytest

from awslab.machines.events import HealthCheckRequested, WeightsChanged


def green_weights(release):
    story = release.story(WeightsChanged)
    mine = [(at, dict(e.weights).get(release.arns["green"], 0)) for at, e in story if e.listener_arn == release.prod]
    return [(round(at - mine[-1][0]), weight) for at, weight in mine if weight]


def config(release, kind, **shift):
    routing = {"type": f"TimeBased{kind}", f"timeBased{kind}": shift}
    release.cd.create_deployment_config(
        deploymentConfigName="mine", computePlatform="ECS", trafficRoutingConfig=routing
    )
    return "mine"


def test_a_linear_percent_that_does_not_divide_100_ends_with_the_remainder(make_release):
    release = make_release(wait=0)
    name = config(release, "Linear", linearPercentage=30, linearInterval=2)
    release.end(release.deploy(deploymentConfigName=name))
    assert green_weights(release) == [(-360, 30), (-240, 60), (-120, 90), (0, 100)]


def test_a_canary_takes_two_increments(make_release):
    release = make_release(wait=0)
    name = config(release, "Canary", canaryPercentage=25, canaryInterval=3)
    release.end(release.deploy(deploymentConfigName=name))
    assert green_weights(release) == [(-180, 25), (0, 100)]


@pytest.fixture
def checks(make_release):
    """A broken build, released; when its health checks began, relative to the shift."""

    def run(**given):
        release = make_release(wait=0, hosts=3, **given)
        checked = []
        tell = release.lab.world.tell

        def listening(events):
            events = list(events)
            checked.extend(
                release.lab.world.now
                for e in events
                if isinstance(e, HealthCheckRequested) and e.target_group_arn == release.arns["green"]
            )
            tell(events)

        release.lab.world.tell = listening
        deployment_id = release.deploy(release.register(FAIL_HEALTH_AFTER_S=0))
        release.until(lambda: release.status(deployment_id) in ("Succeeded", "Failed"), limit_s=5000)
        release.sleep(60)
        release.lab.world.settle()
        moved = [at for at, e in release.story(WeightsChanged) if dict(e.weights).get(release.arns["green"])]
        return release.status(deployment_id), checked, moved

    return run


def test_all_at_once_without_a_test_listener_is_checked_only_after_the_shift_and_goes_live_broken(checks):
    status, checked, moved = checks(config="ECSAllAtOnce", test=False)
    assert status == "Succeeded"
    assert min(checked) >= moved[0]


def test_the_same_build_is_never_shifted_to_when_it_is_checked_first(checks):
    status, checked, moved = checks(config="ECSCanary10Percent5Minutes", test=False)
    assert (status, moved) == ("Failed", [])
    assert checked


def test_all_at_once_with_a_test_listener_waits_for_health_before_the_shift(checks):
    status, _, moved = checks(config="ECSAllAtOnce")
    assert status == "Failed"
    assert len(moved) == 1  # the test listener's
