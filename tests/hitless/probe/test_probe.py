import asyncio
import itertools
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import threading

import pytest

from hitless import probe as probes
from hitless.clock import WALL_S, monotonic_s
from hitless.errors import NotProven, Refused
from hitless.exchange import Exchange, Target
from hitless.pacer import Comb, LoopPacer, TimerfdPacer
from hitless.probe import Probe
from hitless.samples import read_samples

pytestmark = pytest.mark.live


def pause(seconds):
    threading.Event().wait(seconds)


def until(true, within_s=60.0):
    give_up = monotonic_s() + within_s
    while not true():
        assert monotonic_s() < give_up, "it did not come"
        pause(0.01)


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def probe(tmp_path):
    probes = []

    def make(url, rate_per_s=100.0, **settings):
        probes.append(Probe(url, rate_per_s, samples_path=tmp_path / "samples.jsonl", **settings).start())
        return probes[-1]

    yield make
    for each in probes:
        each.close()


def test_every_request_leaves_and_is_accounted_for(probe, serving):
    with serving() as (server, url):
        watched = probe(url, 200)
        until(lambda: len(watched.windows()) >= 2)
        summary = watched.stop()
    assert summary.failed == 0
    assert summary.sent == summary.by_version["7"] == summary.by_instance["i-7"] == server.requests
    assert sum(w["sent"] for w in watched.windows()) == summary.sent
    assert [w["sent"] for w in watched.windows()][:2] == [200, 200]


def test_a_stall_of_the_server_is_seen_by_all_who_ought_to_have_left_in_it(probe, serving):
    with serving() as (server, url):
        watched = probe(url, 200)
        until(lambda: len(watched.windows()) >= 1)
        server.freeze(0.5)
        until(lambda: len(watched.windows()) >= 4)
        watched.stop()
    samples = read_samples(watched.samples_path)[0]
    slow = sum(s.latency_s > 0.1 for s in samples)
    assert slow >= 75, "80 of the requests at 200/s wait longer than 100 ms for a server frozen for 500 ms"
    assert max(s.latency_s for s in samples) >= 0.45


@pytest.mark.parametrize("kind", ["4xx", "5xx", "reset", "closed", "invalid", "timeout"])
def test_a_failure_has_its_kind_and_is_never_tried_again(probe, kind, serving):
    with serving(kind) as (server, url):
        watched = probe(url, 100, timeout_s=0.2)
        until(lambda: server.requests >= 20)
        summary = watched.stop()
        assert summary.failed_by_kind == {kind: summary.sent}
        assert server.requests == summary.sent


def test_a_server_that_hangs_up_at_once_is_not_waited_for(probe, serving):
    with serving("hangs up") as (server, url):
        watched = probe(url, 100)
        until(lambda: server.connections >= 20)
        summary = watched.stop()
    assert summary.failed == summary.sent
    assert set(summary.failed_by_kind) <= {"closed", "reset"}


def test_a_redirect_is_an_answer(probe, serving):
    with serving("redirect") as (server, url):
        watched = probe(url)
        until(lambda: server.requests >= 20)
        assert watched.stop().failed == 0


def test_nobody_listening_is_refused_connection_by_connection(probe, serving):
    with serving() as (_, url):
        pass
    watched = probe(url)
    until(lambda: watched.windows())
    summary = watched.stop()
    assert summary.failed_by_kind == {"refused": summary.sent}
    assert summary.longest_gap_s >= 1.0


def test_a_connection_closed_while_idle_is_passed_over_not_counted(probe, serving):
    with serving("ok, then closes") as (server, url):
        watched = probe(url, 10)  # so that a busy machine has heard of the end before the next one leaves
        until(lambda: server.requests >= 15)
        assert watched.stop().failed == 0
        assert server.connections == server.requests


def test_keep_alive_is_used(probe, serving):
    with serving() as (server, url):
        watched = probe(url)
        until(lambda: server.requests >= 200)
        watched.stop()
        assert server.connections < server.requests / 2


@pytest.mark.parametrize(("asks_when_late", "failures"), [(True, {""}), (False, {"closed", "reset"})])
def test_reusing_a_closed_connection_would_be_counted(monkeypatch, serving, asks_when_late, failures):
    """With its negative control: where silence is not asked for, closing an idle connection looks like a fault."""
    if not asks_when_late:
        monkeypatch.setattr("hitless.exchange.LATE_S", math.inf)

    async def second_request():
        done = asyncio.Queue()
        with serving("ok, then closes") as (_, url):
            exchange = Exchange(Target.from_url(url), 2.0, lambda *outcome: done.put_nowait(outcome))
            intended = monotonic_s()
            for _ in range(2):
                exchange.send(intended, monotonic_s())
                (*_, failure, _), intended = await done.get(), monotonic_s()
                pause(0.1)  # the loop is held: the peer's closing has arrived, but nobody was told
            return failure

    assert asyncio.run(second_request()) in failures


def test_a_prober_that_dies_is_a_failed_proof(probe, serving):
    with serving() as (_, url):
        watched = probe(url)
        until(lambda: watched.windows())
        os.kill(watched.pid, signal.SIGKILL)
        with pytest.raises(NotProven, match="nobody watched"):
            watched.stop()
    samples, unaccounted = read_samples(watched.samples_path)
    assert len(samples) >= 100 - 10
    assert unaccounted >= 0


def test_a_dead_prober_is_noticed_while_looking(probe, serving):
    with serving() as (_, url):
        watched = probe(url)
        os.kill(watched.pid, signal.SIGKILL)
        with pytest.raises(NotProven):
            until(lambda: watched.windows() and False)


def test_a_probe_that_ended_by_itself_proves_nothing(probe, serving):
    with serving() as (_, url):
        watched = probe(url, duration_s=0.2)
        watched._process.wait(60)
        with pytest.raises(NotProven):
            watched.stop()


def test_the_prober_leaves_at_once_when_its_stdin_closes(probe, serving):
    with serving("timeout") as (_, url):
        watched = probe(url, timeout_s=60)
        pause(0.3)
        watched._process.stdin.close()
        assert watched._process.wait(25) == 0, "it does not wait for the requests on their way"


def test_ctrl_c_does_not_reach_the_prober(probe, serving):
    with serving() as (_, url):
        watched = probe(url)
        assert os.getsid(watched.pid) == watched.pid != os.getsid(0)
        assert watched.stop().failed == 0


PARENT = """
import os, sys
from hitless.probe import Probe
probe = Probe(sys.argv[1], 50, samples_path=sys.argv[2]).start()
print(probe.pid, flush=True)
sys.stdin.read()
"""


def test_the_prober_leaves_when_its_parent_is_killed(tmp_path, serving):
    with serving() as (_, url):
        command = [sys.executable, "-c", PARENT, url, str(tmp_path / "s")]
        parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.communicate()
        until(lambda: is_gone(pid))


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        *((url, {}) for url in ("ftp://x/", "http://h/a b", "http://[::1", "http://h:99999/")),
        ("http://h/", {"rate_per_s": 5000}),
        ("http://h/", {"timeout_s": 0}),
    ],
)
def test_what_cannot_be_probed_is_refused_before_anything_is_sent(tmp_path, url, settings):
    with pytest.raises(Refused, match=r"did not start[^→]*(needs an http or https URL|out of bounds)"):
        Probe(url, samples_path=tmp_path / "s", **settings).start()


def test_a_slow_reader_does_not_hold_the_prober_up(tmp_path, serving):
    with serving() as (server, url):
        command = [
            sys.executable,
            "-m",
            "hitless.prober",
            url,
            "--rate=100",
            "--window=0.01",
            f"--samples={tmp_path / 's'}",
        ]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        until(lambda: server.requests >= 500)  # some 100 KB of windows, more than a pipe holds, and nobody reads
        child.stdin.write(b"stop\n")
        child.stdin.flush()
        out = child.stdout.read()
        child.communicate(timeout=60)
    said = [json.loads(line) for line in out.splitlines()]
    assert said[-1] == {"kind": "end", "sent": said[-1]["sent"], "told_to": True}
    assert sum(w["sent"] for w in said if w["kind"] == "window") == said[-1]["sent"]


@pytest.mark.parametrize("rate_per_s", [1000, 1500])  # of which a period is no whole number of nanoseconds
@pytest.mark.parametrize("pacer_class", [TimerfdPacer, LoopPacer])
def test_a_pacer_calls_at_each_tooth_and_skips_none(pacer_class, rate_per_s):
    if pacer_class is TimerfdPacer and sys.platform != "linux":
        pytest.skip("timerfd is Linux's")
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    calls = []

    def send(intended, now):
        calls.append((intended, now))
        if len(calls) == 200:
            loop.stop()

    start = monotonic_s() + 0.02
    comb = Comb(rate_per_s, start, send)
    pacer = pacer_class(loop, comb)
    loop.run_forever()
    pacer.stop()
    loop.close()
    assert comb.sent == len(calls) >= 200  # it stops at the end of a turn
    assert all(intended == start + i / rate_per_s <= now for i, (intended, now) in enumerate(calls))


def test_another_rate_starts_without_a_gap_and_is_noted_among_the_samples(probe, serving):
    with serving() as (server, url):
        watched = probe(url, 20)
        until(lambda: watched.windows())
        at = watched.set_rate(400)
        until(lambda: any(w["sent"] >= 390 for w in watched.windows()))
        with pytest.raises(Refused, match="out of bounds"):
            watched.set_rate(5000)
        back = watched.set_rate(50)
        summary = watched.stop()
    lines = [json.loads(line) for line in watched.samples_path.read_bytes().splitlines()]
    notes = [line["note"] for line in lines if "note" in line]
    assert notes == [{"rate_per_s": 400, "at": at}, {"rate_per_s": 50, "at": back}]
    meant = sorted(s.intended for s in read_samples(watched.samples_path)[0])
    gaps = {round(b - a, 4) for a, b in itertools.pairwise(meant) if at - 1e-6 <= a and b < back - 1e-6}
    assert gaps == {0.0025} and max(b - a for a, b in itertools.pairwise(meant)) < 0.051
    assert summary.sent == server.requests and summary.unaccounted == 0


def test_a_prober_that_is_told_nonsense_ends_and_is_seen_to(probe, serving):
    with serving() as (_, url):
        watched = probe(url)
        watched._tell("faster")
        with pytest.raises(NotProven, match="ended before"):
            watched.set_rate(200)


def test_samples_are_stamped_by_the_wall_clock_of_whoever_watches_though_it_was_set_since(
    probe, serving, monkeypatch, tmp_path
):
    monkeypatch.setattr(probes, "WALL_S", WALL_S - 3600)  # an hour ago, as a clock that has been set since would say
    with serving() as (_, url):
        watched, now = probe(url, 200), WALL_S - 3600 + monotonic_s()
        until(lambda: len(watched.windows()) >= 1)
        watched.stop()
    samples, _ = read_samples(tmp_path / "samples.jsonl")
    assert all(now - 5 < sample.intended < now + 60 for sample in samples) and samples
