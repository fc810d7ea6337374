"""A made-up run for looking at charts: a refresh of 20 hosts, then a release that is rolled back."""

import random
from pathlib import Path

from hitless.clock import VirtualClock
from hitless.journal import Journal
from hitless.timeline import Recorder, Timeline

START = 1_795_333_200.0
SECONDS = 1020


def record(path: Path, seed: int = 7) -> Timeline:
    """Write the run to a journal; returns its timeline."""
    chance, clock = random.Random(seed), VirtualClock(START)
    with Journal(path, clock) as journal:
        run = Recorder(journal)
        run.run("Refresh hosts, then release 2.0", "prod-web, us-east-1", synthetic=True)
        run.limit("p99_ms", 250)
        run.limit("floor_percent", 90)
        _story(run)
        drift = 0.0
        for second in range(SECONDS):
            drift = 0.85 * drift + chance.gauss(0, 0.07)
            run.window(_window(second, drift, chance), clock)
    return run.timeline


def _story(run: Recorder) -> None:
    for at, label, tone in (
        (60, "refresh starts", "info"),
        (156, "25%", "info"),
        (254, "50%", "info"),
        (430, "refresh done", "good"),
        (528, "BeforeAllowTraffic", "gate"),
        (679, "p99 alarm → rollback", "alarm"),
        (702, "blue 100%, stable", "good"),
    ):
        run.event(label, tone, START + at)
    for begins, ends, name, tone in (
        (60, 431, "refresh", "info"),
        (477, 679, "blue/green", "good"),
        (679, 702, "rollback", "alarm"),
    ):
        run.phase(name, "start", tone, START + begins)
        run.phase(name, "end", tone, START + ends)
    run.capacity(healthy=20, old=20, new=0, desired=20, at=START)
    for batch in range(10):
        at, old = 60 + 37 * batch, 18 - 2 * batch
        run.capacity(healthy=18, old=old, new=2 * batch, desired=20, at=START + at)
        run.capacity(healthy=20, old=old, new=2 * batch + 2, desired=20, at=START + at + 26)
    run.capacity(healthy=20, old=0, new=20, desired=20, at=START + SECONDS)
    for at, green in ((0, 0), (534, 10), (572, 20), (610, 30), (648, 40), (689, 0), (SECONDS, 0)):
        run.weights({"web-blue": 100 - green, "web-green": green}, START + at, START + at)


def _window(second: int, drift: float, chance: random.Random) -> dict:
    slow = max(0.0, min(1.0, (second - 545) / 110)) if second < 686 else max(0.0, 1 - (second - 686) / 12)
    p99 = 75 * 2.718 ** (drift * 1.3 + 1.45 * slow)
    failed = {611: 1, 614: 1, 660: 1, 663: 1, 675: 2, 677: 1}.get(second, 0)
    sent = 206 + round(8 * chance.random())
    return {
        "start": START + second,
        "seconds": 1.0,
        "sent": sent,
        "ok": sent - failed,
        "p50_ms": 12.6 + chance.gauss(0, 0.3),
        "p95_ms": 36 * 2.718 ** (drift * 0.6 + 0.4 * slow),
        "p99_ms": p99,
        "max_ms": 1.6 * p99,
        "lag_ms": 0.4,
        "failed": {"5xx": failed} if failed else {},
        "version": {"1.0": sent - failed},
    }
