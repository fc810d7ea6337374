"""What boto3 sees of a refresh: AWS's shapes, codes and messages."""

import pytest
from botocore.exceptions import ClientError

from tests.lab.conftest import BROKEN, GOOD, NEWER


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_hosts_enter_service_when_their_agent_has_completed_the_hook(hosts):
    h = hosts()
    assert {i["LifecycleState"] for i in h.group()["Instances"]} == {"InService"}
    assert len({i["AvailabilityZone"] for i in h.group()["Instances"]}) == 2
    assert h.images() == [GOOD] * 4
    assert [a["StatusCode"] for a in h.asg.describe_scaling_activities()["Activities"]] == ["Successful"] * 4


def test_a_refresh_from_start_to_success(hosts):
    h = hosts()
    refresh_id = h.start(h.new_version(NEWER), AutoRollback=True)
    running = h.refresh()
    assert (running["Status"], running["InstancesToUpdate"], running["Strategy"]) == ("InProgress", 4, "Rolling")
    assert running["Preferences"]["InstanceWarmup"] == 60  # the group's default warm-up
    ended = h.ended()
    assert (ended["InstanceRefreshId"], ended["Status"], ended["PercentageComplete"]) == (refresh_id, "Successful", 100)
    assert h.images() == [NEWER] * 4
    assert h.group()["LaunchTemplate"]["Version"] == "2"


def test_an_image_whose_agent_never_connects_stalls_an_hour_and_is_rolled_back(hosts):
    h = hosts()
    h.start(h.new_version(BROKEN), AutoRollback=True)
    ended = h.ended()
    assert ended["Status"] == "RollbackSuccessful"
    assert ended["RollbackDetails"]["RollbackReason"].startswith("No progress for 60 minutes")
    assert 3600 <= (ended["EndTime"] - ended["StartTime"]).total_seconds() < 3900
    assert h.images() == [GOOD] * 4
    assert h.group()["LaunchTemplate"]["Version"] == "1"


def test_without_the_launch_hook_the_same_image_replaces_every_host(hosts):
    """Negative control: the hook is what stops a host that never joins the cluster."""
    h = hosts()
    h.asg.delete_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName="agent-ready")
    h.start(h.new_version(BROKEN), AutoRollback=True)
    assert h.ended()["Status"] == "Successful"
    assert h.images() == [BROKEN] * 4


def test_cancel_and_roll_back(hosts):
    h = hosts()
    refresh_id = h.start(h.new_version(NEWER))
    h.sleep(240)
    assert h.asg.rollback_instance_refresh(AutoScalingGroupName="web")["InstanceRefreshId"] == refresh_id
    assert h.refresh()["Status"] == "RollbackInProgress"
    assert h.ended()["Status"] == "RollbackSuccessful"
    h.start(h.new_version(NEWER))
    h.sleep(5)
    h.asg.cancel_instance_refresh(AutoScalingGroupName="web")
    assert h.refresh()["Status"] == "Cancelling"
    assert h.ended()["Status"] == "Cancelled"


def test_what_is_refused_and_in_which_words(hosts):
    h = hosts()
    name = {"AutoScalingGroupName": "web"}
    assert refused(h.asg.cancel_instance_refresh, **name)[0] == "ActiveInstanceRefreshNotFound"
    assert refused(h.asg.describe_instance_refreshes, AutoScalingGroupName="none")[0] == "ValidationError"
    without = {**name, "Preferences": {"AutoRollback": True}}
    code, message = refused(h.asg.start_instance_refresh, **without)
    assert (code, "AutoRollback parameter cannot be set to true" in message) == ("ValidationError", True)
    only_max = {**name, "Preferences": {"MaxHealthyPercentage": 110}}
    assert refused(h.asg.start_instance_refresh, **only_max)[0] == "ValidationError"
    h.start(h.new_version(NEWER))
    code, message = refused(h.asg.start_instance_refresh, **name)
    assert (code, message.split(" and ")[0]) == (
        "InstanceRefreshInProgress",
        "An Instance Refresh is already in progress",
    )
    template = {"LaunchTemplateId": h.template_id, "Version": "1"}
    code, message = refused(h.asg.update_auto_scaling_group, **name, LaunchTemplate=template)
    assert message.startswith("An active instance refresh with a desired configuration exists.")


def test_alarms_must_be_ok_to_start_and_turn_it_round_later(hosts):
    h = hosts()
    cloudwatch = h.lab.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="Lab",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="ignore",
    )
    version, alarms = h.new_version(NEWER), {"AlarmSpecification": {"Alarms": ["errors"]}, "AutoRollback": True}
    with pytest.raises(ClientError, match="must be in OK state"):
        h.start(version, **alarms)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="test")
    h.start(version, **alarms)
    h.sleep(200)
    cloudwatch.put_metric_data(Namespace="Lab", MetricData=[{"MetricName": "Errors", "Value": 5}])
    assert h.ended()["Status"] == "RollbackSuccessful"
    assert h.images() == [GOOD] * 4


def test_without_a_desired_configuration_there_is_no_way_back(hosts):
    h = hosts(2)
    h.asg.start_instance_refresh(AutoScalingGroupName="web")
    assert refused(h.asg.rollback_instance_refresh, AutoScalingGroupName="web")[0] == "IrreversibleInstanceRefresh"


def test_two_hosts_at_ninety_percent_without_a_maximum_really_go_to_one(hosts):
    h = hosts(2)
    h.start(h.new_version(NEWER), MaxHealthyPercentage=None)
    serving = []
    for _ in range(60):
        h.sleep(10)
        serving.append(sum(i["LifecycleState"] == "InService" for i in h.group()["Instances"]))
    assert (min(serving), h.refresh()["Status"]) == (1, "Successful")


def test_what_is_not_imitated_is_said_and_not_made_up(hosts):
    h = hosts(2)
    assert refused(h.asg.put_warm_pool, AutoScalingGroupName="web")[0] == "NotImplemented"


def test_a_group_is_deleted_with_its_hosts(hosts):
    h = hosts(2)
    assert refused(h.asg.delete_auto_scaling_group, AutoScalingGroupName="web")[0] == "ResourceInUse"
    h.asg.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    h.sleep(60)
    assert h.asg.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    states = {i["State"]["Name"] for r in h.ec2.describe_instances()["Reservations"] for i in r["Instances"]}
    assert states == {"terminated"}


def test_a_host_terminated_behind_the_groups_back_is_replaced(hosts):
    h = hosts(2)
    lost = h.group()["Instances"][0]["InstanceId"]
    h.ec2.terminate_instances(InstanceIds=[lost])
    h.sleep(240)
    now = [i["InstanceId"] for i in h.group()["Instances"]]
    assert (lost in now, len(now)) == (False, 2)


def test_a_terminated_instance_is_described_for_an_hour(hosts):
    h = hosts()
    gone = h.group()["Instances"][0]["InstanceId"]
    h.asg.terminate_instance_in_auto_scaling_group(InstanceId=gone, ShouldDecrementDesiredCapacity=False)
    h.sleep(600)
    found = h.ec2.describe_instances(InstanceIds=[gone])["Reservations"][0]["Instances"][0]
    assert found["State"]["Name"] == "terminated"
    assert len(h.ec2.describe_network_interfaces()["NetworkInterfaces"]) == 4
    h.sleep(3600)
    assert refused(h.ec2.describe_instances, InstanceIds=[gone])[0] == "InvalidInstanceID.NotFound"


def test_filters_take_two_hundred_values(hosts):
    h = hosts()
    ids = [f"i-{number:017x}" for number in range(200)]
    assert h.ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": ids}])["Reservations"] == []
    one_more = [{"Name": "instance-id", "Values": [*ids, "i-1"]}]
    assert refused(h.ec2.describe_instances, Filters=one_more)[0] == "FilterLimitExceeded"


def test_activities_are_remembered_for_six_weeks(hosts):
    h = hosts(2)
    for _ in range(60):
        h.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
        h.sleep(300)
        h.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
        h.sleep(300)
    assert len(activities(h)) == 2 + 120
    h.sleep(6 * 7 * 86_400)
    h.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    assert len(activities(h)) == 1


def activities(h) -> list[dict]:
    pages = h.asg.get_paginator("describe_scaling_activities").paginate(AutoScalingGroupName="web")
    return [one for page in pages for one in page["Activities"]]
