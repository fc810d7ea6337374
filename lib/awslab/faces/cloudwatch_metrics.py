"""Metrics as CloudWatch's API speaks of them."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from awslab.faces.cloudwatch_alarms import seconds, utc
from awslab.faces.inventory import AwsError
from awslab.machines.metrics import MINUTE_S, Bucket, MetricKey, Metrics, is_statistic, metric_key
from awslab.machines.publisher import Publisher

QUERIES_MAX = 500  # GetMetricData
DATAPOINTS_MAX = 100_800  # GetMetricData, a call
STATISTICS_POINTS_MAX = 1440  # GetMetricStatistics
LIST_PAGE = 500  # ListMetrics
VALUES_MAX = 150  # PutMetricData: Values of one datum


class MetricActions:
    """Actions on metrics; `Face` mixes them in."""

    def put_metric_data(self) -> ActionResult:
        """PutMetricData: values, values with counts, or statistics."""
        namespace = self.params["Namespace"]
        if namespace.startswith("AWS/"):
            raise AwsError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
        rows = [(_key(namespace, datum), datum, _bucket(datum)) for datum in self.params.get("MetricData") or []]
        for key, datum, bucket in rows:
            at = seconds(datum["Timestamp"]) if datum.get("Timestamp") else self.world.now
            self._metrics.put_bucket(key, at, bucket, datum.get("Unit") or "None")
        return EmptyResult()

    def list_metrics(self) -> ActionResult:
        """ListMetrics: those with data, in the order of their names."""
        wanted = self.params
        found = [key for key in sorted(self._metrics.series) if _listed(key, wanted)]
        token = wanted.get("NextToken") or "0"
        if not token.isdigit():
            raise AwsError("InvalidParameterValue", "The value for parameter NextToken is invalid.")
        start = int(token)
        page = found[start : start + LIST_PAGE]
        more = str(start + LIST_PAGE) if start + LIST_PAGE < len(found) else None
        return ActionResult({"Metrics": [_describe(key) for key in page], "NextToken": more})

    def get_metric_statistics(self) -> ActionResult:
        """GetMetricStatistics: simple statistics and percentiles of one metric."""
        wanted = self.params
        plain, percentiles = wanted.get("Statistics") or [], wanted.get("ExtendedStatistics") or []
        if not plain and not percentiles:
            raise AwsError("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
        start, end, period_s = self._window(wanted["StartTime"], wanted["EndTime"], wanted["Period"])
        if (end - start) / period_s > STATISTICS_POINTS_MAX:
            raise AwsError(
                "InvalidParameterCombination",
                f"You have requested up to {int((end - start) / period_s)} datapoints, which exceeds the limit of "
                f"{STATISTICS_POINTS_MAX}.",
            )
        for name in [*plain, *percentiles]:
            _check_statistic(name)
        key = _key(wanted["Namespace"], wanted)
        buckets = self._metrics.buckets(key, start, end, period_s, unit=wanted.get("Unit") or "")
        unit = self._metrics.unit(key)
        points = [_datapoint(at, bucket, unit, plain, percentiles) for at, bucket in buckets.items()]
        return ActionResult({"Label": wanted["MetricName"], "Datapoints": points})

    def get_metric_data(self) -> ActionResult:
        """GetMetricData: any number of metrics, no metric math."""
        wanted = self.params
        queries = wanted["MetricDataQueries"]
        if len(queries) > QUERIES_MAX:
            raise AwsError("ValidationError", f"The collection MetricDataQueries must not have more than {QUERIES_MAX}")
        newest_first = wanted.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        shown = [query for query in queries if query.get("ReturnData") is not False]
        points = []
        for number, query in enumerate(shown):
            found = sorted(self._points(query, wanted).items(), reverse=newest_first)
            points += [(number, at, value) for at, value in found]
        return ActionResult(_page(shown, points, wanted))

    def _points(self, query: dict, wanted: dict) -> dict[float, float]:
        if query.get("Expression") or "MetricStat" not in query:
            raise AwsError("ValidationError", "The lab does not imitate metric math; every query needs a MetricStat.")
        stat = query["MetricStat"]
        _check_statistic(stat["Stat"])
        start, end, period_s = self._window(wanted["StartTime"], wanted["EndTime"], stat["Period"])
        metric = stat["Metric"]
        key = _key(metric["Namespace"], metric)
        return self._metrics.points(key, start, end, period_s, stat["Stat"], unit=stat.get("Unit") or "")

    def _window(self, start, end, period_s: int) -> tuple[float, float, float]:
        if seconds(start) >= seconds(end):
            raise AwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
        if period_s < MINUTE_S or period_s % MINUTE_S:
            raise AwsError(
                "InvalidParameterValue", "The lab's metrics have one-minute resolution: Period must be n x 60"
            )
        return seconds(start) // MINUTE_S * MINUTE_S, seconds(end), float(period_s)

    @property
    def _metrics(self) -> Metrics:
        return self.world.of(Publisher)[0].metrics


def _key(namespace: str, named: dict) -> MetricKey:
    dimensions = {one["Name"]: one["Value"] for one in named.get("Dimensions") or []}
    return metric_key(namespace, named["MetricName"], dimensions)


def _bucket(datum: dict) -> Bucket:
    """One datum as the store keeps it."""
    if summary := datum.get("StatisticValues"):
        low, high = float(summary["Minimum"]), float(summary["Maximum"])
        return Bucket(float(summary["SampleCount"]), float(summary["Sum"]), low, high, summarised=True)
    values = datum["Values"] if datum.get("Values") else [datum.get("Value")]
    counts = datum.get("Counts") or [1.0] * len(values)
    if values == [None] or len(values) != len(counts) or len(values) > VALUES_MAX:
        raise AwsError("InvalidParameterCombination", "A datum takes Value, Values with as many Counts, or statistics")
    bucket = Bucket()
    for value, count in zip(map(float, values), map(float, counts), strict=True):
        bucket.see(value, count)
    return bucket


def _check_statistic(name: str) -> None:
    if not is_statistic(name):
        raise AwsError("ValidationError", f"The value {name} for parameter Stat is not supported.")


def _listed(key: MetricKey, wanted: dict) -> bool:
    has = dict(key.dimensions)
    return (
        wanted.get("Namespace") in (None, key.namespace)
        and wanted.get("MetricName") in (None, key.name)
        and all(
            one["Name"] in has and one.get("Value") in (None, has[one["Name"]])
            for one in wanted.get("Dimensions") or []
        )
    )


def _describe(key: MetricKey) -> dict:
    dimensions = [{"Name": name, "Value": value} for name, value in key.dimensions]
    return {"Namespace": key.namespace, "MetricName": key.name, "Dimensions": dimensions}


def _datapoint(at: float, bucket: Bucket, unit: str, plain: list[str], percentiles: list[str]) -> dict:
    point = {"Timestamp": utc(at), "Unit": unit, **{name: bucket.read(name) for name in plain}}
    if percentiles:
        read = {name: bucket.read(name) for name in percentiles}
        point["ExtendedStatistics"] = {name: value for name, value in read.items() if value is not None}
    return point


def _page(queries: list[dict], points: list[tuple[int, float, float]], wanted: dict) -> dict:
    """One page of GetMetricData: every query is answered, though it may have no points on this page."""
    token = wanted.get("NextToken") or "0"
    if not token.isdigit():
        raise AwsError("InvalidNextToken", "The next token specified is invalid.")
    start, size = int(token), min(int(wanted.get("MaxDatapoints") or DATAPOINTS_MAX), DATAPOINTS_MAX)
    page, more = points[start : start + size], start + size < len(points)
    results = []
    for number, query in enumerate(queries):
        mine = [(at, value) for n, at, value in page if n == number]
        rest = any(n == number for n, _, _ in points[start + size :])
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or query["MetricStat"]["Metric"]["MetricName"],
                "Timestamps": [utc(at) for at, _ in mine],
                "Values": [value for _, value in mine],
                "StatusCode": "PartialData" if rest else "Complete",
            }
        )
    return {"MetricDataResults": results, "NextToken": str(start + size) if more else None}
