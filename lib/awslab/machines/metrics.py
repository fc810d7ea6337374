"""What CloudWatch keeps: values by namespace, name and exact set of dimensions, one bucket a minute.

Each set of dimensions is a metric of its own; nothing is rolled up from one to another.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MINUTE_S = 60.0
RETENTION_S = 15 * 24 * 3600.0  # one-minute data points are kept 15 days; the lab keeps no coarser ones after that
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
PERCENTILE = re.compile(r"p(100|\d{1,2}(\.\d{1,10})?)")


@dataclass(frozen=True, slots=True, order=True)
class MetricKey:
    """One metric: `dimensions` is sorted by name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def metric_key(namespace: str, name: str, dimensions: Mapping[str, str]) -> MetricKey:
    """The metric with exactly these dimensions."""
    return MetricKey(namespace, name, tuple(sorted(dimensions.items())))


@dataclass(slots=True)
class Bucket:
    """What was reported for one minute, or for a period of several."""

    count: float = 0.0
    total: float = 0.0
    lowest: float = math.inf
    highest: float = -math.inf
    values: dict[float, float] = field(default_factory=dict)  # and how often each was seen
    summarised: bool = False  # some values are known by their statistics only, so there are no percentiles

    def see(self, value: float, count: float) -> None:
        """Take in a value that was seen `count` times."""
        self.count += count
        self.total += value * count
        self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)
        self.values[value] = self.values.get(value, 0.0) + count

    def add(self, other: Bucket) -> None:
        """Take in what another bucket holds."""
        self.count += other.count
        self.total += other.total
        self.lowest, self.highest = min(self.lowest, other.lowest), max(self.highest, other.highest)
        for value, count in other.values.items():
            self.values[value] = self.values.get(value, 0.0) + count
        self.summarised |= other.summarised

    def read(self, statistic: str) -> float | None:
        """One statistic; None when it can't be told (a percentile of summarised values)."""
        plain = {"SampleCount": self.count, "Sum": self.total, "Minimum": self.lowest, "Maximum": self.highest}
        if statistic in plain:
            return plain[statistic]
        if statistic == "Average":
            return self.total / self.count
        if self.summarised:  # as on AWS, unless all values are equal
            return self.lowest if self.lowest == self.highest else None
        return percentile(self.values, float(statistic[1:]))


def is_statistic(name: str) -> bool:
    """One of the five simple statistics, or a percentile such as `p99` or `p99.9`."""
    return name in STATISTICS or PERCENTILE.fullmatch(name) is not None


def percentile(values: Mapping[float, float], percent: float) -> float:
    """The nearest rank: the smallest value that at least `percent` of all values do not exceed."""
    wanted = percent / 100 * sum(values.values())
    reached = 0.0
    for value in sorted(values):
        reached += values[value]
        if reached >= wanted - 1e-9:
            return value
    raise AssertionError("a percentile of nothing")


@dataclass(slots=True)
class Series:
    """One metric's buckets by the start of their minute."""

    unit: str
    minutes: dict[float, Bucket] = field(default_factory=dict)

    def within(self, start: float, end: float) -> Iterable[tuple[float, Bucket]]:
        """The buckets with start <= minute < end, in the order of time."""
        if (end - start) / MINUTE_S > len(self.minutes):
            return sorted((m, b) for m, b in self.minutes.items() if start <= m < end)
        first = math.ceil(start / MINUTE_S) * MINUTE_S
        due = (first + i * MINUTE_S for i in range(math.ceil((end - first) / MINUTE_S)))
        return [(m, self.minutes[m]) for m in due if m in self.minutes]


class Metrics:
    """Every metric of the lab."""

    def __init__(self) -> None:
        self.series: dict[MetricKey, Series] = {}

    def put(self, key: MetricKey, at: float, value: float, count: float = 1.0, unit: str = "None") -> None:
        """Report a value that was seen `count` times at lab time `at`."""
        if count > 0:
            self._bucket(key, at, unit).see(value, count)

    def put_bucket(self, key: MetricKey, at: float, bucket: Bucket, unit: str = "None") -> None:
        """Report many values of the minute that contains `at` at once."""
        if bucket.count > 0:
            self._bucket(key, at, unit).add(bucket)

    def _bucket(self, key: MetricKey, at: float, unit: str) -> Bucket:
        """The minute's, made if need be; what is too old to be kept is dropped on the way."""
        if (series := self.series.get(key)) is None:
            series = self.series[key] = Series(unit)
        minute = math.floor(at / MINUTE_S) * MINUTE_S
        if (bucket := series.minutes.get(minute)) is None:
            bucket = series.minutes[minute] = Bucket()
            while (oldest := next(iter(series.minutes))) < minute - RETENTION_S:
                del series.minutes[oldest]
        return bucket

    def buckets(
        self, key: MetricKey, start: float, end: float, period_s: float, *, origin: float = 0.0, unit: str = ""
    ) -> dict[float, Bucket]:
        """What was reported in [start, end), a bucket a period.

        Args:
            key: The metric.
            start: Lab time; the minute that begins here is the first that counts.
            end: Lab time; the minute that begins here no longer counts.
            period_s: Length of a period, a multiple of 60.
            origin: Periods begin here and every `period_s` before and after it.
            unit: Only if the metric was reported in this unit; any by default.
        """
        series = self.series.get(key)
        if series is None or unit not in ("", series.unit):
            return {}
        found: dict[float, Bucket] = {}
        for minute, bucket in series.within(start, end):
            period = origin + math.floor((minute - origin) / period_s) * period_s
            found.setdefault(period, Bucket()).add(bucket)
        return found

    def points(
        self,
        key: MetricKey,
        start: float,
        end: float,
        period_s: float,
        statistic: str,
        *,
        origin: float = 0.0,
        unit: str = "",
    ) -> dict[float, float]:
        """One statistic of each period of [start, end) that has any data: {start of the period: value}."""
        found = self.buckets(key, start, end, period_s, origin=origin, unit=unit)
        return {at: value for at, b in found.items() if (value := b.read(statistic)) is not None}

    def unit(self, key: MetricKey) -> str:
        """The unit a metric was first reported in; `None` for one never heard of."""
        return self.series[key].unit if key in self.series else "None"
