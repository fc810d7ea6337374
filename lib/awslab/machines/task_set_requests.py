"""ECS carries out what CodeDeploy asks of its task sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from awslab.machines import service_commands
from awslab.machines.cluster import Cluster
from awslab.machines.events import PrimaryTaskSetRequested, TaskSetDrainRequested, TaskSetRequested
from awslab.machines.machine import Event, Machine


class TaskSetRequests(Machine):
    """The task set API of ECS as CodeDeploy calls it.

    Args:
        cluster_of: Finds a cluster by name.
    """

    name = "task set requests"
    hears = (TaskSetRequested, TaskSetDrainRequested, PrimaryTaskSetRequested)

    def __init__(self, cluster_of: Callable[[str], Cluster]) -> None:
        self._cluster_of = cluster_of

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Do it."""
        cluster = self._cluster_of(event.cluster_name)
        if isinstance(event, TaskSetRequested):
            made = service_commands.new_task_set(
                cluster, event.definition, event.load_balancers, event.provider_shares, now=now
            )
            return service_commands.create_task_set(
                cluster, event.service_name, made, external_id=event.external_id, scale_percent=100.0, now=now
            )
        drain = isinstance(event, TaskSetDrainRequested)
        command = service_commands.drain_task_set if drain else service_commands.make_primary
        return command(cluster, event.service_name, event.task_set_id, now=now)
