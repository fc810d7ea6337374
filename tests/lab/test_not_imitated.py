"""What the lab does not imitate is refused in AWS's form; it is never accepted and forgotten."""

import pytest
from botocore.exceptions import ClientError

from tests.lab.codedeploy.conftest import CONTAINER, Release

ASG = {"AutoScalingGroupName": "hosts"}
NEW = {"AutoScalingGroupName": "new", "MinSize": 0, "MaxSize": 1}
SERVICE = {"cluster": "dev", "serviceName": "x", "taskDefinition": "web", "desiredCount": 0}
TEMPLATE = {"LaunchTemplateSpecification": {"LaunchTemplateName": "web"}}
WEIGHTED = {"Overrides": [{"InstanceType": "t3.small", "WeightedCapacity": "2"}]}
MIXED = {"MixedInstancesPolicy": {"LaunchTemplate": {**TEMPLATE, **WEIGHTED}}}
SCALED = {"ServiceNamespace": "ecs", "ResourceId": "service/dev/web", "ScalableDimension": "ecs:service:DesiredCount"}
TABLE = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/t",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
}
MEMORY = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}}
TRACKING = {"PolicyName": "p", "PolicyType": "TargetTrackingScaling"}
RULE = {"Field": "path-pattern", "Values": ["/x"]}
NATIVE = {"minimumHealthyPercent": 100, "maximumPercent": 200, "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}
OVERLAP = {"AlarmRule": "ALARM(a)", "AlarmName": "both"}
QUERY = {"Id": "e", "Expression": "1"}

REFUSED = [
    ("asg", "put_warm_pool", ASG, "NotImplemented"),
    ("asg", "put_scaling_policy", {**ASG, "PolicyName": "p"}, "NotImplemented"),
    ("asg", "put_scheduled_update_group_action", {**ASG, "ScheduledActionName": "s"}, "NotImplemented"),
    ("asg", "attach_load_balancer_target_groups", {**ASG, "TargetGroupARNs": ["arn"]}, "NotImplemented"),
    ("asg", "put_notification_configuration", {**ASG, "TopicARN": "t", "NotificationTypes": []}, "NotImplemented"),
    ("asg", "create_auto_scaling_group", {**NEW, "TargetGroupARNs": ["arn"]}, "ValidationError"),
    ("asg", "create_auto_scaling_group", {**NEW, **MIXED}, "ValidationError"),
    ("asg", "update_auto_scaling_group", {**ASG, **MIXED}, "ValidationError"),
    ("asg", "start_instance_refresh", {**ASG, "Strategy": "ReplaceRootVolume"}, "ValidationError"),
    ("scaling", "register_scalable_target", {**TABLE, "MinCapacity": 1, "MaxCapacity": 2}, "ValidationException"),
    (
        "scaling",
        "put_scaling_policy",
        {**SCALED, "PolicyName": "p", "PolicyType": "StepScaling"},
        "ValidationException",
    ),
    (
        "scaling",
        "put_scaling_policy",
        {**SCALED, **TRACKING, "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50.0, **MEMORY}},
        "ValidationException",
    ),
    ("cd", "create_application", {"applicationName": "x", "computePlatform": "Lambda"}, "InvalidComputePlatform"),
    ("cd", "list_on_premises_instances", {}, "NotImplemented"),
    ("cd", "list_git_hub_account_token_names", {}, "NotImplemented"),
    ("ecs", "create_service", {**SERVICE, "launchType": "FARGATE"}, "InvalidParameterException"),
    ("ecs", "create_service", {**SERVICE, "schedulingStrategy": "DAEMON"}, "InvalidParameterException"),
    ("ecs", "create_service", {**SERVICE, "deploymentController": {"type": "EXTERNAL"}}, "InvalidParameterException"),
    ("ecs", "create_service", {**SERVICE, "deploymentConfiguration": NATIVE}, "InvalidParameterException"),
    ("ecs", "create_service", {**SERVICE, "serviceRegistries": [{"registryArn": "a"}]}, "InvalidParameterException"),
    ("ecs", "create_service", {**SERVICE, "serviceConnectConfiguration": {"enabled": True}}, "InvalidParameter"),
    ("ecs", "create_task_set", {"cluster": "dev", "service": "web", "taskDefinition": "web"}, "NotImplemented"),
    ("ecs", "list_service_deployments", {"cluster": "dev", "service": "web"}, "NotImplemented"),
    ("ecs", "execute_command", {"task": "t", "command": "sh", "interactive": True}, "NotImplemented"),
    ("elb", "create_load_balancer", {"Name": "n", "Type": "network"}, "InvalidConfigurationRequest"),
    ("elb", "create_rule", {"Conditions": [RULE], "Priority": 1, "Actions": []}, "InvalidConfigurationRequest"),
    ("cw", "put_composite_alarm", OVERLAP, "ValidationError"),
    ("cw", "get_metric_data", {"MetricDataQueries": [QUERY], "StartTime": 0, "EndTime": 60}, "ValidationError"),
]


@pytest.fixture(scope="module")
def release():
    made = Release(hosts=0, desired=0)
    made.scaling = made.lab.client("application-autoscaling")
    made.scaling.register_scalable_target(**SCALED, MinCapacity=1, MaxCapacity=2)
    yield made
    made.lab.close()


@pytest.mark.parametrize(("client", "call", "given", "code"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_it_is_refused_in_awss_form_and_changes_nothing(release, client, call, given, code):
    given = {"ListenerArn": release.prod, **given} if call == "create_rule" else given
    before = len(release.lab.world.journal)
    with pytest.raises(ClientError) as caught:
        getattr(getattr(release, client), call)(**given)
    error = caught.value.response["Error"]
    assert error["Code"].startswith(code)
    assert "The lab" in error["Message"]  # the reason, not some other fault of the request
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 501)  # no SDK tries those again
    assert len(release.lab.world.journal) == before


def test_a_task_outside_bridge_mode_is_refused_when_it_is_used(release):
    awsvpc = {"family": "vpc", "networkMode": "awsvpc", "containerDefinitions": [CONTAINER]}
    release.ecs.register_task_definition(**awsvpc)
    with pytest.raises(ClientError, match="does not imitate network mode awsvpc"):
        release.ecs.create_service(**{**SERVICE, "taskDefinition": "vpc"})
