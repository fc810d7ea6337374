"""Agents that look for a cluster: the agent of a host that booted before its cluster exists keeps trying."""

from __future__ import annotations

from collections.abc import Iterable

from awslab.machines.capacity_providers import DRAINING_HOOK
from awslab.machines.events import (
    AgentConnected,
    InstanceDied,
    InstanceTerminated,
    LifecycleActionRequested,
    LifecycleActionStarted,
)
from awslab.machines.machine import Event, Machine


class Agents(Machine):
    """Every ECS agent of the lab, and which clusters exist for it to join."""

    name = "agents"
    hears = (AgentConnected, InstanceDied, InstanceTerminated, LifecycleActionStarted)

    def __init__(self) -> None:
        self._agents: dict[str, AgentConnected] = {}
        self._clusters: set[str] = set()

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Remember who is looking; a host that never joined has nothing to drain, so its hook ends at once."""
        if isinstance(event, AgentConnected):
            self._agents[event.instance_id] = event
        elif isinstance(event, InstanceDied | InstanceTerminated):
            self._agents.pop(event.instance_id, None)
        elif event.hook_name == DRAINING_HOOK and not self._joined(event.instance_id):
            return [
                LifecycleActionRequested(instance_id=event.instance_id, hook_name=event.hook_name, result="CONTINUE")
            ]
        return ()

    def cluster_made(self, cluster_name: str) -> list[Event]:
        """A cluster exists from now on: the agents that look for it find it."""
        self._clusters.add(cluster_name)
        return [agent for agent in self._agents.values() if agent.cluster_name == cluster_name]

    def cluster_gone(self, cluster_name: str) -> None:
        """A cluster was deleted."""
        self._clusters.discard(cluster_name)

    def _joined(self, instance_id: str) -> bool:
        agent = self._agents.get(instance_id)
        return agent is not None and agent.cluster_name in self._clusters
