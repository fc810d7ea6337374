"""CreateService, UpdateService, DeleteService and DescribeServices answer as AWS does."""

import pytest
from botocore.exceptions import ClientError, WaiterError

SPREAD = [{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "binpack", "field": "memory"}]


def test_everything_terraform_sets_is_read_back(stack):
    given = {
        "deploymentController": {"type": "ECS"},
        "capacityProviderStrategy": [{"capacityProvider": "hosts", "weight": 1, "base": 2}],
        "placementStrategy": SPREAD,
        "placementConstraints": [{"type": "distinctInstance"}],
        "deploymentConfiguration": {
            "minimumHealthyPercent": 50,
            "maximumPercent": 150,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        "healthCheckGracePeriodSeconds": 45,
        "enableECSManagedTags": True,
        "enableExecuteCommand": True,
        "propagateTags": "SERVICE",
        "availabilityZoneRebalancing": "DISABLED",
        "tags": [{"key": "owner", "value": "web"}],
    }
    stack.create(**given)
    service = stack.service()
    given["deploymentConfiguration"]["strategy"] = "ROLLING"
    assert {field: service[field] for field in given} == given
    assert "networkConfiguration" not in service and "launchType" not in service


def test_the_providers_defaults_are_aws_defaults(stack):
    stack.create(healthCheckGracePeriodSeconds=None)
    service = stack.service()
    assert service["deploymentConfiguration"] == {"minimumHealthyPercent": 100, "maximumPercent": 200}
    assert service["capacityProviderStrategy"] == [{"capacityProvider": "hosts", "weight": 1, "base": 1}]
    assert service["availabilityZoneRebalancing"] == "DISABLED" and "healthCheckGracePeriodSeconds" not in service


def test_a_code_deploy_service_has_task_sets_and_no_deployments(stack):
    stack.create()
    stack.sleep(120)
    service = stack.service()
    (task_set,) = service["taskSets"]
    assert service["deployments"] == [] and service["runningCount"] == 2
    assert task_set["status"] == "PRIMARY" and task_set["stabilityStatus"] == "STEADY_STATE"
    assert task_set["computedDesiredCount"] == task_set["runningCount"] == 2
    assert task_set["scale"] == {"value": 100.0, "unit": "PERCENT"} and "externalId" not in task_set
    assert task_set["id"].startswith("ecs-svc/") and task_set["taskSetArn"].endswith(task_set["id"])
    assert service["events"][0]["message"] == "(service web) has reached a steady state."


def test_services_stable_is_for_the_ecs_controller_only(stack):
    stack.create()
    stack.sleep(120)
    waiter = stack.ecs.get_waiter("services_stable")
    quick = {"Delay": 0, "MaxAttempts": 2}
    with pytest.raises(WaiterError):
        waiter.wait(cluster="dev", services=["web"], WaiterConfig=quick)
    stack.create(serviceName="api", deploymentController={"type": "ECS"})
    stack.sleep(120)
    waiter.wait(cluster="dev", services=["api"], WaiterConfig=quick)


OWNED_BY_CODE_DEPLOY = [
    ({"taskDefinition": "web"}, "Unable to update task definition on services"),
    ({"forceNewDeployment": True}, "Cannot force a new deployment on services"),
    (
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}},
        "Unable to update network parameters on services",
    ),
]


def test_code_deploy_owns_the_revision(stack, refused):
    stack.create()
    before = stack.service()
    for change, message in OWNED_BY_CODE_DEPLOY:
        code, said = refused(stack.ecs.update_service, cluster="dev", service="web", **change)
        assert code == "InvalidParameterException"
        assert said == (
            f"{message} with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
        )
    assert stack.service() == before


def test_what_code_deploy_does_not_own_can_be_updated(stack):
    stack.create()
    stack.ecs.update_service(
        cluster="dev", service="web", desiredCount=3, healthCheckGracePeriodSeconds=5, placementStrategy=SPREAD
    )
    stack.sleep(120)
    service = stack.service()
    assert (service["desiredCount"], service["runningCount"]) == (3, 3)
    assert service["healthCheckGracePeriodSeconds"] == 5 and service["placementStrategy"] == SPREAD


def test_the_ecs_controller_rolls_a_new_revision_out(stack):
    stack.create(deploymentController={"type": "ECS"})
    stack.sleep(120)
    stack.send()
    second = stack.register(environment=[{"name": "COLOUR", "value": "green"}])
    stack.ecs.update_service(cluster="dev", service="web", taskDefinition=second)
    assert [d["status"] for d in stack.service()["deployments"]] == ["PRIMARY", "ACTIVE"]
    stack.sleep(300)
    (deployment,) = stack.service()["deployments"]
    assert (deployment["rolloutState"], deployment["taskDefinition"]) == ("COMPLETED", second)
    assert {task["taskDefinitionArn"] for task in stack.tasks()} == {second}
    assert stack.failed_requests() == 0


def test_the_same_revision_again_is_no_new_deployment(stack):
    stack.create(deploymentController={"type": "ECS"})
    stack.sleep(120)
    (before,) = stack.service()["deployments"]
    stack.ecs.update_service(cluster="dev", service="web", taskDefinition="web")
    assert stack.service()["deployments"] == [before]
    stack.ecs.update_service(cluster="dev", service="web", forceNewDeployment=True)
    assert len(stack.service()["deployments"]) == 2


REFUSED_OF_CREATE = [
    ({"schedulingStrategy": "DAEMON"}, "The lab does not imitate the DAEMON scheduling strategy; use REPLICA."),
    ({"launchType": "FARGATE"}, "The lab runs tasks on container instances only; use launch type EC2."),
    (
        {"deploymentController": {"type": "EXTERNAL"}},
        "The lab does not imitate the deployment controller EXTERNAL.",
    ),
    (
        {"loadBalancers": [{"targetGroupArn": "BLUE", "containerName": "app", "containerPort": 9}]},
        "The container app did not have a container port 9 defined.",
    ),
    (
        {"loadBalancers": [{"targetGroupArn": "GREEN", "containerName": "app", "containerPort": 8080}]},
        "The target group with targetGroupArn GREEN does not have an associated load balancer.",
    ),
    (
        {"deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 200}},
        "You can't specify a custom minimumHealthyPercent or maximumPercent for a service with a CODE_DEPLOY "
        "deployment controller whose tasks use the EC2 launch type.",
    ),
    (
        {"capacityProviderStrategy": [{"capacityProvider": "other", "weight": 1}]},
        "The capacity provider other is not associated with the cluster.",
    ),
]


def test_create_service_refuses_what_aws_or_the_lab_cannot_do(stack, refused):
    arns = {"BLUE": stack.blue, "GREEN": stack.green}
    for change, message in REFUSED_OF_CREATE:
        balancers = [{**b, "targetGroupArn": arns[b["targetGroupArn"]]} for b in change.get("loadBalancers", [])]
        given = {**change, "loadBalancers": balancers} if balancers else change
        code, said = refused(stack.create, **given)
        assert (code, said) == ("InvalidParameterException", message.replace("GREEN", stack.green)), change
    assert stack.ecs.list_services(cluster="dev")["serviceArns"] == []


def test_a_grace_period_needs_a_load_balancer(stack, refused):
    _code, said = refused(stack.create, loadBalancers=[], deploymentController={"type": "ECS"})
    assert said == "Health check grace period is only valid for services configured to use load balancers"


def test_unknown_names_are_aws_errors(stack, refused):
    assert refused(stack.create, cluster="none")[0] == "ClusterNotFoundException"
    assert refused(stack.create, taskDefinition="none") == ("ClientException", "TaskDefinition not found.")
    assert refused(stack.ecs.update_service, cluster="dev", service="none")[0] == "ServiceNotFoundException"
    assert refused(stack.ecs.delete_service, cluster="dev", service="none")[0] == "ServiceNotFoundException"
    answer = stack.ecs.describe_services(cluster="dev", services=["none"])
    assert answer["services"] == [] and answer["failures"][0]["reason"] == "MISSING"


def test_a_name_is_taken_until_the_service_is_inactive(stack, refused):
    stack.create()
    assert refused(stack.create)[1] == "Creation of service was not idempotent."
    stack.sleep(60)
    assert refused(stack.ecs.delete_service, cluster="dev", service="web")[1] == (
        "The service cannot be stopped while it is scaled above 0."
    )
    stack.ecs.delete_service(cluster="dev", service="web", force=True)
    stack.sleep(30)
    assert stack.service()["status"] == "DRAINING"
    assert refused(stack.create)[1] == "Unable to Start a service that is still Draining."
    stack.sleep(60)
    assert stack.service()["status"] == "INACTIVE"
    assert stack.create()["status"] == "ACTIVE"


def test_services_can_be_tagged_and_listed_by_page(stack):
    for number in range(12):
        stack.create(serviceName=f"web{number}", desired=0, deploymentController={"type": "ECS"})
    pages = stack.ecs.get_paginator("list_services").paginate(cluster="dev")
    arns = [arn for found in pages for arn in found["serviceArns"]]
    assert len(arns) == 12
    stack.ecs.tag_resource(resourceArn=arns[0], tags=[{"key": "a", "value": "b"}])
    assert stack.ecs.list_tags_for_resource(resourceArn=arns[0])["tags"] == [{"key": "a", "value": "b"}]


def test_what_only_external_controllers_use_is_not_imitated(stack):
    stack.create()
    with pytest.raises(ClientError) as caught:
        stack.ecs.create_task_set(cluster="dev", service="web", taskDefinition="web")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert len(stack.ecs.describe_task_sets(cluster="dev", service="web")["taskSets"]) == 1
