"""What AWS promises of hosts and services and the lab keeps, said once for both.

On AWS: reads, and what costs nothing to make.
"""

import pytest

from tests.contract.account import refused

pytestmark = pytest.mark.lab_and_aws
AMI = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
CONTAINER = {"name": "app", "image": "public.ecr.aws/nginx/nginx:stable", "memory": 64}


def make_template(place):
    ec2 = place.client("ec2")
    image = place.client("ssm").get_parameter(Name=AMI)["Parameter"]["Value"]
    data = {"ImageId": image, "InstanceType": "t3.micro"}
    ec2.create_launch_template(LaunchTemplateName=place.name, LaunchTemplateData=data)
    place.cleanup.callback(ec2.delete_launch_template, LaunchTemplateName=place.name)


def make_group(place, suffix=""):
    """A group that stays empty."""
    asg, name = place.client("autoscaling"), place.name + suffix
    subnets = place.client("ec2").describe_subnets()["Subnets"]
    template = {"LaunchTemplateName": place.name, "Version": "1"}
    settings = {"MinSize": 0, "MaxSize": 1, "VPCZoneIdentifier": subnets[0]["SubnetId"], "LaunchTemplate": template}
    asg.create_auto_scaling_group(AutoScalingGroupName=name, **settings)
    place.cleanup.callback(asg.delete_auto_scaling_group, AutoScalingGroupName=name, ForceDelete=True)
    return name


@pytest.fixture
def group(place):
    make_template(place)
    return make_group(place)


@pytest.fixture
def cluster(place):
    ecs = place.client("ecs")
    ecs.create_cluster(clusterName=place.name)
    place.cleanup.callback(ecs.delete_cluster, cluster=place.name)
    return place.name


def register(place):
    ecs = place.client("ecs")
    made = ecs.register_task_definition(family=place.name, networkMode="bridge", containerDefinitions=[CONTAINER])
    arn = made["taskDefinition"]["taskDefinitionArn"]
    place.cleanup.callback(ecs.deregister_task_definition, taskDefinition=arn)
    return arn


def test_a_group_that_cannot_be_is_refused_and_not_made(place):
    make_template(place)
    asg, template = place.client("autoscaling"), {"LaunchTemplateName": place.name, "Version": "1"}
    wanted = {"AutoScalingGroupName": place.name, "MinSize": 2, "MaxSize": 1, "LaunchTemplate": template}
    subnets = place.client("ec2").describe_subnets()["Subnets"]
    code, _ = refused(asg.create_auto_scaling_group, **wanted, VPCZoneIdentifier=subnets[0]["SubnetId"])
    assert code == "ValidationError"
    assert asg.describe_auto_scaling_groups(AutoScalingGroupNames=[place.name])["AutoScalingGroups"] == []


def test_groups_come_a_page_at_a_time(place):
    make_template(place)
    names = [make_group(place, f"-{i}") for i in range(3)]
    pages = place.client("autoscaling").get_paginator("describe_auto_scaling_groups")
    found = [
        [one["AutoScalingGroupName"] for one in page["AutoScalingGroups"]]
        for page in pages.paginate(AutoScalingGroupNames=names, PaginationConfig={"PageSize": 2})
    ]
    assert [len(page) for page in found] == [2, 1]
    assert sorted(name for page in found for name in page) == names


def test_an_empty_group_is_described_with_awss_defaults(place, group):
    asg = place.client("autoscaling")
    read = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"][0]
    assert (read["DesiredCapacity"], read["Instances"], read["TargetGroupARNs"]) == (0, [], [])
    assert (read["HealthCheckType"], read["DefaultCooldown"], read["TerminationPolicies"]) == ("EC2", 300, ["Default"])
    assert "DefaultInstanceWarmup" not in read
    assert read["LaunchTemplate"]["Version"] == "1"
    assert refused(make_group, place=place)[0] == "AlreadyExists"


def test_a_rollback_that_has_nothing_to_go_back_to_is_refused_in_awss_words(place, group):
    start = place.client("autoscaling").start_instance_refresh
    code, message = refused(start, AutoScalingGroupName=group, Preferences={"AutoRollback": True})
    assert code == "ValidationError"
    assert "AutoRollback parameter cannot be set to true when the DesiredConfiguration parameter is empty" in message


def test_nothing_to_cancel_and_nothing_to_roll_back(place, group):
    asg = place.client("autoscaling")
    for call in (asg.cancel_instance_refresh, asg.rollback_instance_refresh):
        assert refused(call, AutoScalingGroupName=group)[0] == "ActiveInstanceRefreshNotFound"
    assert asg.describe_instance_refreshes(AutoScalingGroupName=group)["InstanceRefreshes"] == []


def test_services_stable_ends_for_an_empty_service(place, cluster):
    ecs = place.client("ecs")
    service = {"cluster": cluster, "serviceName": place.name}
    ecs.create_service(**service, taskDefinition=register(place), desiredCount=0, launchType="EC2")
    place.cleanup.callback(ecs.delete_service, cluster=cluster, service=place.name, force=True)
    waiter = ecs.get_waiter("services_stable")
    waiter.wait(cluster=cluster, services=[place.name], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    read = ecs.describe_services(cluster=cluster, services=[place.name, "none"])
    assert (read["services"][0]["status"], read["failures"][0]["reason"]) == ("ACTIVE", "MISSING")


def test_what_is_not_there_is_a_failure_or_an_error(place):
    ecs, missing = place.client("ecs"), {"cluster": place.name}
    assert ecs.describe_clusters(clusters=[place.name])["failures"][0]["reason"] == "MISSING"
    assert refused(ecs.describe_services, **missing, services=["x"])[0] == "ClusterNotFoundException"
    assert refused(ecs.list_tasks, **missing)[0] == "ClusterNotFoundException"
    assert refused(ecs.describe_task_definition, taskDefinition=place.name)[0] == "ClientException"


def test_task_definitions_come_in_order_a_page_at_a_time(place):
    arns = [register(place) for _ in range(3)]
    pages = place.client("ecs").get_paginator("list_task_definitions")
    found = pages.paginate(familyPrefix=place.name, sort="DESC", PaginationConfig={"PageSize": 1})
    assert [arn for page in found for arn in page["taskDefinitionArns"]] == arns[::-1]
