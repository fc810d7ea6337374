"""CloudWatch as boto3 sees it, fed by simulated traffic."""

from datetime import UTC, datetime, timedelta

import pytest

ELB = "AWS/ApplicationELB"
ALARM = {
    "AlarmName": "bad",
    "Namespace": "Lab",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


def now(front) -> datetime:
    return datetime.fromtimestamp(front.lab.clock.now(), UTC)


def data(front, name, stat="Sum", namespace=ELB, **dimensions) -> list[float]:
    """The values of the last half hour, newest first."""
    metric = {"Namespace": namespace, "MetricName": name}
    metric["Dimensions"] = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}
    window = {"StartTime": now(front) - timedelta(minutes=30), "EndTime": now(front)}
    return front.cloudwatch.get_metric_data(MetricDataQueries=[query], **window)["MetricDataResults"][0]["Values"]


def balancer(front) -> str:
    return front.lb_arn.split("loadbalancer/")[1]


def group(arn: str) -> str:
    return arn.rsplit(":", 1)[1]


def serve(front, **environment: str) -> None:
    """Ten requests a second reach one task for three minutes."""
    host = front.host()
    front.register(front.blue, (host, front.task(host, 1, **environment)))
    front.sleep(300)


def state(front) -> str:
    return front.cloudwatch.describe_alarms(AlarmNames=["bad"])["MetricAlarms"][0]["StateValue"]


def test_requests_show_up_by_load_balancer_and_by_target_group(front):
    serve(front)
    for dimensions in ({"LoadBalancer": balancer(front)}, {"TargetGroup": group(front.blue)}):
        both = {"LoadBalancer": balancer(front), **dimensions}
        assert data(front, "RequestCount", **both)[0] == 600.0
        assert data(front, "HTTPCode_Target_2XX_Count", **both)[0] == 600.0
        assert data(front, "TargetResponseTime", "p99", **both)[0] == 0.05
    assert (
        data(front, "HealthyHostCount", "Minimum", TargetGroup=group(front.blue), LoadBalancer=balancer(front))[0] == 1
    )
    assert data(front, "RequestCount", TargetGroup=group(front.green), LoadBalancer=balancer(front)) == []


def test_an_empty_target_group_is_a_503_of_the_load_balancer_alone(front):
    front.sleep(180)
    assert data(front, "HTTPCode_ELB_503_Count", LoadBalancer=balancer(front))[0] == 600.0
    assert data(front, "RequestCount", LoadBalancer=balancer(front)) == []
    names = {m["MetricName"] for m in front.cloudwatch.list_metrics(Namespace=ELB)["Metrics"]}
    assert names == {"HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_503_Count"}


@pytest.mark.parametrize(("percent", "expected"), [("5", "ALARM"), ("0", "OK")])
def test_an_alarm_on_bad_answers_fires_for_a_bad_release_only(front, percent, expected):
    front.cloudwatch.put_metric_alarm(
        **{
            **ALARM,
            "Namespace": ELB,
            "MetricName": "HTTPCode_Target_5XX_Count",
            "Dimensions": [{"Name": "LoadBalancer", "Value": balancer(front)}],
        }
    )
    assert state(front) == "INSUFFICIENT_DATA"
    serve(front, ERROR_PERCENT=percent)
    assert state(front) == expected


def test_own_data_is_read_back_as_it_was_put(front):
    put = [{"MetricName": "Latency", "Values": [1.0, 2.0, 4.0], "Counts": [1.0, 2.0, 1.0], "Unit": "Seconds"}]
    front.cloudwatch.put_metric_data(Namespace="Lab", MetricData=put)
    front.sleep(60)
    window = {"StartTime": now(front) - timedelta(minutes=5), "EndTime": now(front), "Period": 60}
    read = front.cloudwatch.get_metric_statistics(
        Namespace="Lab",
        MetricName="Latency",
        Statistics=["Sum", "Average", "SampleCount", "Minimum", "Maximum"],
        ExtendedStatistics=["p50"],
        **window,
    )["Datapoints"]
    assert len(read) == 1 and read[0].pop("Timestamp")
    assert read[0] == {
        "Unit": "Seconds",
        "Sum": 9.0,
        "Average": 2.25,
        "SampleCount": 4.0,
        "Minimum": 1.0,
        "Maximum": 4.0,
        "ExtendedStatistics": {"p50": 2.0},
    }


def test_data_comes_a_page_at_a_time(front):
    for value in range(5):
        front.cloudwatch.put_metric_data(Namespace="Lab", MetricData=[{"MetricName": "Errors", "Value": float(value)}])
        front.sleep(60)
    metric = {"Namespace": "Lab", "MetricName": "Errors"}
    query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    pages = front.cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query],
        StartTime=now(front) - timedelta(minutes=10),
        EndTime=now(front),
        ScanBy="TimestampAscending",
        MaxDatapoints=2,
    )
    assert [page["MetricDataResults"][0]["Values"] for page in pages] == [[0.0, 1.0], [2.0, 3.0], [4.0]]


def test_an_alarm_is_described_as_it_was_put(front):
    wanted = {
        **ALARM,
        "AlarmDescription": "why",
        "DatapointsToAlarm": 1,
        "Dimensions": [{"Name": "Service", "Value": "web"}],
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:topic"],
        "Unit": "Count",
    }
    front.cloudwatch.put_metric_alarm(**wanted, Tags=[{"Key": "team", "Value": "a"}])
    read = front.cloudwatch.describe_alarms()["MetricAlarms"][0]
    assert {key: read[key] for key in wanted} == wanted
    tags = front.cloudwatch.list_tags_for_resource(ResourceARN=read["AlarmArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]
    found = front.cloudwatch.describe_alarms_for_metric(
        Namespace="Lab", MetricName="Errors", Dimensions=wanted["Dimensions"]
    )
    assert len(found["MetricAlarms"]) == 1
    assert not front.cloudwatch.describe_alarms_for_metric(Namespace="Lab", MetricName="Errors")["MetricAlarms"]


def test_putting_an_alarm_again_keeps_its_state(front):
    front.cloudwatch.put_metric_alarm(**ALARM)
    front.cloudwatch.set_alarm_state(AlarmName="bad", StateValue="ALARM", StateReason="drill")
    front.cloudwatch.put_metric_alarm(**{**ALARM, "Threshold": 5.0})
    assert state(front) == "ALARM"
    front.sleep(61)
    assert state(front) == "OK"
    history = front.cloudwatch.describe_alarm_history(AlarmName="bad", HistoryItemType="StateUpdate")
    assert [item["HistorySummary"] for item in history["AlarmHistoryItems"]] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
    ]


def test_alarms_are_deleted_all_or_none(front, refused):
    front.cloudwatch.put_metric_alarm(**ALARM)
    assert refused(front.cloudwatch.delete_alarms, AlarmNames=["bad", "no"]) == "ResourceNotFound"
    assert state(front) == "INSUFFICIENT_DATA"
    front.cloudwatch.delete_alarms(AlarmNames=["bad"])
    assert front.cloudwatch.describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Period": 30}, "ValidationError"),
        ({"EvaluationPeriods": 2, "DatapointsToAlarm": 3}, "ValidationError"),
        ({"TreatMissingData": "never"}, "ValidationError"),
        ({"ExtendedStatistic": "p99"}, "InvalidParameterCombination"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "ValidationError"),
        ({"EvaluationPeriods": 1441}, "ValidationError"),
    ],
)
def test_alarms_that_cannot_be_evaluated_are_refused(front, refused, change, code):
    assert refused(front.cloudwatch.put_metric_alarm, **{**ALARM, **change}) == code
    assert front.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_composite_alarms_and_metric_math_are_refused(front, refused):
    composite = {"AlarmName": "c", "AlarmRule": "ALARM(bad)"}
    assert refused(front.cloudwatch.put_composite_alarm, **composite) == "ValidationError"
    window = {"StartTime": now(front) - timedelta(minutes=5), "EndTime": now(front)}
    queries = [{"Id": "q", "Expression": "1+1"}]
    assert refused(front.cloudwatch.get_metric_data, MetricDataQueries=queries, **window) == "ValidationError"
    missing = {"AlarmName": "no", "StateValue": "OK", "StateReason": "x"}
    assert refused(front.cloudwatch.set_alarm_state, **missing) == "ResourceNotFound"
