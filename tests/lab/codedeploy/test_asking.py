"""What can be asked of deployments and their targets, and that asking changes nothing."""

import pytest

NAME = {"applicationName": "web", "deploymentGroupName": "web"}


def test_a_deployment_has_no_targets_before_it_has_started(release, refused):
    deployment_id = release.deploy()
    mine = {"deploymentId": deployment_id}
    assert refused(release.cd.list_deployment_targets, **mine) == "DeploymentNotStartedException"
    assert refused(release.target, deployment_id) == "DeploymentNotStartedException"
    release.sleep(2)
    assert release.cd.list_deployment_targets(**mine)["targetIds"] == ["dev:web"]
    targets = release.cd.batch_get_deployment_targets(**mine, targetIds=["dev:web"])["deploymentTargets"]
    assert targets[0]["deploymentTargetType"] == "ECSTarget"
    get = release.cd.get_deployment_target
    assert refused(get, **mine, targetId="dev:no") == "DeploymentTargetDoesNotExistException"


def test_an_overview_counts_the_one_target_when_it_is_over(make_release):
    release = make_release(config="ECSAllAtOnce", wait=0)
    deployment_id = release.deploy(description="a release")
    release.sleep(2)
    running = release.deployment(deployment_id)
    assert "deploymentOverview" not in running
    assert (running["creator"], running["description"]) == ("user", "a release")
    ended = release.end(deployment_id)
    assert ended["deploymentOverview"] == {
        "Pending": 0,
        "InProgress": 0,
        "Succeeded": 1,
        "Failed": 0,
        "Skipped": 0,
        "Ready": 0,
    }
    assert ended["createTime"] < ended["startTime"] < ended["completeTime"]
    following = release.deployment(release.deploy())
    assert following["previousRevision"] == ended["revision"]


def test_deployments_are_listed_by_group_status_and_time_newest_first(make_release):
    release = make_release(config="ECSAllAtOnce", wait=0)
    first = release.deploy()
    created = release.deployment(first)["createTime"]
    release.end(first)
    second = release.deploy()

    def listed(**given):
        return release.cd.list_deployments(**given)["deployments"]

    assert listed() == listed(**NAME) == [second, first]
    assert listed(**NAME, includeOnlyStatuses=["Succeeded"]) == [first]
    assert listed(createTimeRange={"end": created}) == [first]
    found = release.cd.batch_get_deployments(deploymentIds=[first, second, "d-000000000"])["deploymentsInfo"]
    assert [one["deploymentId"] for one in found] == [first, second]


def test_task_sets_show_who_made_them_and_what_share_they_get(make_release):
    release = make_release(config="ECSCanary10Percent5Minutes", desired=2)
    deployment_id = release.deploy()
    release.until(lambda: release.weights()["green"] == 10)
    blue, green = release.target(deployment_id)["taskSetsInfo"]
    assert (blue["taskSetLabel"], blue["status"], blue["trafficWeight"]) == ("Blue", "PRIMARY", 90.0)
    assert (green["taskSetLabel"], green["status"], green["trafficWeight"]) == ("Green", "ACTIVE", 10.0)
    assert (green["desiredCount"], green["runningCount"], green["targetGroup"]["name"]) == (2, 2, "green")
    sets = {one["id"]: one for one in release.service()["taskSets"]}
    assert sets[green["identifer"]]["externalId"] == deployment_id
    assert "externalId" not in sets[blue["identifer"]]


@pytest.mark.parametrize("action", ["get_deployment", "stop_deployment", "continue_deployment"])
def test_unknown_and_malformed_ids_are_told_apart(release, refused, action):
    call = getattr(release.cd, action)
    assert refused(call, deploymentId="d-ABCDEF123") == "DeploymentDoesNotExistException"
    assert refused(call, deploymentId="d-1") == "InvalidDeploymentIdException"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"applicationName": "no"}, "ApplicationDoesNotExistException"),
        ({"deploymentGroupName": "no"}, "DeploymentGroupDoesNotExistException"),
        ({"deploymentConfigName": "no"}, "DeploymentConfigDoesNotExistException"),
        ({"deploymentConfigName": "CodeDeployDefault.OneAtATime"}, "InvalidDeploymentConfigNameException"),
        ({"targetInstances": {"tagFilters": []}, "updateOutdatedInstancesOnly": True}, "Invalid"),
        ({"overrideAlarmConfiguration": {"enabled": True}}, "InvalidAlarmConfigException"),
        ({"autoRollbackConfiguration": {"enabled": True, "events": []}}, "InvalidAutoRollbackConfigException"),
    ],
)
def test_what_can_not_be_deployed_is_refused_and_nothing_begins(release, refused, given, code):
    content = release.appspec(release.first)
    wanted = {**NAME, "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}, **given}
    assert refused(release.cd.create_deployment, **wanted).startswith(code)
    assert release.cd.list_deployments()["deployments"] == []


def test_a_renamed_application_keeps_its_deployments(make_release):
    release = make_release(config="ECSAllAtOnce", wait=0)
    deployment_id = release.deploy()
    release.end(deployment_id)
    release.cd.update_deployment_group(
        applicationName="web",
        currentDeploymentGroupName="web",
        deploymentConfigName="CodeDeployDefault.ECSCanary10Percent5Minutes",
    )
    release.cd.update_application(applicationName="web", newApplicationName="shop")
    listed = release.cd.list_deployments(applicationName="shop", deploymentGroupName="web")["deployments"]
    assert listed == [deployment_id]
    assert release.deployment(deployment_id)["applicationName"] == "shop"


def run(make_release, looks):
    release = make_release(config="ECSCanary10Percent5Minutes", desired=2, wait=1)
    release.send(10)
    deployment_id = release.deploy()
    for _ in range(looks):
        release.sleep(1200 / looks)
        release.status(deployment_id)
        release.target(deployment_id)
        release.weights()
    release.lab.world.settle()
    return release.lab.world.journal


def test_looking_never_changes_what_happened(make_release):
    assert run(make_release, 1) == run(make_release, 100)
