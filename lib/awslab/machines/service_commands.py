"""What an API can tell a cluster to do with its services and task sets; each returns the events that follow."""

from __future__ import annotations

from awslab.machines.cluster import Cluster
from awslab.machines.machine import Event
from awslab.machines.services import Service
from awslab.machines.task_definitions import LoadBalancer, TaskDefinition
from awslab.machines.task_sets import ProviderShare, TaskSet


class IllegalCommand(Exception):
    """The command does not fit the state; nothing was changed."""


def new_task_set(
    cluster: Cluster,
    definition: TaskDefinition,
    load_balancers: tuple[LoadBalancer, ...],
    shares: tuple[ProviderShare, ...],
    *,
    now: float,
) -> TaskSet:
    """A PRIMARY task set at 100 %, with an id of AWS's form."""
    task_set_id = f"ecs-svc/{cluster.rng.randrange(10**18, 10**19)}"
    reason = f"ECS deployment {task_set_id} in progress."
    return TaskSet(task_set_id, definition, load_balancers, now, now, shares, rollout_reason=reason)


def create(cluster: Cluster, service: Service, task_set: TaskSet | None, *, now: float) -> list[Event]:
    """CreateService; a name can be used again once its service is INACTIVE.

    Raises:
        IllegalCommand: A service of that name is ACTIVE or DRAINING.
    """
    old = cluster.services.get(service.name)
    if old is not None and old.status != "INACTIVE":
        raise IllegalCommand(f"{service.name} is {old.status}")
    cluster.services[service.name] = service
    service.task_sets = [task_set] if task_set else []
    cluster.ask_pass(service, now)
    return []


def update(cluster: Cluster, name: str, *, now: float, **changes: object) -> list[Event]:
    """UpdateService of what needs no new deployment: `changes` are fields of `Service`."""
    service = _active(cluster, name)
    for field, value in changes.items():
        assert field in Service.__slots__, f"Service has no {field}"
        setattr(service, field, value)
    service.steady = service.steady and "desired_count" not in changes
    cluster.ask_pass(service, now)
    return []


def deploy(cluster: Cluster, name: str, task_set: TaskSet, *, now: float) -> list[Event]:
    """A rolling deployment of the ECS controller: `task_set` becomes PRIMARY, its elders are replaced.

    Raises:
        IllegalCommand: The service belongs to another controller.
    """
    service = _active(cluster, name)
    if service.controller != "ECS":
        raise IllegalCommand(f"{name} is deployed by {service.controller}")
    for old in service.task_sets:
        old.status = "ACTIVE"
        old.updated_at = now
    service.task_sets.append(task_set)
    service.steady = False
    cluster.ask_pass(service, now)
    return []


def delete(cluster: Cluster, name: str, *, now: float) -> list[Event]:
    """DeleteService: ACTIVE to DRAINING; INACTIVE once every task is at least STOPPING."""
    service = _active(cluster, name)
    service.status, service.steady = "DRAINING", False
    cluster.ask_pass(service, now)
    return []


def create_task_set(
    cluster: Cluster, name: str, task_set: TaskSet, *, external_id: str, scale_percent: float, now: float
) -> list[Event]:
    """Add an ACTIVE task set beside the PRIMARY one; PRIMARY when it is the first."""
    service = _active(cluster, name)
    task_set.status = "ACTIVE" if service.task_sets else "PRIMARY"
    task_set.external_id, task_set.scale_percent = external_id, scale_percent
    service.task_sets.append(task_set)
    service.steady = False
    cluster.ask_pass(service, now)
    return []


def scale_task_set(cluster: Cluster, name: str, task_set_id: str, scale_percent: float, *, now: float) -> list[Event]:
    """Set the share of the service's desired count, 0 to 100 %."""
    service, task_set = _task_set(cluster, name, task_set_id)
    task_set.scale_percent, task_set.updated_at = scale_percent, now
    service.steady = False
    cluster.ask_pass(service, now)
    return []


def make_primary(cluster: Cluster, name: str, task_set_id: str, *, now: float) -> list[Event]:
    """UpdateServicePrimaryTaskSet: the old PRIMARY becomes ACTIVE and keeps its tasks."""
    service, task_set = _task_set(cluster, name, task_set_id)
    for other in service.task_sets:
        if other.status == "PRIMARY":
            other.status, other.updated_at = "ACTIVE", now
    task_set.status, task_set.updated_at = "PRIMARY", now
    return []


def drain_task_set(cluster: Cluster, name: str, task_set_id: str, *, now: float) -> list[Event]:
    """DeleteTaskSet: scale 0 and DRAINING; it leaves the service when its last task has stopped.

    Raises:
        IllegalCommand: It is the PRIMARY one.
    """
    _service, task_set = _task_set(cluster, name, task_set_id)
    if task_set.status == "PRIMARY":
        raise IllegalCommand(f"{task_set_id} is PRIMARY")
    task_set.status = "DRAINING"
    return scale_task_set(cluster, name, task_set_id, 0.0, now=now)


def _active(cluster: Cluster, name: str) -> Service:
    service = cluster.services.get(name)
    if service is None or service.status != "ACTIVE":
        raise IllegalCommand(f"{name} is not an active service")
    return service


def _task_set(cluster: Cluster, name: str, task_set_id: str) -> tuple[Service, TaskSet]:
    service = _active(cluster, name)
    task_set = service.set_of(task_set_id)
    if task_set is None:
        raise IllegalCommand(f"{name} has no task set {task_set_id}")
    return service, task_set
