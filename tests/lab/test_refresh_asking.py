"""What StartInstanceRefresh takes, assumes and refuses, and what DescribeInstanceRefreshes remembers."""

import pytest
from botocore.exceptions import ClientError

from awslab.faces.amis import PARAMETER
from tests.lab.conftest import NEWER

DAY_S = 86_400
NAME = {"AutoScalingGroupName": "web"}


@pytest.mark.parametrize(
    "preferences",
    [
        {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 101},
        {"MaxHealthyPercentage": 110, "MinHealthyPercentage": None},
        {"CheckpointDelay": 60},
        {"CheckpointPercentages": [50, 20]},
        {"CheckpointPercentages": [50, 50]},
        {"CheckpointPercentages": [50, 101]},
        {"CheckpointPercentages": [50], "CheckpointDelay": 172_801},
        {"BakeTime": 172_801},
        {"AlarmSpecification": {"Alarms": ["no-such-alarm"]}},
    ],
    ids=str,
)
def test_preferences_that_contradict_each_other_or_their_ranges_are_refused(hosts, preferences):
    h = hosts(2)
    version = h.new_version(NEWER)
    with pytest.raises(ClientError) as caught:
        h.start(version, **preferences)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert h.asg.describe_instance_refreshes(**NAME)["InstanceRefreshes"] == []


@pytest.mark.parametrize(("policy", "shown"), [((50, 150), (50, 150)), ((-1, -1), (90, None))])
def test_the_groups_maintenance_policy_is_the_default_of_the_percentages(hosts, policy, shown):
    h = hosts(2)
    policy = dict(zip(("MinHealthyPercentage", "MaxHealthyPercentage"), policy, strict=True))
    h.asg.update_auto_scaling_group(**NAME, InstanceMaintenancePolicy=policy)
    h.asg.start_instance_refresh(**NAME)
    read = h.refresh()["Preferences"]
    assert (read["MinHealthyPercentage"], read.get("MaxHealthyPercentage")) == shown


def test_without_a_default_warmup_it_is_the_grace_period_of_the_health_checks(hosts):
    h = hosts(2)
    h.asg.update_auto_scaling_group(**NAME, DefaultInstanceWarmup=-1, HealthCheckGracePeriod=77)
    h.asg.start_instance_refresh(**NAME)
    assert h.refresh()["Preferences"]["InstanceWarmup"] == 77


def test_refreshes_are_told_newest_first_for_six_weeks(hosts):
    h = hosts(2)
    first = h.start(h.new_version(NEWER))
    h.ended()
    h.sleep(30 * DAY_S)
    second = h.start("1")
    h.ended()
    told = lambda **given: [  # noqa: E731
        one["InstanceRefreshId"] for one in h.asg.describe_instance_refreshes(**NAME, **given)["InstanceRefreshes"]
    ]
    assert (told(), told(InstanceRefreshIds=[first])) == ([second, first], [first])
    h.sleep(13 * DAY_S)
    assert told() == [second]


@pytest.mark.parametrize(
    ("named", "answer"), [("resolve:ssm:" + PARAMETER, "IrreversibleInstanceRefresh"), (NEWER, "")]
)
def test_a_group_whose_template_names_a_parameter_cannot_go_back(hosts, named, answer):
    h = hosts(2)
    own = {"LaunchTemplateId": h.template_id, "Version": h.new_version(named)}
    h.asg.update_auto_scaling_group(**NAME, LaunchTemplate=own)
    h.start("1")
    try:
        h.asg.rollback_instance_refresh(**NAME)
        assert not answer
    except ClientError as refused:
        assert refused.response["Error"]["Code"] == answer
