"""What AWS promises of releases, load balancers and alarms and the lab keeps, said once for both.

On AWS: reads, and what costs nothing to make.
"""

import pytest
from botocore.exceptions import WaiterError

from tests.contract.account import refused

pytestmark = pytest.mark.lab_and_aws
ALARM = {
    "Namespace": "Hitless/Contract",
    "MetricName": "Nothing",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
SHIFTS = {
    "ECSLinear10PercentEvery1Minutes": {
        "type": "TimeBasedLinear",
        "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 1},
    },
    "ECSCanary10Percent15Minutes": {
        "type": "TimeBasedCanary",
        "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 15},
    },
    "ECSAllAtOnce": {"type": "AllAtOnce"},
}


@pytest.fixture
def target_group(place):
    """Creates the one target group of a test, as often as it is called."""
    elb, vpcs, made = place.client("elbv2"), place.client("ec2").describe_vpcs()["Vpcs"], set()

    def make(**settings):
        wanted = {"Name": place.name, "Protocol": "HTTP", "Port": 80, "VpcId": vpcs[0]["VpcId"], **settings}
        found = elb.create_target_group(**wanted)["TargetGroups"][0]
        if found["TargetGroupArn"] not in made:
            made.add(found["TargetGroupArn"])
            place.cleanup.callback(elb.delete_target_group, TargetGroupArn=found["TargetGroupArn"])
        return found

    return make


def test_deployment_ids_that_are_unknown_and_malformed(place):
    cd = place.client("codedeploy")
    assert refused(cd.get_deployment, deploymentId="d-ABCDEF123")[0] == "DeploymentDoesNotExistException"
    assert refused(cd.get_deployment, deploymentId="none")[0] == "InvalidDeploymentIdException"
    with pytest.raises(WaiterError, match="DeploymentDoesNotExistException"):
        cd.get_waiter("deployment_successful").wait(deploymentId="d-ABCDEF123", WaiterConfig={"MaxAttempts": 1})


def test_an_application_is_made_once_and_deleted_as_often_as_asked(place):
    cd, name = place.client("codedeploy"), {"applicationName": place.name}
    cd.create_application(**name, computePlatform="ECS")
    place.cleanup.callback(cd.delete_application, **name)
    assert refused(cd.create_application, **name, computePlatform="ECS")[0] == "ApplicationAlreadyExistsException"
    read = cd.get_application(**name)["application"]
    assert (read["computePlatform"], read["linkedToGitHub"]) == ("ECS", False)
    assert (
        refused(cd.get_deployment_group, **name, deploymentGroupName="x")[0] == "DeploymentGroupDoesNotExistException"
    )
    cd.delete_application(**name)
    assert refused(cd.get_application, **name)[0] == "ApplicationDoesNotExistException"


@pytest.mark.parametrize("config", SHIFTS)
def test_the_predefined_configurations_are_awss(place, config):
    name = f"CodeDeployDefault.{config}"
    read = place.client("codedeploy").get_deployment_config(deploymentConfigName=name)["deploymentConfigInfo"]
    assert (read["computePlatform"], read["trafficRoutingConfig"]) == ("ECS", SHIFTS[config])


def test_a_new_target_group_has_awss_defaults(place, target_group):
    made = target_group()
    read = place.client("elbv2").describe_target_groups(Names=[place.name])["TargetGroups"][0]
    checks = ("HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds")
    counts = ("HealthyThresholdCount", "UnhealthyThresholdCount")
    assert [read[key] for key in checks + counts] == [30, 5, 5, 2]
    assert (read["Matcher"], read["HealthCheckPath"], read["HealthCheckPort"]) == (
        {"HttpCode": "200"},
        "/",
        "traffic-port",
    )
    read = place.client("elbv2").describe_target_group_attributes(TargetGroupArn=made["TargetGroupArn"])
    attributes = {one["Key"]: one["Value"] for one in read["Attributes"]}
    assert attributes["deregistration_delay.timeout_seconds"] == "300"
    assert attributes["load_balancing.algorithm.type"] == "round_robin"


def test_the_same_target_group_again_is_the_same_one(target_group):
    assert target_group()["TargetGroupArn"] == target_group()["TargetGroupArn"]
    assert refused(target_group, Port=8080)[0] == "DuplicateTargetGroupName"


def test_a_health_check_must_end_before_the_next_begins(target_group):
    code, _ = refused(target_group, HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=10)
    assert code == "ValidationError"


def test_a_delay_beyond_an_hour_is_refused(place, target_group):
    change = place.client("elbv2").modify_target_group_attributes
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "3601"}]
    code, _ = refused(change, TargetGroupArn=target_group()["TargetGroupArn"], Attributes=delay)
    assert code == "ValidationError"


def test_target_deregistered_ends_for_a_target_that_never_was(place, target_group):
    elb, arn = place.client("elbv2"), target_group()["TargetGroupArn"]
    targets = [{"Id": "i-0123456789abcdef0", "Port": 80}]
    assert elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] == []
    once = {"TargetGroupArn": arn, "Targets": targets, "WaiterConfig": {"Delay": 0, "MaxAttempts": 1}}
    elb.get_waiter("target_deregistered").wait(**once)
    with pytest.raises(WaiterError):
        elb.get_waiter("target_in_service").wait(**once)


def test_a_load_balancer_that_is_not_there(place):
    elb = place.client("elbv2")
    assert refused(elb.describe_load_balancers, Names=[place.name])[0] == "LoadBalancerNotFound"
    with pytest.raises(WaiterError):
        elb.get_waiter("load_balancer_available").wait(Names=[place.name], WaiterConfig={"Delay": 0, "MaxAttempts": 1})


def test_what_is_not_there_is_not_found(place):
    assert refused(place.client("elbv2").describe_target_groups, Names=[place.name])[0] == "TargetGroupNotFound"


def test_a_new_alarm_has_no_data_and_keeps_its_state_when_it_is_put_again(place):
    cw, name = place.client("cloudwatch"), {"AlarmName": place.name}
    cw.put_metric_alarm(**name, **ALARM)
    place.cleanup.callback(cw.delete_alarms, AlarmNames=[place.name])
    read = lambda: cw.describe_alarms(AlarmNames=[place.name])["MetricAlarms"][0]  # noqa: E731
    assert (read()["StateValue"], "TreatMissingData" in read()) == ("INSUFFICIENT_DATA", False)
    cw.set_alarm_state(**name, StateValue="OK", StateReason="a contract")
    cw.put_metric_alarm(**name, **{**ALARM, "Threshold": 2.0})
    assert (read()["StateValue"], read()["Threshold"]) == ("OK", 2.0)
    assert refused(cw.set_alarm_state, AlarmName=f"{place.name}-no", StateValue="OK", StateReason="x")[0] == (
        "ResourceNotFound"
    )
