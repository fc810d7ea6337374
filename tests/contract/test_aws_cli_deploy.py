"""The AWS CLI deploys, and its waiter ends when AWS's would."""

import json

import boto3
import pytest

from hitless.clock import SystemClock
from hitless.wait import wait_until

pytestmark = pytest.mark.live
NAME = ("--application-name", "web", "--deployment-group-name", "web")
SERVICE = {"serviceName": "web", "clusterName": "dev"}


@pytest.fixture
def group(aws, lab):
    """A service without tasks behind a load balancer, and its deployment group: all at once, no wait."""
    ec2, elb, ecs = (boto3.client(name) for name in ("ec2", "elbv2", "ecs"))
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"][:2]]
    arns = [
        elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc_id)["TargetGroups"][0]["TargetGroupArn"]
        for name in ("blue", "green")
    ]
    balancer = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    action = [{"Type": "forward", "TargetGroupArn": arns[0]}]
    made = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=action)
    container = {"name": "app", "image": "app", "memory": 64, "portMappings": [{"containerPort": 8080}]}
    definition = ecs.register_task_definition(family="web", networkMode="bridge", containerDefinitions=[container])
    ecs.create_cluster(clusterName="dev")
    ecs.create_service(
        cluster="dev",
        serviceName="web",
        taskDefinition="web",
        desiredCount=0,
        deploymentController={"type": "CODE_DEPLOY"},
        loadBalancers=[{"targetGroupArn": arns[0], "containerName": "app", "containerPort": 8080}],
    )
    pair = {
        "targetGroups": [{"name": "blue"}, {"name": "green"}],
        "prodTrafficRoute": {"listenerArns": [made["Listeners"][0]["ListenerArn"]]},
    }
    blue_green = {
        "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60},
        "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0},
    }
    aws("deploy", "create-application", "--application-name", "web", "--compute-platform", "ECS")
    aws(
        "deploy",
        "create-deployment-group",
        *NAME,
        *("--service-role-arn", "arn:aws:iam::123456789012:role/codedeploy"),
        *("--deployment-config-name", "CodeDeployDefault.ECSAllAtOnce"),
        *("--deployment-style", "deploymentType=BLUE_GREEN,deploymentOption=WITH_TRAFFIC_CONTROL"),
        *("--ecs-services", json.dumps([SERVICE])),
        *("--load-balancer-info", json.dumps({"targetGroupPairInfoList": [pair]})),
        *("--blue-green-deployment-configuration", json.dumps(blue_green)),
    )
    return definition["taskDefinition"]["taskDefinitionArn"]


def deploy(aws, task_definition: str) -> tuple[str, str]:
    balancer = {"ContainerName": "app", "ContainerPort": 8080}
    properties = {"TaskDefinition": task_definition, "LoadBalancerInfo": balancer}
    service = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [service]})
    revision = json.dumps({"revisionType": "AppSpecContent", "appSpecContent": {"content": content}})
    return "--deployment-id", aws("deploy", "create-deployment", *NAME, "--revision", revision)["deploymentId"]


def test_deploy_wait_continue_and_stop(aws, group):
    mine = deploy(aws, group)
    wait = ("deploy", "wait", "deployment-successful", *mine)
    wait_until(
        lambda: aws("deploy", "get-deployment", *mine)["deploymentInfo"]["status"],
        lambda status: status == "Ready",
        what="Ready",
        clock=SystemClock(rate=60),
        timeout_s=1200,
    )
    targets = aws("deploy", "list-deployment-targets", *mine)["targetIds"]
    assert targets == ["dev:web"]
    aws("deploy", "continue-deployment", *mine, "--deployment-wait-type", "READY_WAIT")
    aws(*wait)
    answer = aws("deploy", "get-deployment-target", *mine, "--target-id", *targets)
    events = answer["deploymentTarget"]["ecsTarget"]["lifecycleEvents"]
    assert [event["status"] for event in events] == ["Succeeded"] * 8
    assert "(DeploymentAlreadyCompletedException)" in aws.refused("deploy", "stop-deployment", *mine)

    mine = deploy(aws, group)
    assert aws("deploy", "stop-deployment", *mine)["status"] == "Pending"
    assert "terminal failure state" in aws.refused("deploy", "wait", "deployment-successful", *mine)
