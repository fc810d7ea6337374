"""CodeDeploy's books as boto3 sees them."""

import pytest

CANARY = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 20, "canaryInterval": 3}}
NAMES = {"applicationName": "web", "deploymentGroupName": "web"}


@pytest.fixture
def deploy(front):
    front.service()
    front.codedeploy.create_application(applicationName="web", computePlatform="ECS")
    return front.codedeploy


def wanted(front, **changes) -> dict:
    pair = {
        "targetGroups": [{"name": "blue"}, {"name": "green"}],
        "prodTrafficRoute": {"listenerArns": [front.prod]},
        "testTrafficRoute": {"listenerArns": [front.test]},
    }
    group = {
        **NAMES,
        "serviceRoleArn": "arn:aws:iam::123456789012:role/codedeploy",
        "deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent5Minutes",
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "ecsServices": [{"clusterName": "dev", "serviceName": "web"}],
        "loadBalancerInfo": {"targetGroupPairInfoList": [pair]},
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5},
        },
        "alarmConfiguration": {"enabled": True, "ignorePollAlarmFailure": False, "alarms": [{"name": "bad"}]},
        "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
    }
    return {**group, **changes}


def read(deploy, **names) -> dict:
    return deploy.get_deployment_group(**{**NAMES, **names})["deploymentGroupInfo"]


def test_a_group_is_described_as_it_was_made(front, deploy):
    group = wanted(front)
    group_id = deploy.create_deployment_group(**group, tags=[{"Key": "a", "Value": "b"}])["deploymentGroupId"]
    info = read(deploy)
    assert {key: info[key] for key in group} == group
    assert (info["deploymentGroupId"], info["computePlatform"]) == (group_id, "ECS")
    arn = "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:web/web"
    assert deploy.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_a_new_group_makes_prod_forward_to_both_and_shifts_nothing(front, deploy):
    deploy.create_deployment_group(**wanted(front))
    weights = {g["TargetGroupArn"]: g["Weight"] for g in front.action(front.prod)["ForwardConfig"]["TargetGroups"]}
    assert weights == {front.blue: 100, front.green: 0}
    assert front.action(front.test)["TargetGroupArn"] == front.blue


def test_whoever_serves_prod_keeps_it_whatever_the_order_of_the_pair(front, deploy):
    front.elb.modify_listener(ListenerArn=front.prod, DefaultActions=[front.forward(front.green)])
    deploy.create_deployment_group(**wanted(front))
    weights = {g["TargetGroupArn"]: g["Weight"] for g in front.action(front.prod)["ForwardConfig"]["TargetGroups"]}
    assert weights == {front.green: 100, front.blue: 0}


def test_an_update_replaces_what_it_names_and_a_new_name_keeps_the_tags(front, deploy):
    deploy.create_deployment_group(**wanted(front), tags=[{"Key": "a", "Value": "b"}])
    before = read(deploy)
    answer = deploy.update_deployment_group(
        applicationName="web",
        currentDeploymentGroupName="web",
        newDeploymentGroupName="site",
        alarmConfiguration={"enabled": False, "alarms": []},
    )
    assert answer["hooksNotCleanedUp"] == []
    after = read(deploy, deploymentGroupName="site")
    assert {k for k in after if after[k] != before.get(k)} == {"deploymentGroupName", "alarmConfiguration"}
    arn = "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:web/site"
    assert deploy.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


REFUSED = [
    ({"deploymentStyle": {"deploymentType": "IN_PLACE"}}, "InvalidDeploymentStyleException"),
    ({"autoScalingGroups": ["web"]}, "InvalidAutoScalingGroupException"),
    ({"ecsServices": []}, "InvalidECSServiceException"),
    ({"ecsServices": [{"clusterName": "dev", "serviceName": "no"}]}, "InvalidECSServiceException"),
    ({"ecsServices": [{"clusterName": "dev", "serviceName": "rolling"}]}, "InvalidECSServiceException"),
    ({"loadBalancerInfo": {}}, "InvalidLoadBalancerInfoException"),
    ({"blueGreenDeploymentConfiguration": {}}, "InvalidBlueGreenDeploymentConfigurationException"),
    ({"deploymentConfigName": "CodeDeployDefault.OneAtATime"}, "InvalidDeploymentConfigNameException"),
    ({"deploymentConfigName": "no"}, "DeploymentConfigDoesNotExistException"),
    ({"alarmConfiguration": {"enabled": True, "alarms": []}}, "InvalidAlarmConfigException"),
    ({"alarmConfiguration": {"alarms": [{"name": str(i)} for i in range(11)]}}, "AlarmsLimitExceededException"),
    ({"autoRollbackConfiguration": {"enabled": True, "events": []}}, "InvalidAutoRollbackConfigException"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED)
def test_what_aws_refuses_is_refused_and_changes_nothing(front, deploy, refused, change, code):
    front.service("rolling", "ECS")
    assert refused(deploy.create_deployment_group, **wanted(front, **change)) == code
    assert deploy.list_deployment_groups(applicationName="web")["deploymentGroups"] == []
    assert front.action(front.prod)["TargetGroupArn"] == front.blue


@pytest.mark.parametrize(
    "part",
    [
        {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 5}},
        {"greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"}},
        {"terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"}},
        {"terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 2881}},
    ],
)
def test_blue_green_settings_ecs_does_not_know_are_refused(front, deploy, refused, part):
    code = refused(deploy.create_deployment_group, **wanted(front, blueGreenDeploymentConfiguration=part))
    assert code == "InvalidBlueGreenDeploymentConfigurationException"


def test_a_pair_is_two_groups_of_one_load_balancer(front, deploy, refused):
    for names in (["blue"], ["blue", "blue"], ["blue", "no"]):
        group = wanted(front)
        pair = group["loadBalancerInfo"]["targetGroupPairInfoList"][0]
        pair["targetGroups"] = [{"name": name} for name in names]
        assert refused(deploy.create_deployment_group, **group) == "InvalidTargetGroupPairException"


def test_a_service_belongs_to_one_group(front, deploy, refused):
    deploy.create_deployment_group(**wanted(front))
    again = wanted(front, deploymentGroupName="again")
    assert refused(deploy.create_deployment_group, **again) == "ECSServiceMappingLimitExceededException"
    deploy.delete_deployment_group(**NAMES)
    deploy.create_deployment_group(**again)


def test_a_custom_config_lives_as_long_as_it_is_used(front, deploy, refused):
    made = deploy.create_deployment_config(
        deploymentConfigName="slow", computePlatform="ECS", trafficRoutingConfig=CANARY
    )
    info = deploy.get_deployment_config(deploymentConfigName="slow")["deploymentConfigInfo"]
    assert (info["deploymentConfigId"], info["trafficRoutingConfig"]) == (made["deploymentConfigId"], CANARY)
    deploy.create_deployment_group(**wanted(front, deploymentConfigName="slow"))
    assert refused(deploy.delete_deployment_config, deploymentConfigName="slow") == "DeploymentConfigInUseException"
    deploy.delete_application(applicationName="web")
    deploy.delete_deployment_config(deploymentConfigName="slow")
    code = refused(deploy.get_deployment_config, deploymentConfigName="slow")
    assert code == "DeploymentConfigDoesNotExistException"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"deploymentConfigName": "CodeDeployDefault.Mine"}, "InvalidDeploymentConfigNameException"),
        ({"computePlatform": "Server"}, "InvalidComputePlatformException"),
        ({"trafficRoutingConfig": {"type": "TimeBasedLinear"}}, "InvalidTrafficRoutingConfigurationException"),
        ({"minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1}}, "InvalidMinimumHealthyHostValueException"),
    ],
)
def test_configs_aws_refuses_are_refused(deploy, refused, change, code):
    config = {"deploymentConfigName": "x", "computePlatform": "ECS", "trafficRoutingConfig": CANARY}
    assert refused(deploy.create_deployment_config, **{**config, **change}) == code


def test_the_predefined_configs_are_there_and_stay(deploy, refused):
    name = "CodeDeployDefault.ECSLinear10PercentEvery3Minutes"
    routing = deploy.get_deployment_config(deploymentConfigName=name)["deploymentConfigInfo"]["trafficRoutingConfig"]
    assert routing["timeBasedLinear"] == {"linearPercentage": 10, "linearInterval": 3}
    assert name in deploy.list_deployment_configs()["deploymentConfigsList"]
    assert refused(deploy.delete_deployment_config, deploymentConfigName=name) == "InvalidOperationException"


def test_a_renamed_application_keeps_its_groups_and_tags(front, deploy):
    arn = "arn:aws:codedeploy:us-east-1:123456789012:application:"
    deploy.tag_resource(ResourceArn=f"{arn}web", Tags=[{"Key": "a", "Value": "b"}])
    deploy.create_deployment_group(**wanted(front))
    deploy.update_application(applicationName="web", newApplicationName="site")
    assert read(deploy, applicationName="site")["applicationName"] == "site"
    assert deploy.list_tags_for_resource(ResourceArn=f"{arn}site")["Tags"] == [{"Key": "a", "Value": "b"}]
    assert deploy.list_applications()["applications"] == ["site"]


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ("application:no", "ApplicationDoesNotExistException"),
        ("deploymentgroup:web/no", "DeploymentGroupDoesNotExistException"),
        ("deploymentconfig:x", "InvalidArnException"),
    ],
)
def test_only_what_exists_is_tagged(deploy, refused, resource, code):
    arn = f"arn:aws:codedeploy:us-east-1:123456789012:{resource}"
    assert refused(deploy.tag_resource, ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}]) == code
    assert refused(deploy.list_tags_for_resource, ResourceArn=arn) == code


def test_there_are_no_deployments_and_nobody_pretends(front, deploy, refused):
    deploy.create_deployment_group(**wanted(front))
    assert refused(deploy.get_deployment, deploymentId="d-ABCDEFGHI") == "DeploymentDoesNotExistException"
    assert deploy.list_deployments(**NAMES)["deployments"] == []
    assert refused(deploy.create_deployment, **{**NAMES, "deploymentGroupName": "no"}) == (
        "DeploymentGroupDoesNotExistException"
    )
