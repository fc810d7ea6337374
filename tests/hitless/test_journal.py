import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitless.clock import VirtualClock
from hitless.errors import Refused
from hitless.journal import GENESIS, BadJournal, Journal, read

FACTS = ({"sent": 100, "note": "é"}, {"healthy": 4.5}, {"a": [1, {"b": None}]})


@pytest.fixture
def path(tmp_path):
    clock = VirtualClock(1_800_000_000)
    with Journal(tmp_path / "runs" / "j.jsonl", clock) as journal:
        for facts in FACTS:
            journal.append("window", **facts)
            clock.sleep(1)
    return journal.path


def test_what_was_written_is_read(path):
    entries = read(path)
    assert [e.facts for e in entries] == list(FACTS)
    assert [(e.n, e.at) for e in entries] == [(1, 1_800_000_000), (2, 1_800_000_001), (3, 1_800_000_002)]
    assert [e.prev for e in entries] == [GENESIS, entries[0].hash, entries[1].hash]


def test_the_chain_needs_nothing_but_sha256(path):
    for line in path.read_bytes().splitlines():
        body, _, ending = line.rpartition(b',"hash":"')
        assert hashlib.sha256(body).hexdigest().encode() == ending[:64]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.integers(min_value=0), st.integers(1, 255))
def test_changing_any_byte_is_detected(path, where, bits):
    content = bytearray(path.read_bytes())
    where %= len(content)
    content[where] ^= bits
    tampered = path.with_name("tampered.jsonl")
    tampered.write_bytes(content)
    with pytest.raises(BadJournal) as caught:
        read(tampered)
    assert caught.value.line in (line := 1 + path.read_bytes()[:where].count(b"\n"), line + 1)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [lines[1], lines[0], lines[2]], 1),
        (lambda lines: [lines[0], lines[0], *lines[1:]], 2),
        (lambda lines: [*lines[:2], lines[2][:-20]], 3),
    ],
    ids=["lost", "moved", "repeated", "cut"],
)
def test_the_first_bad_line_is_named(path, change, line):
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(BadJournal) as caught:
        read(path)
    assert caught.value.line == line


def test_without_the_chain_an_edit_would_pass(path):
    """Negative control: the same edit, hash made good, is caught by the next line's `prev` alone."""
    lines = path.read_bytes().splitlines()
    body = lines[0].replace(b'"sent":100', b'"sent":999').rpartition(b',"hash":"')[0]
    lines[0] = body + b',"hash":"' + hashlib.sha256(body).hexdigest().encode() + b'"}'
    assert json.loads(lines[0])["facts"]["sent"] == 999
    path.write_bytes(b"\n".join([*lines, b""]))
    with pytest.raises(BadJournal) as caught:
        read(path)
    assert caught.value.line == 2


def test_a_journal_goes_on_where_it_stopped(path):
    with Journal(path, VirtualClock(5)) as journal:
        journal.append("event", label="resumed")
    assert [e.n for e in read(path)] == [1, 2, 3, 4]


def test_a_line_the_crash_cut_is_taken_off_and_told(path):
    with path.open("ab") as file:
        file.write(b'{"at":1')
    assert len(read(path, torn_tail_ok=True)) == 3
    with Journal(path, VirtualClock()):
        pass
    assert read(path)[-1].facts == {"bytes_dropped": 7, "sha256": hashlib.sha256(b'{"at":1').hexdigest()}


def test_a_second_writer_is_refused(path):
    with Journal(path, VirtualClock()), pytest.raises(Refused, match="writer already"):
        Journal(path, VirtualClock())


def test_what_is_not_json_is_not_written(path):
    before = path.read_bytes()
    with Journal(path, VirtualClock()) as journal, pytest.raises(ValueError):
        journal.append("window", p99_ms=float("nan"))
    assert path.read_bytes() == before


INTERRUPTED = """
import _thread, os, sys
from hitless.clock import VirtualClock
from hitless.journal import Journal
journal = Journal(sys.argv[1], VirtualClock())
write = os.write
def interrupt(fd, data):
    done = write(fd, data)
    if fd == journal._fd:
        _thread.interrupt_main()
    return done
os.write = interrupt
for n in range(20):
    try:
        journal.append("fact", n=n)
    except KeyboardInterrupt:
        pass
os.write = write
journal.append("last")
"""


def test_an_interrupt_in_the_middle_of_a_line_breaks_no_chain(tmp_path):
    path = tmp_path / "j.jsonl"
    subprocess.run([sys.executable, "-c", INTERRUPTED, str(path)], check=True, timeout=60)
    entries = read(path)
    assert [entry.n for entry in entries] == list(range(1, 22)) and entries[-1].kind == "last"


FULL = """
import resource, sys
from hitless.clock import VirtualClock
from hitless.errors import NotRecorded
from hitless.journal import Journal
journal = Journal(sys.argv[1], VirtualClock())
journal.append("intent", step="first")
resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + 60, resource.RLIM_INFINITY))
for _ in range(2):
    try:
        journal.append("result", step="first", facts="x" * 200)
    except NotRecorded as stopped:
        print(stopped.seen["why"], "|", stopped.do)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append("result", step="first", facts="there was room again")
"""


def test_a_full_disk_stops_the_run_and_leaves_every_whole_line_and_no_half_one(tmp_path):
    path = tmp_path / "journal.jsonl"
    told = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.splitlines() == 2 * [told.stdout.splitlines()[0]] and "make room" in told.stdout
    entries = read(path)
    assert [entry.kind for entry in entries] == ["intent", "result"]
    assert entries[-1].facts["facts"] == "there was room again"
