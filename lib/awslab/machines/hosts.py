"""What a host does by itself after EC2 says `running`: boot, run its user data, start the ECS agent.

The lab does not execute user data. It honours the two things an ECS host's user data is for: the cluster the agent
joins (`ECS_CLUSTER=`) and, if it calls `complete-lifecycle-action`, completing the launch hook once the agent answers.

A host that has to go before its agent has joined never joins: ECS, which had nothing to drain there, has let it go, and
a task placed on it would die with it. AWS does not document what happens to such a host.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable

from awslab.machines.events import (
    AgentConnected,
    InstanceDied,
    InstanceRunning,
    InstanceStateChanged,
    InstanceTerminated,
    LaunchSpec,
    LifecycleActionRequested,
    SpotInterruptionNotified,
    UserDataStalled,
)
from awslab.machines.machine import Event, Machine, Timers

BOOT_S = (35.0, 55.0)  # kernel, cloud-init and agent start of an ECS-optimised AMI; not documented by AWS
SPOT_NOTICE_S = 120.0  # AWS: "Spot Instance interruption notices", two minutes before the instance is terminated
CLUSTER = re.compile(r"ECS_CLUSTER=[\"']?([\w-]+)")
HOOK = re.compile(r"complete-lifecycle-action.*?--lifecycle-hook-name[ =]+[\"']?([\w-]+)", re.DOTALL)


class Hosts(Machine):
    """Every booting host of the lab.

    Args:
        rng: Draws boot times.
        has_agent: Whether the ECS agent of an AMI ever connects; a broken image never does.
    """

    name = "hosts"
    hears = (
        InstanceRunning,
        InstanceStateChanged,
        InstanceDied,
        InstanceTerminated,
        SpotInterruptionNotified,
        UserDataStalled,
    )

    def __init__(self, rng: random.Random, has_agent: Callable[[str], bool]) -> None:
        self._rng, self._has_agent = rng, has_agent
        self._timers = Timers()
        self._stalled = False
        self._booting: dict[str, InstanceRunning] = {}

    def wake_at(self) -> float | None:
        """When the next host has booted."""
        return self._timers.next()

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Start booting, or forget a host that is gone."""
        if isinstance(event, UserDataStalled):
            self._stalled = event.stalled
        elif isinstance(event, SpotInterruptionNotified):
            self._timers.set(("taken", event.instance_id), now + SPOT_NOTICE_S)
        elif isinstance(event, InstanceRunning):
            self._booting[event.instance_id] = event
            self._timers.set(("booted", event.instance_id), now + self._rng.uniform(*BOOT_S))
        elif not isinstance(event, InstanceStateChanged):
            self._forget_boot(event.instance_id)
            self._timers.cancel(("taken", event.instance_id))
        elif event.new_state == "Terminating":
            self._forget_boot(event.instance_id)
        return ()

    def _forget_boot(self, instance_id: str) -> None:
        self._booting.pop(instance_id, None)
        self._timers.cancel(("booted", instance_id))

    def on_time(self, now: float) -> Iterable[Event]:
        """A host has booted: its agent joins the cluster, its user data completes the launch hook."""
        events: list[Event] = []
        for kind, instance_id in self._timers.pop_due(now):
            taken = kind == "taken"
            events += [InstanceDied(instance_id=instance_id)] if taken else self._booted(self._booting.pop(instance_id))
        return events

    def _booted(self, host: InstanceRunning) -> list[Event]:
        cluster = CLUSTER.search(host.spec.user_data)
        if self._stalled or cluster is None or not self._has_agent(host.spec.image_id):
            return []
        events: list[Event] = [_connected(host, host.spec, cluster.group(1))]
        if hook := HOOK.search(host.spec.user_data):
            events.append(
                LifecycleActionRequested(instance_id=host.instance_id, hook_name=hook.group(1), result="CONTINUE")
            )
        return events


def _connected(host: InstanceRunning, spec: LaunchSpec, cluster_name: str) -> AgentConnected:
    return AgentConnected(
        instance_id=host.instance_id,
        cluster_name=cluster_name,
        availability_zone=host.availability_zone,
        subnet_id=host.subnet_id,
        group_name=host.group_name,
        spec=spec,
    )
