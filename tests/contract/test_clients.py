"""Other people's tools drive the lab as they drive AWS: ecs-deploy releases, Cloud Custodian looks after everything."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.bench.anchors.ground import HttpGround
from tests.bench.anchors.stack import Stack
from tests.contract.installed import installed

pytestmark = pytest.mark.live
POLICIES = {
    "policies": [
        {
            "name": "size",
            "resource": "asg",
            "filters": [{"AutoScalingGroupName": "hosts"}, {"type": "valid"}],
            "actions": [{"type": "tag", "key": "owner", "value": "web"}, {"type": "resize", "max-size": 5}],
        },
        {
            "name": "drain",
            "resource": "ecs-container-instance",
            "filters": [{"type": "value", "key": "runningTasksCount", "op": "gt", "value": 0}],
            "actions": [{"type": "set-state", "state": "DRAINING"}],
        },
        {"name": "services", "resource": "ecs-service", "filters": [{"status": "ACTIVE"}]},
        {"name": "balancers", "resource": "app-elb", "filters": [{"type": "listener", "key": "Port", "value": 80}]},
        {"name": "groups", "resource": "app-elb-target-group"},
        {"name": "applications", "resource": "codedeploy-app", "actions": ["delete"]},
    ]
}


@pytest.fixture(scope="session")
def programs():
    return installed(Path(__file__).with_name("clients.lock"))


@pytest.fixture
def run(programs, lab, tmp_path):
    """Runs one of their programs against the lab; what it printed, when it ended as it should."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **lab.environment}

    def call(*command, ends=0):
        ended = subprocess.run(
            [programs / command[0], *command[1:]],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == ends, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    return call


@pytest.fixture
def stack(lab):
    """Two hosts, a load balancer, and a service of two tasks that the ECS controller rolls."""
    ground = HttpGround(lab.endpoint_url)
    made = Stack(ground, hosts=2, tasks=2, controller="ECS")
    for part in ("make_hosts", "make_balancer", "make_cluster", "make_service"):
        getattr(made, part)()
    yield made
    ground.close()


def test_ecs_deploy_rolls_scales_and_runs(run, stack):
    users = stack.ground.users(stack.prod)
    said = run("ecs", "deploy", "dev", "web", "-e", "app", "APP_VERSION", "two", "--timeout", "300")
    assert "Deployment successful" in said
    service = stack.ecs.describe_services(cluster="dev", services=["web"])["services"][0]
    assert service["taskDefinition"] != stack.first
    read = stack.ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    assert {"name": "APP_VERSION", "value": "two"} in read["containerDefinitions"][0]["environment"]
    assert "Scaling successful" in run("ecs", "scale", "dev", "web", "3")
    assert stack.ecs.describe_services(cluster="dev", services=["web"])["services"][0]["runningCount"] == 3
    assert "Successfully started 1 instances" in run("ecs", "run", "dev", "web")
    assert users.sent > 0
    assert users.failed == 0


def test_ecs_deploy_is_told_as_on_aws_that_code_deploy_owns_the_revision(run, stack):
    stack.ecs.create_service(
        cluster="dev",
        serviceName="owned",
        taskDefinition=stack.first,
        desiredCount=0,
        deploymentController={"type": "CODE_DEPLOY"},
        loadBalancers=[{"targetGroupArn": stack.arns["blue"], "containerName": "app", "containerPort": 8080}],
    )
    said = run("ecs", "deploy", "dev", "owned", "-e", "app", "APP_VERSION", "two", ends=1)
    assert "Unable to update task definition on services with a CODE_DEPLOY deployment controller." in said


def test_cloud_custodian_finds_everything_and_acts(run, stack, tmp_path):
    stack.cd.create_application(applicationName="idle", computePlatform="ECS")
    (tmp_path / "policies.json").write_text(json.dumps(POLICIES))
    run("custodian", "run", "-s", "out", "-c", "policies.json", "--region", "us-east-1")

    def found(policy):
        return json.loads((tmp_path / "out" / policy / "resources.json").read_text())

    assert [one["AutoScalingGroupName"] for one in found("size")] == ["hosts"]
    group = stack.asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert (group["MaxSize"], [(one["Key"], one["Value"]) for one in group["Tags"]]) == (5, [("owner", "web")])
    assert [one["serviceName"] for one in found("services")] == ["web"]
    assert [one["LoadBalancerName"] for one in found("balancers")] == ["web"]
    assert sorted(one["TargetGroupName"] for one in found("groups")) == ["blue", "green"]
    assert stack.cd.list_applications()["applications"] == []
    drained = [one["containerInstanceArn"] for one in found("drain")]
    read = stack.ecs.describe_container_instances(cluster="dev", containerInstances=drained)["containerInstances"]
    assert {one["status"] for one in read} == {"DRAINING"}
