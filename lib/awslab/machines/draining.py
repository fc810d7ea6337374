"""Emptying hosts: DRAINING by hand, managed draining on a terminate hook, managed termination protection."""

from __future__ import annotations

from collections.abc import Callable

from awslab.machines.capacity_providers import DRAINING_HEARTBEAT_S, DRAINING_HOOK, DRAINING_MAX_S, Provider
from awslab.machines.container_instances import ContainerInstance, InstanceStatus
from awslab.machines.events import (
    ContainerInstanceChanged,
    LifecycleActionRequested,
    LifecycleActionStarted,
    LifecycleHeartbeatRequested,
    ScaleInProtectionRequested,
)
from awslab.machines.machine import Event, Timers

SPOT_DRAINING = "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
S = InstanceStatus


class Draining:
    """Empties the hosts of one cluster. Timers here are ("host", kind, instance id)."""

    def __init__(
        self,
        cluster_name: str,
        timers: Timers,
        providers: dict[str, Provider],
        stop_pending: Callable[[ContainerInstance, float], list[Event]],
    ) -> None:
        self._cluster_name, self._timers, self._providers = cluster_name, timers, providers
        self._stop_pending = stop_pending

    def provider_of(self, host: ContainerInstance) -> Provider | None:
        """The capacity provider whose Auto Scaling group launched the host."""
        return next((p for p in self._providers.values() if p.group_name == host.group_name), None)

    def drain(self, host: ContainerInstance, now: float) -> list[Event]:
        """Let no task come any more; service tasks that do not run yet stop at once."""
        if host.status is not S.ACTIVE:
            return []
        host.move(S.DRAINING)
        return [self.changed(host), *self._stop_pending(host, now)]

    def spot_notified(self, host: ContainerInstance, now: float) -> list[Event]:
        """EC2 takes the host back in two minutes.

        AWS: the agent sets itself DRAINING if it was started with `ECS_ENABLE_SPOT_INSTANCE_DRAINING=true`; else ECS
        does nothing ("Amazon ECS container instance draining for Spot Instances").
        """
        return self.drain(host, now) if SPOT_DRAINING in host.spec.user_data else []

    def hook_started(self, host: ContainerInstance, event: LifecycleActionStarted, now: float) -> list[Event]:
        """The Auto Scaling group waits for this host: drain it, then let it go."""
        provider = self.provider_of(host)
        if event.hook_name != DRAINING_HOOK or event.transition != TERMINATING or provider is None:
            return []
        host.hook_name = event.hook_name
        if not provider.managed_draining:  # switched off since: nothing to wait for
            return self.let_go(host)
        self._timers.set(("host", "give up", host.instance_id), now + DRAINING_MAX_S)
        self._timers.set(("host", "beat", host.instance_id), now + DRAINING_HEARTBEAT_S / 2)
        return [*self.drain(host, now), *self.look(host)]

    def look(self, host: ContainerInstance) -> list[Event]:
        """Tell Auto Scaling what follows from the tasks the host has now."""
        events = self.let_go(host) if host.hook_name and not host.task_ids else []
        provider = self.provider_of(host)
        if provider and provider.managed_termination_protection and host.here:
            busy = bool(host.task_ids)
            if host.protected is not busy:
                host.protected = busy
                events.append(ScaleInProtectionRequested(instance_id=host.instance_id, protected=busy))
        return events

    def let_go(self, host: ContainerInstance) -> list[Event]:
        """Complete the hook: empty, or waited long enough."""
        hook_name = host.hook_name
        self.forget(host)
        return [LifecycleActionRequested(instance_id=host.instance_id, hook_name=hook_name, result="CONTINUE")]

    def forget(self, host: ContainerInstance) -> None:
        """A host that dies while it drains leaves its hook waiting, as users of AWS found; its heartbeat ends it."""
        host.hook_name = ""
        for kind in ("give up", "beat"):
            self._timers.cancel(("host", kind, host.instance_id))

    def beat(self, host: ContainerInstance, now: float) -> list[Event]:
        """Keep the hook waiting beyond its heartbeat timeout."""
        self._timers.set(("host", "beat", host.instance_id), now + DRAINING_HEARTBEAT_S / 2)
        return [LifecycleHeartbeatRequested(instance_id=host.instance_id, hook_name=host.hook_name)]

    def changed(self, host: ContainerInstance) -> Event:
        """The host's status, for everybody."""
        return ContainerInstanceChanged(
            cluster_name=self._cluster_name, instance_id=host.instance_id, status=host.status.value
        )
