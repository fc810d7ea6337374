import pytest

from hitless.clock import SystemClock, VirtualClock
from hitless.finding import headline, short_names, subtitle, summary_markdown
from hitless.journal import BadJournal, Journal
from hitless.samples import Sample, window
from hitless.timeline import Recorder, Timeline

START = 1_800_000_000.0


@pytest.fixture
def run(tmp_path):
    with Journal(tmp_path / "j.jsonl", VirtualClock(START)) as journal:
        yield Recorder(journal)


def refresh(run, failed=0, lowest=18):
    """Twenty hosts replaced in ten seconds, with some failed requests and some lowest capacity."""
    run.run("Replace every host", "lab, 60x")
    run.limit("floor_percent", 90)
    for second in range(10):
        samples = [Sample(START + second, 0, 0.01, 200)] * 100
        samples += [Sample(START + second, 0, 0.01, 502, "5xx")] * (failed if second == 4 else 0)
        run.window(window(START + second, 1.0, samples), VirtualClock())
    for at, healthy, old in ((0, 20, 20), (3, lowest, 10), (8, 20, 0)):
        run.capacity(healthy=healthy, old=old, new=healthy - old, desired=20, at=START + at)
    run.event("refresh done", "good", START + 8)
    run.phase("refresh", "start", at=START + 1)
    run.phase("refresh", "end", at=START + 8)
    return run.timeline


def test_the_picture_is_a_view_of_the_file(run):
    live = refresh(run)
    assert Timeline.load(run.journal.path) == live


def test_a_run_that_was_killed_shows_what_happened_by_then(run):
    refresh(run)
    with run.journal.path.open("ab") as file:
        file.write(b'{"torn')
    assert Timeline.load(run.journal.path).sent == 1000


def test_a_tampered_file_makes_no_picture(run):
    refresh(run, failed=7)
    run.journal.path.write_bytes(run.journal.path.read_bytes().replace(b'"5xx":7', b'"5xx":0'))
    with pytest.raises(BadJournal):
        Timeline.load(run.journal.path)


def test_the_probers_second_is_a_minute_of_a_lab_at_sixty(run):
    clock = SystemClock(rate=60, offset_s=500)
    real = clock.now() - 500
    run.window(window(real, 1.0, [Sample(real, 0, 0.01, 200)] * 100), clock)
    shown = run.timeline.windows[0]
    assert shown.at == pytest.approx(clock.from_real(real), abs=1e-3)
    assert (shown.width_s, shown.seconds, shown.sent) == (60, 1.0, 100)


def test_a_window_that_waited_for_a_slow_answer_takes_its_place(run):
    for second in (0, 2, 1):
        run.window(window(START + second, 1.0, []), VirtualClock())
    assert [w.at - START for w in run.timeline.windows] == [0, 1, 2]


def test_a_dip_between_two_windows_is_kept(run):
    timeline = refresh(run, lowest=1)
    assert timeline.lowest_percent == 5


def test_a_snapshot_does_not_move(run):
    timeline = refresh(run)
    still = timeline.snapshot()
    run.event("later")
    assert (len(timeline.events), len(still.events)) == (2, 1)


def test_entries_that_are_not_for_the_picture_leave_it_alone(run):
    timeline = refresh(run)
    before = timeline.snapshot()
    run.journal.append("intent", call="autoscaling:StartInstanceRefresh")
    assert Timeline.load(run.journal.path) == before


def test_the_headline_is_the_finding(run):
    assert headline(refresh(run)) == "All 20 hosts replaced without one failed request"


def test_one_failed_request_takes_the_headline(run):
    assert headline(refresh(run, failed=1)) == "Replace every host: 1 of 1\u2009001 requests failed"


def test_it_is_known_when_a_request_failed_last(run):
    assert refresh(run).failed_at is None
    failing = max(window.end for window in refresh(run, failed=1).windows if window.failures)
    assert run.timeline.failed_at == failing


def test_a_breached_floor_takes_the_headline(run):
    assert headline(refresh(run, failed=1, lowest=17)) == "Healthy capacity fell to 85%, below the floor of 90%"


def test_a_rollback_takes_the_headline(run):
    refresh(run)
    for at, green in ((0, 0), (5, 10), (9, 0)):
        run.weights({"web-blue": 100 - green, "web-green": green}, START + at, START + at)
    run.phase("rollback", "start", "alarm", START + 6.6)
    run.phase("rollback", "end", "alarm", START + 9)
    assert headline(run.timeline) == "Bad release caught at 10% traffic and rolled back in 3 s"


def test_a_run_under_way_claims_nothing_yet(run):
    assert headline(refresh(run), running=True) == "Replace every host: no request failed so far"


def test_the_table_says_what_the_picture_shows(run):
    timeline = refresh(run, failed=3)
    table = summary_markdown(timeline)
    for row in (
        "| requests | 3 of 1\u2009003 failed | 0 failed |",
        "| failed: 5xx | 3 | 0 |",
        "| lowest healthy capacity | 90% of desired | 90% |",
        "| phase: refresh | 0:01 – 0:08 |  |",
    ):
        assert row in table
    assert subtitle(timeline).startswith(
        "3 of 1\u2009003 requests failed (0.3%)  ·  capacity never below 90%  ·  lab, 60x"
    )


def test_names_lose_what_they_share():
    assert short_names(["web-blue", "web-green"]) == {"web-blue": "blue", "web-green": "green"}
    assert short_names(["web"]) == {"web": "web"}
    assert short_names(["a", "a-b"]) == {"a": "a", "a-b": "a-b"}
