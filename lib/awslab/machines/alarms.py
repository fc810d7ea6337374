"""One CloudWatch metric alarm: looks at its metric once a minute and tells when its state changes."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from awslab.machines import alarm_words
from awslab.machines.evaluation import COMPARISONS, INSUFFICIENT_DATA, MISSING, Verdict, judge
from awslab.machines.events import AlarmStateChanged
from awslab.machines.machine import Event, Machine
from awslab.machines.metrics import MINUTE_S, STATISTICS, Bucket, MetricKey, Metrics

EVALUATE_EVERY_S = 60.0  # alarms with periods of a minute and more
PHASE_S = (15.0, 55.0)  # when in a minute an alarm is evaluated, after the minute's metrics are there; the lab's choice
# The evaluation range is longer than EvaluationPeriods; AWS does not say by how much. Its example, with periods of five
# minutes, has two more. With one-minute periods an alarm was seen to stay ALARM for over six minutes after its only
# data point.
EXTRA_PERIODS = 2
EXTRA_PERIODS_OF_A_MINUTE = 6
HISTORY_MAX = 1000  # AWS keeps 30 days


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """What PutMetricAlarm says, as far as it decides the state.

    Attributes:
        metric: Which metric.
        statistic: One of the five simple ones, or a percentile such as `p99`.
        period_s: A multiple of 60.
        evaluation_periods: N, >= 1.
        threshold: In the metric's unit.
        comparison: ComparisonOperator, one of `evaluation.COMPARISONS`.
        datapoints_to_alarm: M, 1 to N; None means N.
        treat_missing_data: `missing`, `ignore`, `breaching` or `notBreaching`.
        unit: Only data in this unit counts; "" for any.
        ignore_low_samples: EvaluateLowSampleCountPercentile is `ignore`: too few samples for a percentile change
            nothing.
    """

    metric: MetricKey
    statistic: str
    period_s: int
    evaluation_periods: int
    threshold: float
    comparison: str
    datapoints_to_alarm: int | None = None
    treat_missing_data: str = MISSING
    unit: str = ""
    ignore_low_samples: bool = False

    @property
    def range_periods(self) -> int:
        """How many periods are looked at."""
        extra = EXTRA_PERIODS_OF_A_MINUTE if self.period_s == MINUTE_S else EXTRA_PERIODS
        return self.evaluation_periods + extra


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One line of DescribeAlarmHistory."""

    at: float
    kind: str
    summary: str
    data: str


@dataclass(slots=True)
class Standing:
    """The state of an alarm and why it is in it."""

    state: str = INSUFFICIENT_DATA
    reason: str = alarm_words.INITIAL
    reason_data: str = ""
    updated_at: float = 0.0
    transitioned_at: float = 0.0
    forced: bool = False  # SetAlarmState: until the next evaluation


class Alarm(Machine):
    """A metric alarm.

    Args:
        alarm_name: Unique.
        settings: What it watches.
        metrics: Where the data is.
        rng: Draws when in a minute it is evaluated.
        now: Lab time.
        described: What the API gave and only the API reads (description, actions, tags), kept as it is.
    """

    def __init__(
        self,
        alarm_name: str,
        settings: AlarmSettings,
        metrics: Metrics,
        *,
        rng: random.Random,
        now: float,
        described: Mapping[str, object] | None = None,
    ) -> None:
        self.name, self.alarm_name = f"alarm {alarm_name}", alarm_name
        self.settings, self.described = settings, dict(described or {})
        self.standing = Standing(updated_at=now, transitioned_at=now)
        self.configured_at = now
        self.history: list[HistoryItem] = []  # oldest first
        self._metrics = metrics
        self._phase_s = rng.uniform(*PHASE_S)
        self._next = (math.floor((now - self._phase_s) / EVALUATE_EVERY_S) + 1) * EVALUATE_EVERY_S + self._phase_s
        self._remember(now, "ConfigurationUpdate", f'Alarm "{alarm_name}" created', {"type": "Create"})

    @property
    def state(self) -> str:
        """OK, ALARM or INSUFFICIENT_DATA."""
        return self.standing.state

    def configure(self, settings: AlarmSettings, described: Mapping[str, object], now: float) -> None:
        """PutMetricAlarm on an existing alarm: everything but its state is replaced."""
        self.settings, self.described, self.configured_at = settings, dict(described), now
        self._remember(now, "ConfigurationUpdate", f'Alarm "{self.alarm_name}" updated', {"type": "Update"})

    def force(self, state: str, reason: str, reason_data: str, now: float) -> list[Event]:
        """SetAlarmState: holds until the next evaluation says otherwise."""
        return self._enter(state, reason, reason_data, now, forced=True)

    def wake_at(self) -> float | None:
        """The next evaluation."""
        return self._next

    def on_time(self, now: float) -> Iterable[Event]:
        """Evaluate."""
        self._next += EVALUATE_EVERY_S
        settings = self.settings
        start = math.floor(now / MINUTE_S) * MINUTE_S - settings.range_periods * settings.period_s
        buckets = self._look(start)
        values = [b.read(settings.statistic) if b else None for b in buckets]
        breaches = [None if v is None else COMPARISONS[settings.comparison](v, settings.threshold) for v in values]
        verdict = judge(breaches, settings.evaluation_periods, self._to_alarm, settings.treat_missing_data, self.state)
        if settings.ignore_low_samples and any(self._too_few(buckets[i]) for i in verdict.used):
            return ()
        if verdict.state == self.state and not self.standing.forced:
            return ()
        points = [(start + i * settings.period_s, values[i]) for i in reversed(verdict.used)]
        return self._enter(verdict.state, self._why(verdict, points, breaches), self._data(now, start, points), now)

    @property
    def _to_alarm(self) -> int:
        return self.settings.datapoints_to_alarm or self.settings.evaluation_periods

    def _look(self, start: float) -> list[Bucket | None]:
        s = self.settings
        end = start + s.range_periods * s.period_s
        found = self._metrics.buckets(s.metric, start, end, s.period_s, origin=start, unit=s.unit)
        return [found.get(start + i * s.period_s) for i in range(s.range_periods)]

    def _too_few(self, bucket: Bucket | None) -> bool:
        """Fewer samples than CloudWatch needs to think a percentile significant: 10/(1-p), 10/p below the median."""
        if bucket is None or self.settings.statistic in STATISTICS:
            return False
        share = float(self.settings.statistic[1:]) / 100
        rare = min(share, 1 - share)
        return rare > 0 and bucket.count < 10 / rare

    def _why(self, verdict: Verdict, points: list[tuple[float, float]], breaches: list[bool | None]) -> str:
        s = self.settings
        if s.datapoints_to_alarm is not None and points:  # name the ones that decided
            breaching = verdict.state == "ALARM"
            deciding = [p for p, i in zip(points, reversed(verdict.used), strict=True) if breaches[i] is breaching]
            points = deciding or points
        return alarm_words.reason(
            verdict.state,
            points,
            verdict.filled,
            comparison=s.comparison,
            threshold=s.threshold,
            periods=s.evaluation_periods,
            to_alarm=self._to_alarm,
            m_of_n=len(verdict.used) if s.datapoints_to_alarm is not None else 0,
            missing=s.treat_missing_data,
        )

    def _data(self, now: float, start: float, points: list[tuple[float, float]]) -> str:
        s = self.settings
        return alarm_words.reason_data(now, start, points, s.statistic, s.period_s, s.threshold)

    def _enter(self, state: str, reason: str, data: str, now: float, forced: bool = False) -> list[Event]:
        old = self.standing
        since = now if state != old.state else old.transitioned_at
        self.standing = Standing(state, reason, data, now, since, forced)
        if state == old.state:
            return []
        changed = {"oldState": {"stateValue": old.state}, "newState": {"stateValue": state, "stateReason": reason}}
        self._remember(now, "StateUpdate", f"Alarm updated from {old.state} to {state}", changed)
        return [AlarmStateChanged(alarm_name=self.alarm_name, old_state=old.state, new_state=state, reason=reason)]

    def _remember(self, now: float, kind: str, summary: str, data: dict) -> None:
        self.history.append(HistoryItem(now, kind, summary, json.dumps({"version": "1.0", **data})))
        del self.history[:-HISTORY_MAX]
