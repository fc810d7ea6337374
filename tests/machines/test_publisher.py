"""What one minute of a load balancer, a group and a cluster comes to."""

import random
from types import SimpleNamespace

import pytest

from awslab.clock import VirtualClock
from awslab.machines.events import (
    InstanceLaunched,
    LaunchSpec,
    RequestsServed,
    TargetHealthChanged,
    WeightsChanged,
)
from awslab.machines.metrics import Metrics
from awslab.machines.publisher import Publisher
from awslab.machines.targets import Target, TargetGroup, TargetState
from awslab.world import World

LISTENER = "arn:aws:elasticloadbalancing:us-east-1:1:listener/app/web/1a/2b"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/blue/3c"
LB, TG = ("LoadBalancer", "app/web/1a"), ("TargetGroup", "targetgroup/blue/3c")
ZONE = ("AvailabilityZone", "us-east-1a")
SPEC = LaunchSpec(
    launch_template_id="lt", launch_template_name="lt", launch_template_version="1", image_id="ami", instance_type="t"
)
START = 1_800_000_000.0


class Bench:
    def __init__(self, healthy=2, unhealthy=0):
        self.clock = VirtualClock(START)
        self.world = World(self.clock)
        self.metrics = Metrics()
        self.scaling, self.clusters = [], []
        self.world.add(
            Publisher(
                self.metrics,
                target_groups=lambda: self.world.of(TargetGroup),
                scaling_groups=lambda: self.scaling,
                clusters=lambda: self.clusters,
                now=START,
            )
        )
        self.group = self.world.add(TargetGroup(GROUP, rng=random.Random(1)))
        self.world.hear(WeightsChanged(listener_arn=LISTENER, weights=((GROUP, 1),)))
        where = {"availability_zone": "us-east-1a", "subnet_id": "s", "group_name": "web", "spec": SPEC}
        self.world.hear(InstanceLaunched(instance_id="i-1", **where))
        for port in range(healthy + unhealthy):
            self.set(port, TargetState.HEALTHY if port < healthy else TargetState.UNHEALTHY)

    def set(self, port, state):
        self.group.targets["i-1", port] = Target("i-1", port, state)
        key = {"target_group_arn": GROUP, "target_id": "i-1", "port": port}
        self.world.hear(TargetHealthChanged(**key, state=str(state)))

    def serve(self, statuses=(), elb_statuses=(), target_id="i-1", group=GROUP, **more):
        event = {"listener_arn": LISTENER, "target_group_arn": group, "target_id": target_id, "port": 0}
        counts = {"statuses": tuple(statuses), "elb_statuses": tuple(elb_statuses)}
        answered = sum(n for _, n in statuses)
        times = ((0.05, answered),) if answered else ()
        self.world.hear(
            RequestsServed(**event, **counts, **{"connection_errors": 0, "response_times_s": times, **more})
        )

    def minute(self):
        self.clock.sleep(60 + START - self.world.now + 60 * ((self.world.now - START) // 60) + 6)
        self.world.settle()

    def read(self, name, statistic="Sum", minute=0):
        """{dimensions: value} of one metric in one minute."""
        at = START + 60 * minute
        found = {key: self.metrics.points(key, at, at + 60, 60, statistic) for key in self.metrics.series}
        return {key.dimensions: v[at] for key, v in found.items() if key.name == name and v}


def test_requests_are_counted_for_exactly_these_dimensions():
    b = Bench()
    b.serve([(200, 7), (503, 3)])
    b.minute()
    four = {(LB,), (ZONE, LB), (LB, TG), (ZONE, LB, TG)}
    assert b.read("RequestCount") == dict.fromkeys(four, 10.0)
    assert b.read("HTTPCode_Target_2XX_Count") == dict.fromkeys(four, 7.0)
    assert b.read("HTTPCode_Target_5XX_Count") == dict.fromkeys(four, 3.0)
    assert b.read("TargetResponseTime", "p99") == dict.fromkeys(four, 0.05)


def test_without_requests_there_are_no_data_points():
    b = Bench()
    b.minute()
    names = {key.name for key in b.metrics.series}
    assert names == {"HealthyHostCount", "UnHealthyHostCount", "RequestCountPerTarget"}


def test_the_load_balancers_own_errors_are_never_split_by_target_group():
    b = Bench()
    b.serve(elb_statuses=[(502, 2)], connection_errors=2)
    b.serve(elb_statuses=[(503, 5)], target_id="", group="")
    b.minute()
    assert b.read("HTTPCode_ELB_5XX_Count") == {(LB,): 7.0, (ZONE, LB): 2.0}
    assert b.read("HTTPCode_ELB_503_Count") == {(LB,): 5.0}
    assert b.read("RequestCount")[(LB,)] == 2.0, "a 503 without a target is no request to one"
    assert b.read("TargetConnectionErrorCount")[(LB, TG)] == 2.0


def test_a_report_on_the_stroke_of_the_minute_is_of_the_minute_before():
    b = Bench()
    b.clock.sleep(60)
    b.serve([(200, 1)])
    b.clock.sleep(1)
    b.serve([(200, 2)])
    b.clock.sleep(70)
    b.world.settle()
    assert [b.read("RequestCount", minute=m)[(LB,)] for m in (0, 1)] == [1.0, 2.0]


def test_hosts_are_counted_over_the_whole_minute():
    b = Bench(healthy=2)
    b.minute()
    b.clock.sleep(24)  # 30 s into the second minute
    b.set(1, TargetState.UNHEALTHY)
    b.clock.sleep(40)
    b.world.settle()
    two = {(LB, TG), (ZONE, LB, TG)}
    assert b.read("HealthyHostCount", "Minimum") == dict.fromkeys(two, 2.0)
    assert b.read("HealthyHostCount", "Minimum", 1) == dict.fromkeys(two, 1.0)
    assert b.read("HealthyHostCount", "Average", 1) == dict.fromkeys(two, 1.5)
    assert b.read("UnHealthyHostCount", "Maximum", 1) == dict.fromkeys(two, 1.0)


def test_a_draining_target_is_neither_healthy_nor_unhealthy_and_no_target_is_no_data():
    b = Bench(healthy=1)
    b.set(0, TargetState.DRAINING)
    b.minute()
    b.minute()
    assert b.read("HealthyHostCount", "Maximum", 1) == {} == b.read("UnHealthyHostCount", "Maximum", 1)


@pytest.mark.parametrize(("healthy", "routed"), [(0, 4.0), (1, None)])
def test_routing_to_unhealthy_targets_is_reported_when_the_group_fails_open(healthy, routed):
    b = Bench(healthy=healthy, unhealthy=1)
    b.serve([(200, 4)])
    b.minute()
    assert b.read("UnhealthyRoutingRequestCount").get((LB, TG)) == routed


def test_requests_per_target_are_an_average():
    b = Bench(healthy=2)
    b.serve([(200, 9)])
    b.minute()
    assert b.read("RequestCountPerTarget") == dict.fromkeys({(TG,), (ZONE, TG), (LB, TG), (ZONE, LB, TG)}, 4.5)


@pytest.mark.parametrize("enabled", [{"GroupInServiceInstances", "GroupTotalInstances"}, set()])
def test_a_scaling_group_reports_only_what_is_enabled(enabled):
    b = Bench()
    states = {"i-1": "InService", "i-2": "Pending:Wait", "i-3": "Terminating:Wait"}
    instances = {i: SimpleNamespace(lifecycle_state=state) for i, state in states.items()}
    sizes = {"desired_capacity": 2, "min_size": 1, "max_size": 4}
    b.scaling.append(SimpleNamespace(name="web", instances=instances, enabled_metrics=enabled, **sizes))
    b.minute()
    read = {
        key.name: b.read(key.name)[key.dimensions] for key in b.metrics.series if key.namespace == "AWS/AutoScaling"
    }
    assert read == {n: {"GroupInServiceInstances": 1.0, "GroupTotalInstances": 3.0}[n] for n in enabled}


def test_a_cluster_reports_what_is_reserved_of_its_hosts():
    b = Bench()
    host = {"cpu_used": 512, "cpu_units": 2048, "memory_used_mib": 1024, "memory_mib": 4096}
    hosts = {"a": SimpleNamespace(here=True, **host), "b": SimpleNamespace(here=False, **host)}
    idle = {"tasks": {}, "services": {}}
    b.clusters += [SimpleNamespace(cluster_name="dev", hosts=hosts, **idle)]
    b.clusters += [SimpleNamespace(cluster_name="empty", hosts={}, **idle)]
    b.minute()
    assert b.read("CPUReservation") == {(("ClusterName", "dev"),): 25.0} == b.read("MemoryReservation")
