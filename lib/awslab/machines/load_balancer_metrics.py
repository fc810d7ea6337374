"""AWS/ApplicationELB: what one minute's requests and target states come to, by AWS's own sets of dimensions."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from awslab.machines.events import RequestsServed
from awslab.machines.metrics import MINUTE_S, Bucket, MetricKey, Metrics, metric_key
from awslab.machines.targets import TargetGroup, TargetState

NAMESPACE = "AWS/ApplicationELB"
RESPONSE_TIME_DIGITS = 4  # real seconds to 0.1 ms, so that percentiles of many requests need little memory


def load_balancer_of(listener_arn: str) -> str:
    """The LoadBalancer dimension: `app/<name>/<id>`."""
    return listener_arn.split(":listener/")[1].rsplit("/", 1)[0]


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
class Minute:
    """Requests of one minute. Without any there is no data point at all, and what went wrong is never reported as zero
    but for the status codes of targets that did answer."""

    sums: Counter[MetricKey] = field(default_factory=Counter)
    times: defaultdict[MetricKey, Counter[float]] = field(default_factory=lambda: defaultdict(Counter))
    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (LB, TG, AZ): a target was chosen

    def count(self, served: RequestsServed, zone: str, fails_open: bool) -> None:
        """Add one report of the data plane."""
        place = Place(
            load_balancer_of(served.listener_arn),
            target_group_of(served.target_group_arn) if served.target_group_arn else "",
            zone,
        )
        for status, n in served.elb_statuses:
            self._count_elb(Place(place.load_balancer, zone=zone), status, n)
        self._sum(place.keys("TargetConnectionErrorCount"), served.connection_errors)
        if served.target_id:
            self._count_chosen(place, served, fails_open)

    def _count_chosen(self, place: Place, served: RequestsServed, fails_open: bool) -> None:
        chosen = sum(n for _, n in served.statuses) + sum(n for _, n in served.elb_statuses)
        self._sum(place.keys("RequestCount"), chosen)
        answered = Counter({kind: 0 for kind in (2, 3, 4, 5)})  # all four are reported once there are requests
        for status, n in served.statuses:
            answered[status // 100] += n
        for kind, n in answered.items():
            self._sum(place.keys(f"HTTPCode_Target_{kind}XX_Count"), n, zero=True)
        self.requests[place.load_balancer, place.target_group, place.zone] += chosen
        if fails_open:
            self._sum(place.group_keys("UnhealthyRoutingRequestCount"), chosen)
        times = Counter(served.response_times_s)  # of simulated tasks all the same: counted first, they cost nothing
        for key in place.keys("TargetResponseTime"):
            for time_s, n in times.items():
                self.times[key][round(time_s, RESPONSE_TIME_DIGITS)] += n

    def _count_elb(self, place: Place, status: int, n: int) -> None:
        """The load balancer's own answers are never split by target group."""
        kind = f"HTTPCode_ELB_{status // 100}XX_Count"
        own = [f"HTTPCode_ELB_{status}_Count"] if status in (500, 502, 503, 504) else []
        for metric in (kind, *own):
            self._sum(place.keys(metric), n)

    def _sum(self, keys: Iterable[MetricKey], n: int, zero: bool = False) -> None:
        for key in keys if n or zero else ():
            self.sums[key] += n

    def publish(self, metrics: Metrics, at: float) -> None:
        """Report the minute that begins at `at`."""
        for key, n in self.sums.items():
            metrics.put(key, at, float(n), unit="Count")
        for key, values in self.times.items():
            for value, n in values.items():
                metrics.put(key, at, value, float(n), unit="Seconds")


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
                seconds, value = until - self.since, self.value
                sample = Bucket(seconds, value * seconds, value, value, Counter({value: seconds}))
                self.minutes.setdefault(minute, Bucket()).add(sample)
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
