"""What goes wrong without anybody's will, each ended as AWS would end it."""

import pytest

ROLLBACK = {"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}}
NEVER_HEALTHY = {
    "code": "TIMEOUT",
    "message": "The deployment timed out while waiting for the replacement task set to become healthy. This time out "
    "period is 60 minutes.",
}
NOT_BEHIND = {
    "code": "ELASTIC_LOAD_BALANCING_INVALID",
    "message": "The ELB could not be updated due to the following error: Primary taskset target group must be behind "
    "listener",
}


def said(release):
    return [event["message"] for event in release.service()["events"]]


def taken_back(release, deployment_id, error):
    """It failed with this error, and everything is as it was."""
    ended = release.deployment(deployment_id)
    assert (ended["status"], ended["errorInformation"]) == ("Failed", error)
    rollback = release.end(ended["rollbackInfo"]["rollbackDeploymentId"], limit_s=30)
    assert rollback["status"] == "Succeeded"
    release.until(lambda: len(release.task_sets()) == 1)
    assert release.service()["taskDefinition"] == release.first
    assert release.weights() == {"blue": 100, "green": 0}
    assert release.plane.tally(release.prod).failed == 0


@pytest.mark.parametrize(
    ("changes", "telling"),
    [({"image": "missing:1"}, "unable to consistently start tasks"), ({"FAIL_HEALTH_AFTER_S": 0}, "is unhealthy in")],
    ids=["missing image", "never healthy"],
)
def test_tasks_that_never_become_healthy_fail_install_after_an_hour(make_release, changes, telling):
    release = make_release(config="ECSCanary10Percent5Minutes", hosts=3, **ROLLBACK)
    release.send(10)
    deployment_id = release.deploy(release.register(**changes))
    release.sleep(3595)
    assert (release.status(deployment_id), release.event(deployment_id)) == ("InProgress", "Install")
    assert any(telling in line for line in said(release))
    release.sleep(10)
    taken_back(release, deployment_id, NEVER_HEALTHY)
    assert release.events(deployment_id) == ["Succeeded", "Failed"] + ["Skipped"] * 6


def test_without_room_for_green_install_waits_then_fails(make_release):
    release = make_release(config="ECSCanary10Percent5Minutes", desired=12, **ROLLBACK)
    release.send(10)
    deployment_id = release.deploy()
    release.sleep(120)
    info = release.target(deployment_id)["taskSetsInfo"][1]
    assert info["taskSetLabel"] == "Green"
    assert info["runningCount"] < info["desiredCount"] == 12
    assert any("was unable to place a task because no container instance met all" in line for line in said(release))
    release.sleep(3600)
    taken_back(release, deployment_id, NEVER_HEALTHY)


def test_room_that_comes_in_time_lets_install_finish(make_release):
    release = make_release(config="ECSCanary10Percent5Minutes", desired=12, wait=0)
    deployment_id = release.deploy()
    release.sleep(1800)
    assert release.event(deployment_id) == "Install"
    release.asg.set_desired_capacity(AutoScalingGroupName="hosts", DesiredCapacity=4)
    assert release.end(deployment_id)["status"] == "Succeeded"


@pytest.mark.parametrize("listener", ["prod", "test"])
def test_a_listener_moved_by_hand_before_it_begins(make_release, listener):
    release = make_release(config="ECSCanary10Percent5Minutes", wait=0)
    release.end(release.deploy())
    release.sleep(120)
    arn = getattr(release, listener)
    action = [{"Type": "forward", "TargetGroupArn": release.arns["blue"]}]  # as Terraform made it; green is PRIMARY
    release.elb.modify_listener(ListenerArn=arn, DefaultActions=action)
    ended = release.end(release.deploy())
    assert (ended["status"], ended["errorInformation"]) == ("Failed", NOT_BEHIND)
    assert "rollbackInfo" not in ended  # nothing was changed
    assert len(release.task_sets()) == 1


def test_a_listener_moved_by_hand_during_the_shift(make_release):
    release = make_release(config="ECSCanary10Percent5Minutes", **ROLLBACK)
    deployment_id = release.deploy()
    release.until(lambda: release.weights().get("green") == 10)
    action = [{"Type": "forward", "TargetGroupArn": release.arns["green"]}]
    release.elb.modify_listener(ListenerArn=release.prod, DefaultActions=action)
    ended = release.end(deployment_id)
    assert (ended["status"], ended["errorInformation"]) == ("Failed", NOT_BEHIND)
    release.end(ended["rollbackInfo"]["rollbackDeploymentId"])
    assert release.weights() == {"blue": 1}


def drain(release, count=None):
    arns = release.ecs.list_container_instances(cluster="dev")["containerInstanceArns"][:count]
    release.ecs.update_container_instances_state(cluster="dev", containerInstances=arns, status="DRAINING")


def test_hosts_that_drain_without_room_elsewhere_keep_install_from_finishing(make_release):
    release = make_release(config="ECSCanary10Percent5Minutes", desired=2, **ROLLBACK)
    drain(release)
    deployment_id = release.deploy()
    release.sleep(3590)
    assert release.event(deployment_id) == "Install"
    release.sleep(20)
    assert release.deployment(deployment_id)["errorInformation"] == NEVER_HEALTHY


def test_a_shift_goes_on_for_five_minutes_while_tasks_are_not_steady(make_release):
    release = make_release(config="ECSCanary10Percent15Minutes", desired=2, **ROLLBACK)
    release.send(10)
    deployment_id = release.deploy()
    release.until(lambda: release.weights()["green"] == 10)
    drain(release)
    release.sleep(290)
    assert release.status(deployment_id) == "InProgress"
    release.sleep(20)
    ended = release.deployment(deployment_id)
    assert (ended["status"], ended["errorInformation"]["code"]) == ("Failed", "TIMEOUT")
    release.sleep(10)
    assert release.weights() == {"blue": 100, "green": 0}
    assert release.plane.tally(release.prod).failed == 0


def test_a_short_unsteadiness_during_the_shift_is_forgiven(make_release):
    release = make_release(config="ECSCanary10Percent15Minutes", desired=2, hosts=3, wait=0)
    deployment_id = release.deploy()
    release.until(lambda: release.weights()["green"] == 10)
    drain(release, 1)
    assert release.end(deployment_id)["status"] == "Succeeded"


def test_a_release_during_a_refresh_that_finds_room_succeeds_without_a_lost_request(make_release):
    release = make_release(config="ECSCanary10Percent5Minutes", desired=2, hosts=2, wait=0, **ROLLBACK)
    release.send(20)
    release.ec2.create_launch_template_version(
        LaunchTemplateId=release.template_id, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.medium"}
    )
    wanted = {"LaunchTemplate": {"LaunchTemplateId": release.template_id, "Version": "2"}}
    release.asg.start_instance_refresh(
        AutoScalingGroupName="hosts",
        DesiredConfiguration=wanted,
        Preferences={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150, "InstanceWarmup": 60},
    )
    deployment_id = release.deploy()
    ended = release.end(deployment_id)
    assert ended["status"] == "Succeeded"  # each host drains in less than five minutes
    release.sleep(600)
    refresh = release.asg.describe_instance_refreshes(AutoScalingGroupName="hosts")["InstanceRefreshes"][0]
    assert refresh["Status"] == "Successful"
    assert release.plane.tally(release.prod).failed == 0


@pytest.mark.parametrize("wait", [0, 5])
def test_the_service_deleted_under_it_fails_it(make_release, wait):
    release = make_release(config="ECSCanary10Percent5Minutes", wait=wait, **ROLLBACK)
    deployment_id = release.deploy()
    release.until(lambda: release.weights()["green"] == 10)
    release.ecs.delete_service(cluster="dev", service="web", force=True)
    ended = release.end(deployment_id)
    assert (ended["status"], ended["errorInformation"]["code"]) == ("Failed", "INVALID_ECS_SERVICE")
    rollback = release.end(ended["rollbackInfo"]["rollbackDeploymentId"])
    assert rollback["status"] == "Failed"
