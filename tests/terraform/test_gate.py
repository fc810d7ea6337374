"""Real Terraform and a lab: everything is made, a second plan is empty, hosts change, and nothing is left behind.

Takes four minutes, of which the AWS provider sleeps more than half by itself.
"""

import json

import pytest

from hitless import deployment, images
from hitless.connect import connect
from hitless.leftovers import read_leftovers
from hitless.probe import Probe
from hitless.provisioning import REPOSITORY
from hitless.release import plan_release
from hitless.service import read_definition
from hitless.stack import read_stack
from hitless.terraform import Terraform
from hitless.traffic import endpoint_url
from hitless.wait import wait_until
from hitless.watched import PATH

from .conftest import CHECKOUT, SOURCES

pytestmark = [pytest.mark.terraform, pytest.mark.live]

NAME = "hitless-dev"
ACCOUNT_ID = "123456789012"
CONTAINER = {"cpu": 128}  # so small that users who do not burden the machine keep it busy


@pytest.fixture
def dev(lab, tmp_path):
    terraform = Terraform(SOURCES / "envs" / "dev", tmp_path / "state", env=lab.environment)
    terraform.init()
    return terraform


def test_everything_is_made_changed_and_unmade_and_every_second_plan_is_empty(lab, dev, tmp_path):
    here = connect(account_id=ACCOUNT_ID, region="us-east-1")
    wanted = provision(dev, lab)
    assert_empty(dev, wanted)
    await_tasks(here, 6)

    release(here)
    running = read_definition(here, read_stack(here, NAME, NAME))
    assert running["revision"] > 1 and running["containerDefinitions"][0]["cpu"] == CONTAINER["cpu"]
    assert_empty(dev, wanted)  # CodeDeploy has swapped target groups, task definition and weights

    held = {**wanted, "instance_type": "t3.large", "launch_template_version": 1}
    template = dev.plan(held)
    assert [change.address for change in template.changes] == ["module.compute.aws_launch_template.this"]
    dev.apply(template)
    assert refreshes(here) == [], "a held group must not be refreshed by Terraform"

    followed = {**held, "launch_template_version": None}
    dev.apply(dev.plan(followed))
    refresh = await_refresh(here)
    preferences = refresh["Preferences"]
    assert (preferences["MinHealthyPercentage"], preferences["MaxHealthyPercentage"]) == (90, 110)
    assert versions(here) == ["2"] * 4
    await_tasks(here, 6)
    assert_empty(dev, followed)

    types = ["t3.xlarge", "t3a.xlarge"]
    mixed = {**followed, "instance_type": types[0], "spot": {"instance_types": types, "on_demand_base": 2}}
    dev.apply(dev.plan(mixed))
    await_refresh(here)
    assert markets(here) == ["on-demand"] * 3 + ["spot"], "half of what is above the base of two"
    await_tasks(here, 6)
    assert_empty(dev, mixed)

    scale_out(here, tmp_path)
    assert_empty(dev, mixed)  # the bounds and the count are not Terraform's

    dev.destroy(mixed)
    await_nothing(here)
    assert state_of(dev) == []


def provision(dev, lab) -> dict:
    """Everything, and the image as soon as there is a repository."""
    image = images.build(CHECKOUT / "app")
    address = f"{ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/{NAME}@{image.digest}"
    never = {"never": {"schedule": "at(2199-12-31T20:00:00)", "min_count": 2, "max_count": 2}}
    scaling = {"min_count": 6, "max_count": 6, "cpu_percent": 10, "schedules": never}
    wanted = {"account_id": ACCOUNT_ID, "lab": True, "image": address, "container": CONTAINER, "scaling": scaling}
    dev.apply(dev.plan(wanted), after={REPOSITORY: lambda: images.push(image, NAME, ecr=lab.client("ecr"))})
    assert images.find(image.digest, NAME, ecr=lab.client("ecr")) == address
    return wanted


def release(here):
    """Another version, all at once, and not waiting for the old tasks to be looked at."""
    stack = read_stack(here, NAME, NAME)
    image = images.build_release(CHECKOUT / "app", "2.0.0", "green")
    change = plan_release(here, stack, image, "2.0.0", NAME, config_name="CodeDeployDefault.ECSAllAtOnce")
    deployment_id = change.plan.run(here, dry_run=False, say=str)["deployment"]["deploymentId"]

    def look():
        seen = deployment.read_deployment(here, deployment_id)
        if seen.terminating and not seen.ended:
            deployment.continue_deployment(here, deployment_id, deployment.TERMINATION_WAIT)
        return seen

    ended = wait_until(look, lambda seen: seen.ended, what="the release", clock=here.clock, timeout_s=3600, say=str)
    assert ended.status == deployment.SUCCEEDED, ended.words


def assert_empty(dev, wanted):
    plan = dev.plan(wanted)
    assert plan.is_empty, str(plan)


def await_tasks(here, count):
    """Every target behind the load balancer is healthy, and there are as many as wanted."""
    elb = here.client("elbv2")
    arns = [group["TargetGroupArn"] for group in elb.describe_target_groups()["TargetGroups"]]

    def states():
        health = [elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] for arn in arns]
        return sorted(target["TargetHealth"]["State"] for group in health for target in group)

    wait_until(
        states,
        lambda seen: [state for state in seen if state != "draining"] == ["healthy"] * count,
        what=f"{count} healthy targets",
        clock=here.clock,
        timeout_s=900,
    )


def refreshes(here) -> list[dict]:
    found = here.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=NAME)
    return found["InstanceRefreshes"]


def await_refresh(here) -> dict:
    return wait_until(
        lambda: refreshes(here)[0],
        lambda refresh: refresh["Status"] == "Successful",
        what="the provider's refresh to end",
        clock=here.clock,
        timeout_s=3600,
        show=lambda refresh: f"{refresh['Status']} {refresh.get('PercentageComplete', 0)} %",
    )


def markets(here) -> list[str]:
    [group] = here.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"]
    ids = [one["InstanceId"] for one in group["Instances"]]
    found = here.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    return sorted(one.get("InstanceLifecycle", "on-demand") for r in found for one in r["Instances"])


def scale_out(here, tmp_path):
    """Users that keep the processors busy have tasks added, and see nothing of it."""
    scaling = here.client("application-autoscaling")
    [target] = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    whose = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    scaling.register_scalable_target(**whose, MinCapacity=6, MaxCapacity=7)
    url = endpoint_url(here, read_stack(here, NAME, NAME)) + PATH
    with Probe(url, 300, samples_path=tmp_path / "samples.jsonl") as probe:
        await_tasks(here, 7)
        assert probe.stop().failed == 0
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    [activity] = scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"]
    assert policy["PolicyName"] in activity["Cause"]


def versions(here) -> list[str]:
    group = here.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])
    return [one["LaunchTemplate"]["Version"] for one in group["AutoScalingGroups"][0]["Instances"]]


def await_nothing(here):
    wait_until(
        lambda: read_leftovers(here, NAME),
        lambda left: not left,
        what="nothing to be left",
        clock=here.clock,
        timeout_s=600,
    )


def state_of(dev) -> list:
    return json.loads((dev.state_dir / "terraform.tfstate").read_text())["resources"]
