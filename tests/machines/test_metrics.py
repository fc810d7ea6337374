"""The store: what was reported can be read back, and nothing else."""

import pytest

from awslab.machines.metrics import RETENTION_S, Bucket, Metrics, is_statistic, metric_key

KEY = metric_key("Lab", "Latency", {"Service": "web"})


def test_periods_add_up_their_minutes():
    metrics = Metrics()
    for minute, value in enumerate((1.0, 2.0, 3.0, 10.0)):
        metrics.put(KEY, 600.0 + 60 * minute, value)
    read = {s: metrics.points(KEY, 600, 840, 120, s) for s in ("Sum", "Average", "Minimum", "Maximum", "SampleCount")}
    assert read["Sum"] == {600.0: 3.0, 720.0: 13.0}
    assert read["Average"] == {600.0: 1.5, 720.0: 6.5}
    assert (read["Minimum"][720.0], read["Maximum"][720.0], read["SampleCount"][720.0]) == (3.0, 10.0, 2.0)


def test_the_end_is_not_included_and_empty_periods_are_not_there():
    metrics = Metrics()
    metrics.put(KEY, 0.0, 1.0)
    metrics.put(KEY, 120.0, 1.0)
    assert metrics.points(KEY, 0, 120, 60, "Sum") == {0.0: 1.0}
    assert metrics.points(KEY, 60, 300, 60, "Sum") == {120.0: 1.0}


def test_each_set_of_dimensions_is_a_metric_of_its_own():
    metrics = Metrics()
    metrics.put(KEY, 0.0, 1.0)
    assert metrics.points(metric_key("Lab", "Latency", {}), 0, 60, 60, "Sum") == {}


@pytest.mark.parametrize(
    ("percent", "value"), [("p50", 50.0), ("p99", 99.0), ("p99.9", 100.0), ("p0", 1.0), ("p100", 100.0)]
)
def test_percentiles_are_nearest_ranks(percent, value):
    metrics = Metrics()
    for i in range(1, 101):
        metrics.put(KEY, 0.0, float(i))
    assert metrics.points(KEY, 0, 60, 60, percent) == {0.0: value}


def test_values_known_by_their_statistics_have_no_percentiles_unless_all_are_equal():
    metrics = Metrics()
    metrics.put_bucket(KEY, 0.0, Bucket(3, 6.0, 1.0, 3.0, summarised=True))
    metrics.put_bucket(KEY, 60.0, Bucket(3, 6.0, 2.0, 2.0, summarised=True))
    assert metrics.points(KEY, 0, 120, 60, "p90") == {60.0: 2.0}


def test_another_unit_is_no_data():
    metrics = Metrics()
    metrics.put(KEY, 0.0, 1.0, unit="Seconds")
    assert metrics.points(KEY, 0, 60, 60, "Sum", unit="Count") == {}
    assert metrics.points(KEY, 0, 60, 60, "Sum", unit="Seconds") == {0.0: 1.0}


def test_minutes_older_than_fifteen_days_are_forgotten():
    metrics = Metrics()
    metrics.put(KEY, 0.0, 1.0)
    metrics.put(KEY, RETENTION_S + 60, 1.0)
    assert list(metrics.series[KEY].minutes) == [RETENTION_S + 60]


@pytest.mark.parametrize(
    ("name", "known"), [("Sum", True), ("p99.99", True), ("p101", False), ("tm90", False), ("", False)]
)
def test_what_is_a_statistic(name, known):
    assert is_statistic(name) is known
