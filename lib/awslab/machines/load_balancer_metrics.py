"""AWS/ApplicationELB: what one minute's requests and target states come to, by AWS's own sets of dimensions."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from awslab.machines.events import RequestsServed
from awslab.machines.metrics import MINUTE_S, Bucket, MetricKey, Metrics, metric_key
from awslab.machines.targets import TargetGroup, TargetState

NAMESPACE = "AWS/ApplicationELB"
ANSWERED = {kind: f"HTTPCode_Target_{kind}XX_Count" for kind in (2, 3, 4, 5)}
FAILED_OPEN = "UnhealthyRoutingRequestCount"  # reported by target group only
RESPONSE_TIME_DIGITS = 4  # real seconds to 0.1 ms, so that percentiles of many requests need little memory


@lru_cache(maxsize=1024)
def load_balancer_of(listener_arn: str) -> str:
    """The LoadBalancer dimension: `app/<name>/<id>`."""
    return listener_arn.split(":listener/")[1].rsplit("/", 1)[0]


@lru_cache(maxsize=1024)
def target_group_of(target_group_arn: str) -> str:
    """The TargetGroup dimension: `targetgroup/<name>/<id>`."""
    return target_group_arn.rsplit(":", 1)[1]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was counted; `target_group` and `zone` are "" when there was none."""

    load_balancer: str
    target_group: str = ""
    zone: str = ""

    def keys(self, metric: str) -> tuple[MetricKey, ...]:
        """LB; AZ+LB; TG+LB; TG+AZ+LB: each a metric of its own."""
        return _keys(self, metric)

    def group_keys(self, metric: str) -> Iterator[MetricKey]:
        """TG+LB and TG+AZ+LB only."""
        return (key for key in self.keys(metric) if dict(key.dimensions).get("TargetGroup"))


@lru_cache(maxsize=4096)  # the same few dozen are asked for at every report
def _keys(place: Place, metric: str) -> tuple[MetricKey, ...]:
    balancer, zone = {"LoadBalancer": place.load_balancer}, {"AvailabilityZone": place.zone}
    group = {"TargetGroup": place.target_group}
    sets = [balancer]
    if place.zone:
        sets.append(balancer | zone)
    if place.target_group:
        sets.append(balancer | group)
    if place.zone and place.target_group:
        sets.append(balancer | group | zone)
    return tuple(metric_key(NAMESPACE, metric, dimensions) for dimensions in sets)


@dataclass(slots=True)
class Here:
    """What was counted at one place: sums by metric, and how many responses took how long."""

    sums: Counter[str] = field(default_factory=Counter)
    times: Counter[float] = field(default_factory=Counter)


@dataclass(slots=True)
class Minute:
    """Requests of one minute. Without any there is no data point at all, and what went wrong is never reported as zero
    but for the status codes of targets that did answer."""

    places: defaultdict[Place, Here] = field(default_factory=lambda: defaultdict(Here))
    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (LB, TG, AZ): a target was chosen

    def count(self, served: RequestsServed, zone: str, fails_open: bool) -> None:
        """Add one report of the data plane."""
        place = Place(
            load_balancer_of(served.listener_arn),
            target_group_of(served.target_group_arn) if served.target_group_arn else "",
            zone,
        )
        if served.elb_statuses:
            own = self.places[Place(place.load_balancer, zone=zone)]  # its own answers are never split by target group
            for status, n in served.elb_statuses:
                _count_elb(own, status, n)
        if served.connection_errors:
            self.places[place].sums["TargetConnectionErrorCount"] += served.connection_errors
        if served.target_id:
            self._count_chosen(place, served, fails_open)

    def _count_chosen(self, place: Place, served: RequestsServed, fails_open: bool) -> None:
        chosen = sum(n for _, n in served.statuses) + sum(n for _, n in served.elb_statuses)
        here = self.places[place]
        here.sums["RequestCount"] += chosen
        for metric in ANSWERED.values():  # all four are reported once there are requests
            here.sums[metric] += 0
        for status, n in served.statuses:
            if status // 100 in ANSWERED:
                here.sums[ANSWERED[status // 100]] += n
        self.requests[place.load_balancer, place.target_group, place.zone] += chosen
        if fails_open:
            here.sums[FAILED_OPEN] += chosen
        for seconds, n in served.response_times_s:
            here.times[round(seconds, RESPONSE_TIME_DIGITS)] += n

    def publish(self, metrics: Metrics, at: float) -> None:
        """Report the minute that begins at `at`."""
        sums: Counter[MetricKey] = Counter()
        for place, here in self.places.items():
            for metric, n in here.sums.items():
                for key in place.group_keys(metric) if metric == FAILED_OPEN else place.keys(metric):
                    sums[key] += n
            for key in place.keys("TargetResponseTime"):
                for value, n in here.times.items():
                    metrics.put(key, at, value, float(n), unit="Seconds")
        for key, n in sums.items():
            metrics.put(key, at, float(n), unit="Count")


def _count_elb(own: Here, status: int, n: int) -> None:
    own.sums[f"HTTPCode_ELB_{status // 100}XX_Count"] += n
    if status in (500, 502, 503, 504):
        own.sums[f"HTTPCode_ELB_{status}_Count"] += n


@dataclass(slots=True)
class Gauge:
    """A number over time, as if sampled every second; None while there is nothing to report."""

    value: float | None = None
    since: float = 0.0
    minutes: dict[float, Bucket] = field(default_factory=dict)

    def set(self, value: float | None, now: float) -> None:
        """It changes now."""
        self.roll(now)
        self.value = value

    def roll(self, now: float) -> None:
        """Account for the time up to now, minute by minute."""
        while self.since < now:
            minute = math.floor(self.since / MINUTE_S) * MINUTE_S
            until = min(now, minute + MINUTE_S)
            if self.value is not None:
                self.minutes.setdefault(minute, Bucket()).see(self.value, until - self.since)
            self.since = until

    def take(self, minute: float) -> Bucket | None:
        """What there is to say of the minute that begins at `minute`; it is then forgotten."""
        return self.minutes.pop(minute, None)


def host_counts(group: TargetGroup, zones: dict[str, str]) -> dict[Place, tuple[int, int]]:
    """(healthy, unhealthy) targets of a group in use, by place: each zone, and all together in zone ""."""
    counts: dict[Place, tuple[int, int]] = {}
    for listener_arn in sorted(group.listeners)[:1]:  # all of them are of one load balancer
        balancer, name = load_balancer_of(listener_arn), target_group_of(group.arn)
        for target in group.registered:
            well = (int(target.state is TargetState.HEALTHY), int(target.state is TargetState.UNHEALTHY))
            for zone in {"", zones.get(target.target_id, "")}:
                place = Place(balancer, name, zone)
                known = counts.get(place, (0, 0))
                counts[place] = (known[0] + well[0], known[1] + well[1])
    return counts


def exact_key(place: Place, metric: str, *, with_balancer: bool = True) -> MetricKey:
    """The metric of one place alone: TG, TG+AZ, TG+LB or TG+AZ+LB."""
    dimensions = {"TargetGroup": place.target_group, "AvailabilityZone": place.zone}
    if with_balancer:
        dimensions["LoadBalancer"] = place.load_balancer
    return metric_key(NAMESPACE, metric, {name: value for name, value in dimensions.items() if value})
