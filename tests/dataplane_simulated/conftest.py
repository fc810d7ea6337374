from collections import Counter

import pytest

from awslab.clock import VirtualClock
from awslab.dataplane.simulated import SimulatedPlane
from awslab.machines.events import (
    EndpointsChanged,
    HealthCheckRequested,
    ListenerOpened,
    RequestsServed,
    TaskExited,
    TaskStarted,
    TaskStartRequested,
    WeightsChanged,
)
from awslab.machines.machine import Machine
from awslab.world import World

LISTENER, GROUP = "arn:listener", "arn:blue"


class Ear(Machine):
    """Keeps what it hears, the quiet events too."""

    name = "ear"

    def __init__(self, *kinds):
        self.hears, self.heard = kinds, []

    def on_event(self, event, now):
        self.heard.append((now, event))
        return ()


class Stage:
    """A world with a plane alone, and the other machines' lines read out by the test."""

    def __init__(self, **kwargs):
        self.clock = VirtualClock(0.0)
        self.world = World(self.clock, seed=1)
        self.plane = self.world.add(SimulatedPlane(self.world.random("plane"), **kwargs))
        self.served = self.world.add(Ear(RequestsServed))

    def listen(self, *kinds):
        return self.world.add(Ear(*kinds)).heard

    def after(self, seconds):
        self.clock.sleep(seconds)
        self.world.settle()

    def say(self, *events):
        self.world.hear(*events)

    def run(self, task_id, host="i-1", image="app@sha256:1", **environment):
        """Start a task and wait until it runs; its endpoint."""
        self.request(task_id, host, image, **environment)
        self.after(5)
        return host, self.plane.task(task_id).host_port

    def request(self, task_id, host="i-1", image="app@sha256:1", host_port=0, **environment):
        self.say(
            TaskStartRequested(
                task_id=task_id,
                image=image,
                environment=tuple(environment.items()),
                command=(),
                container_port=8080,
                instance_id=host,
                availability_zone="us-east-1a",
                host_port=host_port,
            )
        )

    def listener(self, port=80, *, weights=((GROUP, 1),), arn=LISTENER):
        self.say(
            ListenerOpened(listener_arn=arn, load_balancer_arn="arn:lb", port=port, idle_timeout_s=60.0),
            WeightsChanged(listener_arn=arn, weights=weights),
        )

    def route(self, *endpoints, group=GROUP):
        self.say(EndpointsChanged(target_group_arn=group, endpoints=endpoints, registered=len(endpoints)))

    def check(self, endpoint, path="/healthz", timeout_s=5.0):
        host, port = endpoint
        self.say(
            HealthCheckRequested(target_group_arn=GROUP, target_id=host, port=port, path=path, timeout_s=timeout_s)
        )

    def send(self, per_second, arn=LISTENER):
        self.world.call(lambda: self.world.tell(self.plane.send(arn, per_second, now=self.world.now)))

    def counts(self, *, group=None):
        """Requests by status, targets' and the load balancer's own, `elb-502` style."""
        total = Counter()
        for _, event in self.served.heard:
            if group in (None, event.target_group_arn):
                total.update(dict(event.statuses))
                total.update({f"elb-{status}": n for status, n in event.elb_statuses})
        return dict(total)

    @property
    def started(self):
        return {e.event.task_id: e.event.host_port for e in self.world.journal if isinstance(e.event, TaskStarted)}

    @property
    def exited(self):
        return {e.event.task_id: e.event.exit_code for e in self.world.journal if isinstance(e.event, TaskExited)}


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def make_stage():
    return Stage
