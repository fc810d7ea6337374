import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitless.samples import Sample, SampleWriter, latencies_ms, longest_gap_s, quantile, read_samples, summarise, window

RATE, SECONDS, STALL_AT, STALL_S = 200, 4, 2.0, 0.5
BLUE, GREEN = ("1", "t1", "i-1", "a"), ("2", "t2", "i-2", "b")


def stalled_server():
    """What an open loop at 200/s sees of a server that answers at once, but freezes for 500 ms."""
    for i in range(RATE * SECONDS):
        intended = i / RATE
        waits = STALL_AT <= intended < STALL_AT + STALL_S
        yield Sample(intended, 0.0, STALL_AT + STALL_S - intended if waits else 0.0, 200)


def closed_loop(samples, connections=1):
    """The same requests as a closed loop measures them: one that waits sends late, and counts from its late sending."""
    stalled = [s for s in samples if s.latency_s > 0]
    hidden = {id(s) for s in stalled[connections:]}
    return [replace(s, late_s=s.latency_s, latency_s=0.0) if id(s) in hidden else s for s in samples]


def test_every_request_that_ought_to_have_left_in_a_stall_sees_it():
    figures = latencies_ms(stalled_server())
    assert figures == {"p50_ms": 0.0, "p95_ms": 300.0, "p99_ms": 460.0, "max_ms": 500.0}


def test_measured_from_the_actual_send_the_stall_hides():
    """Negative control: the same stall, with latency counted from when the request really left."""
    figures = latencies_ms(closed_loop(list(stalled_server())))
    assert figures["p99_ms"] == 0.0
    assert figures["max_ms"] == 500.0


@given(st.lists(st.floats(0, 5), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_a_measured_value_that_enough_do_not_exceed(values, share):
    ascending = sorted(values)
    q = quantile(ascending, share)
    assert q in ascending
    assert sum(v <= q for v in ascending) >= share * len(ascending) - 1e-6
    assert sum(v < q for v in ascending) < share * len(ascending) + 1e-6


def test_a_failed_request_is_counted_and_not_timed():
    samples = [Sample(0, 0, 0.010, 200), Sample(1, 0, 5.0, 0, "timeout"), Sample(2, 0, 0.001, 502, "5xx")]
    summary = summarise(samples)
    assert (summary.sent, summary.failed, summary.failed_by_kind) == (3, 2, {"5xx": 1, "timeout": 1})
    assert (summary.max_ms, summary.by_status) == (10.0, {"2xx": 1, "5xx": 1})


def test_the_longest_gap_has_no_success_in_it():
    ok = [Sample(t, 0, 0.0, 200) for t in (0.0, 0.5, 3.0, 3.1)]
    assert longest_gap_s([*ok, Sample(1.5, 0, 0.1, 503, "5xx")]) == 2.5
    assert longest_gap_s([Sample(10.0, 0, 5.0, 0, "timeout")]) == 5.0


def test_nothing_succeeded_has_no_latency_rather_than_zero():
    assert latencies_ms([Sample(0, 0, 0.1, 0, "refused")])["p50_ms"] is None


def test_a_window_tells_who_answered():
    facts = window(7.0, 1.0, [Sample(7, 0, 0.001, 200, "", BLUE), Sample(7.5, 0.002, 0.003, 200, "", GREEN)])
    assert (facts["version"], facts["instance"]) == ({"1": 1, "2": 1}, {"i-1": 1, "i-2": 1})
    assert (facts["sent"], facts["ok"], facts["lag_ms"], facts["p50_ms"]) == (2, 2, 2.0, 1.0)
    json.dumps(facts, allow_nan=False)


def test_what_is_written_is_read_to_the_microsecond(tmp_path):
    samples = [Sample(100.25, 1e-6, 0.001234, 200, "", BLUE), Sample(100.5, 0, 5.0, 0, "timeout")]
    writer = SampleWriter(tmp_path / "s", 100.0, {})
    for sample in samples:
        writer.add([sample])
    writer.write(sent=2)
    assert read_samples(tmp_path / "s") == (samples, 0)


def test_a_killed_probers_file_tells_how_many_are_unaccounted_for(tmp_path):
    path = tmp_path / "s"
    writer = SampleWriter(path, 100.0, {})
    writer.add([Sample(100, 0, 0.001, 200)])
    writer.write(sent=3)
    with path.open("ab") as file:
        file.write(b'{"sent":9,"na')
    samples, unaccounted = read_samples(path)
    assert (len(samples), unaccounted) == (1, 2)


def test_another_file_is_not_taken_for_samples(tmp_path):
    (tmp_path / "s").write_text('{"format":"other"}\n')
    with pytest.raises(ValueError, match="samples"):
        read_samples(tmp_path / "s")
