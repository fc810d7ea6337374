"""A cluster on the virtual clock, with a data plane and a load balancer as small as can be."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from awslab.clock import VirtualClock
from awslab.machines import service_commands, task_commands
from awslab.machines.capacity_providers import DRAINING_HOOK, Provider
from awslab.machines.cluster import Cluster
from awslab.machines.events import (
    AgentConnected,
    InstanceTerminated,
    LaunchSpec,
    LifecycleActionStarted,
    ServiceEventRecorded,
    TargetDeregisterRequested,
    TargetHealthChanged,
    TargetRegisterRequested,
    TaskExited,
    TaskKilled,
    TaskSignalled,
    TaskStarted,
    TaskStartFailed,
    TaskStartRequested,
)
from awslab.machines.machine import Machine, Timers
from awslab.machines.services import Service
from awslab.machines.task_definitions import ContainerDefinition, LoadBalancer, PortMapping, TaskDefinition
from awslab.machines.tasks import TaskOrder
from awslab.world import World

START_S, EXIT_S, HEALTHY_S, DRAIN_S = 2.0, 0.5, 10.0, 30.0
SPEC = LaunchSpec(
    launch_template_id="lt-1",
    launch_template_name="web",
    launch_template_version="1",
    image_id="ami-1",
    instance_type="t3.medium",
)
GREEN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/green/1"


class Outside(Machine):
    """Processes and targets. Images: `good`; `missing` never starts; `crashes` exits; `sick` fails its checks;
    `stubborn` ignores SIGTERM."""

    name = "outside"
    hears = (TaskStartRequested, TaskSignalled, TaskKilled, TargetRegisterRequested, TargetDeregisterRequested)

    def __init__(self) -> None:
        self.timers, self.images, self.sick, self.port = Timers(), {}, set(), 32768

    def wake_at(self):
        return self.timers.next()

    def on_time(self, now):
        return [self._due(*key) for key in self.timers.pop_due(now)]

    def on_event(self, event, now):
        match event:
            case TaskStartRequested():
                self.images[event.task_id] = (event.image, event.instance_id)
                self.timers.set(("start", event.task_id, event.host_port), now + START_S)
            case TaskSignalled() if self.images[event.task_id][0] != "stubborn":
                self.timers.set(("exit", event.task_id, 0), now + EXIT_S)
            case TaskKilled():
                self.timers.set(("exit", event.task_id, 137), now)
            case TargetRegisterRequested():
                self.timers.set(("check", event, None), now + HEALTHY_S)
                return [_health(event, "initial")]
            case TargetDeregisterRequested():
                self.timers.set(("unused", event, None), now + DRAIN_S)
                return [_health(event, "draining")]
        return ()

    def _due(self, what, who, value):
        if what == "check":
            return _health(who, "unhealthy" if (who.target_id, who.port) in self.sick else "healthy")
        if what == "unused":
            return _health(who, "unused")
        image, instance_id = self.images[who]
        if what == "exit":
            return TaskExited(task_id=who, exit_code=value)
        if image == "missing":
            return TaskStartFailed(task_id=who, reason="CannotPullContainerError: not found")
        if image == "crashes":
            self.timers.set(("exit", who, 1), self.world.now + 1)
        self.port += 1
        if image == "sick":
            self.sick.add((instance_id, self.port))
        return TaskStarted(task_id=who, host_port=value or self.port)


def _health(event, state):
    return TargetHealthChanged(
        target_group_arn=event.target_group_arn,
        target_id=event.target_id,
        port=event.port,
        state=state,
        description="Health checks failed" if state == "unhealthy" else "",
    )


def definition(image="good", *, revision=1, cpu_units=256, memory_mib=512, host_port=0, stop_timeout_s=30.0):
    ports = (PortMapping(8080, host_port),)
    container = ContainerDefinition("app", image, ports=ports, stop_timeout_s=stop_timeout_s)
    return TaskDefinition(f"arn:task-definition/web:{revision}", "web", revision, cpu_units, memory_mib, container)


class Stage:
    """The cluster `dev` and what can be done to it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.world = World(self.clock)
        self.cluster = self.world.add(Cluster("dev", random.Random(7)))
        self.outside = self.world.add(Outside())
        self.outside.world = self.world
        self.definition = definition

    def hosts(self, *names, group_name="asg", **spec):
        for name in names:
            event = AgentConnected(
                instance_id=name,
                cluster_name="dev",
                availability_zone=f"us-east-1{name[-1]}",
                subnet_id="subnet-1",
                group_name=group_name,
                spec=replace(SPEC, **spec),
            )
            self.world.hear(event)

    def provide(self, **provider):
        self.do(task_commands.set_providers, [Provider("cp", "asg", **provider)])

    def do(self, command, *args, **kwargs):
        def act():
            events = command(self.cluster, *args, now=self.world.now, **kwargs)
            self.world.tell(events[-1] if isinstance(events, tuple) else events)
            return events

        return self.world.call(act)

    def service(self, count=2, image="good", *, controller="ECS", load_balanced=True, shares=(), what=None, **fields):
        service = Service("web", controller, count, self.world.now, **fields)
        self.do(service_commands.create, service, self.task_set(what or definition(image), load_balanced, shares))
        return service

    def task_set(self, what, load_balanced=True, shares=()):
        balancers = (LoadBalancer(GREEN, "app", 8080),) if load_balanced else ()
        return service_commands.new_task_set(self.cluster, what, balancers, shares, now=self.world.now)

    def update(self, **changes):
        self.do(service_commands.update, "web", **changes)

    def order(self, what=None):
        return TaskOrder(what or definition(), group="family:web")

    def wait(self, seconds):
        self.clock.sleep(seconds)
        self.world.settle()

    def terminate(self, name, hook=DRAINING_HOOK):
        """Auto Scaling wants the host gone: with managed draining's hook, or without any."""
        if hook:
            self.world.hear(
                LifecycleActionStarted(
                    instance_id=name,
                    group_name="asg",
                    hook_name=hook,
                    transition="autoscaling:EC2_INSTANCE_TERMINATING",
                    token="t",
                )
            )
        else:
            self.world.hear(InstanceTerminated(instance_id=name, group_name="asg"))

    def happened(self, kind):
        return [entry for entry in self.world.journal if isinstance(entry.event, kind)]

    def said(self):
        return [entry.event.message for entry in self.happened(ServiceEventRecorded)]

    def running(self, host=None):
        return [t for t in self.cluster.tasks.values() if t.running and host in (None, t.instance_id)]


@pytest.fixture
def stage():
    return Stage()
