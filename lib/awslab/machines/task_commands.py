"""What an API can tell a cluster to do with single tasks and hosts; each returns the events that follow."""

from __future__ import annotations

from collections import Counter

from awslab.machines.capacity_providers import Provider
from awslab.machines.cluster import Cluster
from awslab.machines.container_instances import ContainerInstance, InstanceStatus
from awslab.machines.machine import Event
from awslab.machines.placement import Misfit, Placement, Rules
from awslab.machines.service_commands import IllegalCommand
from awslab.machines.task_sets import ProviderShare
from awslab.machines.tasks import Task, TaskOrder

S = InstanceStatus


def run(
    cluster: Cluster,
    order: TaskOrder,
    rules: Rules,
    shares: tuple[ProviderShare, ...],
    count: int,
    *,
    now: float,
) -> tuple[list[Task], Misfit | None, list[Event]]:
    """RunTask: place up to `count` tasks. Returns the tasks, why no more fitted, and the events."""
    same = [task for task in cluster.tasks.values() if task.order.group == order.group and task.wanted]
    hosts = [host for host in cluster.hosts.values() if host.here]
    placement = Placement(hosts, Counter(task.container_instance_id for task in same), cluster.rng)
    placed = Counter(task.provider_name for task in same)
    tasks: list[Task] = []
    events: list[Event] = []
    misfit = None
    while len(tasks) < count and misfit is None:
        found = cluster.scheduler.find_host(order, placement, rules, shares, placed)
        if isinstance(found, Misfit):
            misfit = found
            continue
        host, provider_name = found
        placement.taken(host)
        placed[provider_name] += 1
        task, event = cluster.life.place(order, host, provider_name, now)
        tasks.append(task)
        events.append(event)
    return tasks, misfit, cluster.after(events, now)


def stop(cluster: Cluster, task_id: str, reason: str, *, now: float) -> list[Event]:
    """StopTask: signal first, deregister some seconds later.

    Raises:
        IllegalCommand: There is no such task.
    """
    task = cluster.tasks.get(task_id)
    if task is None:
        raise IllegalCommand(f"no task {task_id}")
    return cluster.after(cluster.life.stop(task, "UserInitiated", reason, now, deregister_first=False), now)


def set_status(cluster: Cluster, host: ContainerInstance, status: str, *, now: float) -> list[Event]:
    """UpdateContainerInstancesState of one host: ACTIVE or DRAINING.

    Raises:
        IllegalCommand: The host is neither now.
    """
    if not host.here:
        raise IllegalCommand(f"{host.instance_id} is {host.status}")
    if status == "DRAINING":
        return cluster.after(cluster.draining.drain(host, now), now)
    if host.status is S.ACTIVE:
        return []
    host.move(S.ACTIVE)
    return cluster.after([cluster.draining.changed(host)], now)


def set_providers(cluster: Cluster, providers: list[Provider], *, now: float) -> list[Event]:
    """The capacity providers associated with the cluster, as they are now."""
    cluster.providers.clear()
    cluster.providers.update({provider.name: provider for provider in providers})
    for service in cluster.services.values():
        if service.unable:
            cluster.ask_pass(service, now)
    return [event for host in cluster.hosts.values() for event in cluster.draining.look(host)]
