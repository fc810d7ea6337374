"""Blue and green take turns."""

import pytest


def steady(release):
    sets = release.service()["taskSets"]
    return len(sets) == 1 and sets[0]["stabilityStatus"] == "STEADY_STATE"


def test_three_deployments_swap_the_target_groups_and_the_service_says_so(make_release):
    release = make_release(config="ECSCanary10Percent5Minutes", desired=2, wait=1)
    release.send(20)
    for name, other in (("green", "blue"), ("blue", "green"), ("green", "blue")):
        task_definition = release.register()
        deployment_id = release.deploy(task_definition)
        assert release.end(deployment_id)["status"] == "Succeeded"
        release.until(lambda: steady(release))
        service = release.service()
        assert service["taskDefinition"] == task_definition
        assert service["loadBalancers"][0]["targetGroupArn"] == release.arns[name]
        assert service["taskSets"][0]["externalId"] == deployment_id
        assert release.weights() == {"blue": 100 * (name == "blue"), "green": 100 * (name == "green")}
        assert release.weights(release.test) == {name: 1}
        release.sleep(5)
        release.counter.take()
        release.sleep(30)
        release.lab.world.settle()
        assert {group for group, _ in release.counter.take()} == {name}
        info = {one["taskSetLabel"]: one for one in release.target(deployment_id)["taskSetsInfo"]}
        assert info["Green"]["targetGroup"]["name"] == name
        assert (info["Green"]["status"], info["Green"]["trafficWeight"]) == ("PRIMARY", 100.0)
        assert (info["Blue"]["status"], info["Blue"]["targetGroup"]["name"]) == ("DRAINING", other)
    assert release.plane.tally(release.prod).failed == 0


def test_a_revision_without_a_capacity_provider_strategy_drops_the_services(make_release):
    release = make_release(config="ECSAllAtOnce", wait=0)
    assert release.service()["capacityProviderStrategy"]
    content = release.appspec(release.register(), strategy=None)
    assert release.end(release.deploy(content=content))["status"] == "Succeeded"
    assert release.service()["launchType"] == "EC2"


@pytest.mark.parametrize("per_second", [20, 50])
def test_green_answers_its_weight(make_release, per_second):
    release = make_release(config="ECSLinear10PercentEvery1Minutes", wait=0)
    release.send(per_second)
    deployment_id = release.deploy()
    release.until(lambda: release.weights()["green"] == 10, step_s=1)
    for green in range(10, 100, 10):
        release.sleep(3)
        release.lab.world.settle()
        release.counter.take()
        release.sleep(50)
        release.lab.world.settle()
        answers = release.counter.take()
        share = answers[("green", 200)] / sum(answers.values())
        assert share == pytest.approx(green / 100, abs=0.01)
        release.sleep(7)
    assert release.end(deployment_id)["status"] == "Succeeded"
    assert release.plane.tally(release.prod).failed == 0
