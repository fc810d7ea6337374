"""Services, their deployments and their task sets as AWS shows them."""

from __future__ import annotations

from awslab.faces.ecs_service_checks import percents
from awslab.faces.ecs_shapes import Arns, utc
from awslab.faces.inventory import ACCOUNT_ID
from awslab.machines.services import Service
from awslab.machines.task_definitions import LoadBalancer
from awslab.machines.task_sets import ProviderShare, TaskSet
from awslab.machines.tasks import count

LINKED_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
ECHOED = (  # stored as given, read back as stored
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
    "availabilityZoneRebalancing",
)


def describe_service(service: Service, kept: dict, arns: Arns) -> dict:
    """One Service, without tags; `kept` are CreateService's parameters as updated since."""
    running, pending = count(service.tasks.values())
    shown = service.primary
    seen = {
        "serviceArn": arns.of("service", service.name),
        "serviceName": service.name,
        "clusterArn": arns.cluster,
        "status": service.status,
        "desiredCount": service.desired_count if service.status == "ACTIVE" else 0,
        "runningCount": running,
        "pendingCount": pending,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": service.controller},
        "deploymentConfiguration": _configuration(service, kept),
        "loadBalancers": _balancers(shown.load_balancers) if shown else [],
        "serviceRegistries": [],
        "taskDefinition": shown.definition.arn if shown else kept["taskDefinition"],
        "deployments": [_deployment(s, service) for s in _newest_first(service)] if service.controller == "ECS" else [],
        "taskSets": []
        if service.controller == "ECS"
        else [describe_task_set(s, service, arns) for s in service.task_sets],
        "events": [{"id": e.event_id, "createdAt": utc(e.at), "message": e.message} for e in service.events],
        "createdAt": utc(service.created_at),
        "roleArn": LINKED_ROLE if shown and shown.load_balancers else None,
        **_launch(shown.provider_shares if shown else ()),
        **{field: kept[field] for field in ECHOED if kept.get(field) is not None},
    }
    return {name: value for name, value in seen.items() if value is not None}


def describe_task_set(task_set: TaskSet, service: Service, arns: Arns) -> dict:
    """One TaskSet."""
    running, pending = count(service.tasks_of(task_set))
    desired = service.desired_count if service.status == "ACTIVE" else 0
    seen = {
        "id": task_set.task_set_id,
        "taskSetArn": arns.of("task-set", f"{service.name}/{task_set.task_set_id}"),
        "serviceArn": arns.of("service", service.name),
        "clusterArn": arns.cluster,
        "externalId": task_set.external_id or None,
        "startedBy": "CODE_DEPLOY" if task_set.external_id else None,
        "status": task_set.status,
        "taskDefinition": task_set.definition.arn,
        "computedDesiredCount": task_set.computed_desired_count(desired),
        "pendingCount": pending,
        "runningCount": running,
        "createdAt": utc(task_set.created_at),
        "updatedAt": utc(task_set.updated_at),
        "loadBalancers": _balancers(task_set.load_balancers),
        "serviceRegistries": [],
        "scale": {"value": task_set.scale_percent, "unit": "PERCENT"},
        "stabilityStatus": task_set.stability_status,
        "stabilityStatusAt": utc(task_set.stability_status_at or task_set.created_at),
        "tags": [],
        **_launch(task_set.provider_shares),
    }
    return {name: value for name, value in seen.items() if value is not None}


def _deployment(task_set: TaskSet, service: Service) -> dict:
    running, pending = count(service.tasks_of(task_set))
    primary = task_set is service.primary and service.status == "ACTIVE"
    return {
        "id": task_set.task_set_id,
        "status": task_set.status,
        "taskDefinition": task_set.definition.arn,
        "desiredCount": service.desired_count if primary else 0,
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": task_set.failed_tasks,
        "createdAt": utc(task_set.created_at),
        "updatedAt": utc(task_set.updated_at),
        "rolloutState": task_set.rollout_state,
        "rolloutStateReason": task_set.rollout_reason,
        **_launch(task_set.provider_shares),
    }


def _newest_first(service: Service) -> list[TaskSet]:
    return sorted(service.task_sets, key=lambda s: (s.status != "PRIMARY", -s.created_at))


def _configuration(service: Service, kept: dict) -> dict:
    given = kept.get("deploymentConfiguration") or {}
    low, high = percents(given)
    shown = {"minimumHealthyPercent": low, "maximumPercent": high}
    if service.controller == "ECS":
        breaker = given.get("deploymentCircuitBreaker") or {"enable": False, "rollback": False}
        return {**shown, "deploymentCircuitBreaker": breaker, "strategy": "ROLLING"}
    return shown


def _balancers(balancers: tuple[LoadBalancer, ...]) -> list[dict]:
    return [
        {"targetGroupArn": b.target_group_arn, "containerName": b.container_name, "containerPort": b.container_port}
        for b in balancers
    ]


def _launch(shares: tuple[ProviderShare, ...]) -> dict:
    if not shares:
        return {"launchType": "EC2"}
    return {
        "capacityProviderStrategy": [{"capacityProvider": s.name, "weight": s.weight, "base": s.base} for s in shares]
    }
