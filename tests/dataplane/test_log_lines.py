"""Every line that is still kept is read once, in order, with the time it came."""

import pytest

from awslab.dataplane import log_lines
from awslab.dataplane.log_file import LogFile
from awslab.dataplane.log_lines import read_lines


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log(tmp_path, clock):
    return LogFile(tmp_path / "t.log", bytes_max=100, now=clock)


def told(tmp_path, since=0):
    return [(line.at, line.text) for line in read_lines(tmp_path / "t.log", since)]


def test_a_line_comes_when_its_end_comes(log, clock, tmp_path):
    log.write(b"one\ntw")
    assert told(tmp_path) == [(100.0, "one")]
    clock.now = 107.5
    log.write(b"o\n\nthree")
    assert told(tmp_path) == [(100.0, "one"), (107.5, "two"), (107.5, "")]
    log.end()
    assert told(tmp_path)[3:] == [(107.5, "three")]
    log.end()


def test_reading_goes_on_where_it_stopped_however_the_file_turns_over(log, clock, tmp_path):
    seen, since = [], 0
    for number in range(200):
        clock.now = 100.0 + number
        log.write(b"line %d\n" % number)
        if number % 3 == 0:
            for line in read_lines(tmp_path / "t.log", since):
                seen.append((line.at, line.text))
                since = line.ends_at
    assert seen == [(100.0 + n, f"line {n}") for n in range(199)]


def test_what_was_thrown_away_is_missing_and_the_rest_is_right(log, clock, tmp_path):
    log.write(b"old\n")
    for number in range(40):
        clock.now = 100.0 + number
        log.write(b"line %03d\n" % number)
    kept = told(tmp_path)
    assert kept == [(100.0 + n, f"line {n:03d}") for n in range(40 - len(kept), 40)]
    log.write(b"y" * 1_000 + b"\n")
    assert [text for _, text in told(tmp_path)] == ["y" * 99]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2 * 100 + 50


def test_an_endless_line_is_cut(log, tmp_path, monkeypatch):
    monkeypatch.setattr(log_lines, "LINE_BYTES_MAX", 8)
    log.write(b"123456789012345678\nx\n")
    assert [text for _, text in told(tmp_path)] == ["12345678", "90123456", "78", "x"]


def test_bytes_that_are_no_text_are_replaced(log, tmp_path):
    log.write(b"a\xffb\r\n")
    assert told(tmp_path) == [(100.0, "a\N{REPLACEMENT CHARACTER}b")]


def test_a_log_without_times_has_no_lines_and_neither_has_a_missing_one(tmp_path):
    LogFile(tmp_path / "t.log").write(b"x\n")
    assert told(tmp_path) == []
    assert list(read_lines(tmp_path / "none.log")) == []
