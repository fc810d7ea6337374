"""The AWS CLI drives a refresh, watches it, turns one round and cancels another, and sees AWS's own answers."""

import base64
import json

import pytest

from hitless.clock import SystemClock
from hitless.wait import wait_until
from tests.lab.conftest import GOOD, NEWER, USER_DATA

pytestmark = pytest.mark.live
GROUP = ("--auto-scaling-group-name", "web")


def refresh(aws):
    return aws("autoscaling", "describe-instance-refreshes", *GROUP)["InstanceRefreshes"][0]


def await_status(aws, *statuses):
    clock = SystemClock(rate=60)
    return wait_until(
        lambda: refresh(aws), lambda r: r["Status"] in statuses, what=f"{statuses}", clock=clock, timeout_s=3000
    )


@pytest.fixture
def web(aws):
    """Two hosts in service and a second version of their launch template."""
    data = {"ImageId": GOOD, "InstanceType": "t3.small", "UserData": base64.b64encode(USER_DATA.encode()).decode()}
    template = ("--launch-template-name", "web", "--launch-template-data")
    made = aws("ec2", "create-launch-template", *template, json.dumps(data))
    newer = ("create-launch-template-version", "--source-version", "1", *template, json.dumps({"ImageId": NEWER}))
    aws("ec2", *newer)
    subnets = [s["SubnetId"] for s in aws("ec2", "describe-subnets")["Subnets"][:2]]
    template_id = made["LaunchTemplate"]["LaunchTemplateId"]
    size = ("--min-size", "1", "--max-size", "4", "--desired-capacity", "2", "--default-instance-warmup", "30")
    place = ("--vpc-zone-identifier", ",".join(subnets), "--launch-template")
    aws("autoscaling", "create-auto-scaling-group", *GROUP, *size, *place, f"LaunchTemplateId={template_id},Version=1")
    return {"LaunchTemplate": {"LaunchTemplateId": template_id, "Version": "2"}}


def test_start_watch_roll_back_and_cancel(aws, web):
    start = (
        "autoscaling",
        "start-instance-refresh",
        *GROUP,
        "--desired-configuration",
        json.dumps(web),
        "--preferences",
    )
    quick = {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 110, "AutoRollback": True}
    wanted = json.dumps({**quick, "InstanceWarmup": 1800})  # still going when a slow machine's next command comes
    refresh_id = aws(*start, wanted)["InstanceRefreshId"]
    assert refresh(aws)["InstanceRefreshId"] == refresh_id
    assert "(InstanceRefreshInProgress)" in aws.refused(*start, wanted)
    assert aws("autoscaling", "rollback-instance-refresh", *GROUP)["InstanceRefreshId"] == refresh_id
    assert await_status(aws, "RollbackSuccessful")["RollbackDetails"]["RollbackReason"]
    aws(*start, wanted)
    aws("autoscaling", "cancel-instance-refresh", *GROUP)
    await_status(aws, "Cancelled")
    assert "(ActiveInstanceRefreshNotFound)" in aws.refused("autoscaling", "cancel-instance-refresh", *GROUP)
    aws(*start, json.dumps(quick))
    assert await_status(aws, "Successful")["PercentageComplete"] == 100
    group = aws("autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", "web")[
        "AutoScalingGroups"
    ][0]
    assert group["LaunchTemplate"]["Version"] == "2"
