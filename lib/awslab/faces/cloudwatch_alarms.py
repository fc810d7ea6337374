"""Metric alarms as CloudWatch's API speaks of them."""

from __future__ import annotations

from datetime import UTC, datetime

from moto.core.responses import ActionResult, EmptyResult

from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines.alarms import Alarm, AlarmSettings, HistoryItem
from awslab.machines.evaluation import BREACHING, COMPARISONS, IGNORE, MISSING, NOT_BREACHING
from awslab.machines.metrics import STATISTICS, is_statistic, metric_key
from awslab.machines.publisher import Publisher

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
TREATMENTS = (BREACHING, NOT_BREACHING, IGNORE, MISSING)
RANGE_MAX_S = 7 * 24 * 3600  # EvaluationPeriods x Period; one day for periods below an hour
PAGE = 100  # DescribeAlarms and DescribeAlarmHistory: MaxRecords 1-100
# What only the API reads: kept as given and given back as kept.
DESCRIBED = (
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "Statistic",
    "ExtendedStatistic",
    "Unit",
    "DatapointsToAlarm",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
)


class AlarmActions:
    """Actions on alarms; `Face` mixes them in. Alarm actions (SNS and so on) are kept but not carried out."""

    def put_metric_alarm(self) -> ActionResult:
        """PutMetricAlarm: creates an alarm, or replaces everything but the state of an existing one."""
        wanted, name = self.params, self.params["AlarmName"]
        settings = _settings(wanted)
        described = {field: wanted[field] for field in DESCRIBED if wanted.get(field) not in (None, "")}
        described = {"ActionsEnabled": True, **described}
        known = self._find(name)
        if known is not None:
            tags = known.described["Tags"]  # on an existing alarm PutMetricAlarm leaves the tags alone
            known.configure(settings, {**described, "Tags": tags}, self.world.now)
            return EmptyResult()
        described["Tags"] = {tag["Key"]: tag["Value"] for tag in wanted.get("Tags") or []}
        metrics = self.world.of(Publisher)[0].metrics
        rng = self.world.random(f"alarm:{name}")
        self.world.add(Alarm(name, settings, metrics, rng=rng, now=self.world.now, described=described))
        return EmptyResult()

    def put_composite_alarm(self) -> ActionResult:
        """PutCompositeAlarm is not imitated."""
        raise _invalid("The lab does not imitate composite alarms.")

    def delete_alarms(self) -> ActionResult:
        """DeleteAlarms: all of them, or none when one does not exist."""
        for alarm in [self._alarm(name) for name in self.params["AlarmNames"]]:
            self.world.remove(alarm)
        return EmptyResult()

    def describe_alarms(self) -> ActionResult:
        """DescribeAlarms, in the order of names."""
        wanted = self.params
        if "MetricAlarm" not in (wanted.get("AlarmTypes") or ["MetricAlarm"]):
            return ActionResult({"MetricAlarms": [], "CompositeAlarms": []})
        found = [alarm for alarm in self._alarms() if _matches(alarm, wanted)]
        page, token = _page(found, wanted)
        return ActionResult(
            {"MetricAlarms": [_describe(a, self.region) for a in page], "CompositeAlarms": [], "NextToken": token}
        )

    def describe_alarms_for_metric(self) -> ActionResult:
        """DescribeAlarmsForMetric: exactly this metric, with exactly these dimensions."""
        wanted = self.params
        key = metric_key(wanted["Namespace"], wanted["MetricName"], _dimensions(wanted))
        statistic = wanted.get("Statistic") or wanted.get("ExtendedStatistic")
        found = [
            alarm
            for alarm in self._alarms()
            if alarm.settings.metric == key
            and statistic in (None, alarm.settings.statistic)
            and wanted.get("Period") in (None, alarm.settings.period_s)
            and (wanted.get("Unit") or "") in ("", alarm.settings.unit)
        ]
        return ActionResult({"MetricAlarms": [_describe(alarm, self.region) for alarm in found]})

    def describe_alarm_history(self) -> ActionResult:
        """DescribeAlarmHistory: configuration and state changes."""
        wanted = self.params
        alarms = [self._find(wanted["AlarmName"])] if wanted.get("AlarmName") else self._alarms()
        kind, start, end = wanted.get("HistoryItemType"), wanted.get("StartDate"), wanted.get("EndDate")
        items = [
            (alarm, item)
            for alarm in alarms
            if alarm is not None
            for item in alarm.history
            if kind in (None, item.kind)
            and (start is None or item.at >= seconds(start))
            and (end is None or item.at <= seconds(end))
        ]
        items.sort(key=lambda pair: pair[1].at)
        if wanted.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            items.reverse()
        page, token = _page(items, wanted)
        return ActionResult({"AlarmHistoryItems": [_describe_item(a, i) for a, i in page], "NextToken": token})

    def set_alarm_state(self) -> ActionResult:
        """SetAlarmState: until the next evaluation says otherwise."""
        wanted = self.params
        alarm = self._alarm(wanted["AlarmName"])
        state = wanted["StateValue"]
        if state not in STATES:
            raise _invalid(f"Value '{state}' at 'stateValue' must be one of {', '.join(STATES)}")
        events = alarm.force(state, wanted["StateReason"], wanted.get("StateReasonData") or "", self.world.now)
        self.world.tell(events)
        return EmptyResult()

    def enable_alarm_actions(self) -> ActionResult:
        """EnableAlarmActions."""
        return self._set_actions(True)

    def disable_alarm_actions(self) -> ActionResult:
        """DisableAlarmActions."""
        return self._set_actions(False)

    def _set_actions(self, enabled: bool) -> ActionResult:
        for name in self.params.get("AlarmNames") or []:
            if (alarm := self._find(name)) is not None:
                alarm.described["ActionsEnabled"] = enabled
        return EmptyResult()

    # ---- looking up

    def _alarms(self) -> list[Alarm]:
        return sorted(self.world.of(Alarm), key=lambda alarm: alarm.alarm_name)

    def _find(self, name: str) -> Alarm | None:
        return next((alarm for alarm in self.world.of(Alarm) if alarm.alarm_name == name), None)

    def _alarm(self, name: str) -> Alarm:
        alarm = self._find(name)
        if alarm is None:
            raise AwsError("ResourceNotFound", f"Alarm {name} does not exist")
        return alarm


def arn(alarm: Alarm, region: str) -> str:
    """AlarmArn."""
    return f"arn:aws:cloudwatch:{region}:{ACCOUNT_ID}:alarm:{alarm.alarm_name}"


def seconds(moment: datetime) -> float:
    """A timestamp of a request as lab time; one without a zone is UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def utc(at: float) -> datetime:
    """Lab time as AWS answers it."""
    return datetime.fromtimestamp(at, UTC)


def _settings(wanted: dict) -> AlarmSettings:
    """What decides the state, checked as AWS checks it."""
    _check_metric(wanted)
    statistic = wanted.get("Statistic") or wanted.get("ExtendedStatistic")
    settings = AlarmSettings(
        metric=metric_key(wanted["Namespace"], wanted["MetricName"], _dimensions(wanted)),
        statistic=statistic,
        period_s=int(wanted["Period"]),
        evaluation_periods=int(wanted["EvaluationPeriods"]),
        threshold=float(wanted["Threshold"]),
        comparison=wanted["ComparisonOperator"],
        datapoints_to_alarm=wanted.get("DatapointsToAlarm"),
        treat_missing_data=wanted.get("TreatMissingData") or MISSING,
        unit=wanted.get("Unit") or "",
        ignore_low_samples=wanted.get("EvaluateLowSampleCountPercentile") == "ignore",
    )
    _check_evaluation(settings)
    return settings


def _check_metric(wanted: dict) -> None:
    if wanted.get("Metrics"):
        raise _invalid("The lab does not imitate alarms on metric math; name one metric.")
    for field in ("MetricName", "Namespace", "Period", "Threshold"):
        if wanted.get(field) is None:
            raise _invalid(f"{field} is required")
    if bool(wanted.get("Statistic")) == bool(wanted.get("ExtendedStatistic")):
        raise AwsError(
            "InvalidParameterCombination", "Must specify either Statistic or ExtendedStatistic, and not both"
        )
    if wanted.get("Statistic") and wanted["Statistic"] not in STATISTICS:
        raise _invalid(f"Value '{wanted['Statistic']}' at 'statistic' must be one of {', '.join(STATISTICS)}")
    if wanted.get("ExtendedStatistic") and not is_statistic(wanted["ExtendedStatistic"]):
        raise _invalid("The lab imitates percentiles such as p99 or p99.9 as ExtendedStatistic.")
    if wanted["ComparisonOperator"] not in COMPARISONS:
        raise _invalid("The lab does not imitate anomaly detection; compare with a threshold.")


def _check_evaluation(settings: AlarmSettings) -> None:
    periods, to_alarm = settings.evaluation_periods, settings.datapoints_to_alarm
    if settings.period_s < 60 or settings.period_s % 60:
        raise _invalid("The lab's metrics have one-minute resolution: Period must be a multiple of 60")
    if periods < 1:
        raise _invalid("EvaluationPeriods must be at least 1")
    if to_alarm is not None and not 1 <= to_alarm <= periods:
        raise _invalid("DatapointsToAlarm must be from 1 to EvaluationPeriods")
    if periods * settings.period_s > (RANGE_MAX_S if settings.period_s >= 3600 else RANGE_MAX_S / 7):
        raise _invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)")
    if settings.treat_missing_data not in TREATMENTS:
        raise _invalid(f"TreatMissingData must be one of {', '.join(TREATMENTS)}")


def _dimensions(wanted: dict) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in wanted.get("Dimensions") or []}


def _matches(alarm: Alarm, wanted: dict) -> bool:
    actions = [a for kind in ("AlarmActions", "OKActions", "InsufficientDataActions") for a in _list(alarm, kind)]
    names, prefix = wanted.get("AlarmNames"), wanted.get("ActionPrefix")
    return (
        (not names or alarm.alarm_name in names)
        and alarm.alarm_name.startswith(wanted.get("AlarmNamePrefix") or "")
        and (wanted.get("StateValue") or alarm.state) == alarm.state
        and (not prefix or any(action.startswith(prefix) for action in actions))
    )


def _list(alarm: Alarm, field: str) -> list:
    return list(alarm.described.get(field) or [])


def _page(found: list, wanted: dict) -> tuple[list, str | None]:
    token = wanted.get("NextToken") or "0"
    if not token.isdigit():
        raise AwsError("InvalidNextToken", "The next token specified is invalid.")
    start, size = int(token), int(wanted.get("MaxRecords") or PAGE)
    more = start + size < len(found)
    return found[start : start + size], str(start + size) if more else None


def _describe(alarm: Alarm, region: str) -> dict:
    settings, standing, kept = alarm.settings, alarm.standing, alarm.described
    return {
        **{field: kept.get(field) for field in DESCRIBED},
        **{field: _list(alarm, field) for field in ("OKActions", "AlarmActions", "InsufficientDataActions")},
        "AlarmName": alarm.alarm_name,
        "AlarmArn": arn(alarm, region),
        "AlarmConfigurationUpdatedTimestamp": utc(alarm.configured_at),
        "StateValue": standing.state,
        "StateReason": standing.reason,
        "StateReasonData": standing.reason_data or None,
        "StateUpdatedTimestamp": utc(standing.updated_at),
        "StateTransitionedTimestamp": utc(standing.transitioned_at),
        "MetricName": settings.metric.name,
        "Namespace": settings.metric.namespace,
        "Dimensions": [{"Name": name, "Value": value} for name, value in settings.metric.dimensions],
        "Period": settings.period_s,
        "EvaluationPeriods": settings.evaluation_periods,
        "Threshold": settings.threshold,
        "ComparisonOperator": settings.comparison,
    }


def _describe_item(alarm: Alarm, item: HistoryItem) -> dict:
    return {
        "AlarmName": alarm.alarm_name,
        "AlarmType": "MetricAlarm",
        "Timestamp": utc(item.at),
        "HistoryItemType": item.kind,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)
