"""Every fault during every operation: how each ended, what users lost, how many were started."""

import errno
import time
from dataclasses import dataclass

import hitless.clock
from hitless.errors import HitlessError
from hitless.hosts import read_hosts
from hitless.miniature import NAME
from tests.under_faults.scene import USERS_PER_S

MENDED_S, AWAY_S = 1500.0, 600.0
WENT_THROUGH = "done"
ONE_HOST_LOST = 40  # a third of the users, until its targets are unhealthy: two checks of 15 s, and 4 s to notice
TWO_REVISIONS = 1, 1, 2  # what a proxy doubles nobody can keep off; the plan's own is the one that is deployed


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: What it is called.
        begin: Lets it happen, or sets when; given the scene, the operation and pytest's monkeypatch.
        lost_max: Requests that AWS, too, would lose.
    """

    name: str
    begin: object
    lost_max: int = 0
    made_max: tuple[int, int, int] = (1, 1, 1)  # refreshes, deployments, revisions


def everywhere(name, **wanted):
    """A storm over all calls until it is calm, a fifth of them."""
    return lambda scene, _operation, _patch: scene.lab.fault(name, share_percent=20, **wanted)


def on_writes(name, **wanted):
    """The first call of each of the operation's writes."""

    def begin(scene, operation, _patch):
        for action in operation.writes:
            scene.lab.fault(name, action=action, calls=1, **wanted)

    return begin


def later(act, mend=None):
    """Something of nature in the middle of it, mended half an hour later."""

    def strike(scene):
        scene.happens()
        act(scene)

    def begin(scene, operation, _patch):
        scene.here.clock.at(operation.fault_after_s, lambda: strike(scene))
        if mend:
            scene.here.clock.at(MENDED_S, lambda: scene.lab.fault(mend))

    return begin


def aws_away(scene, operation, _patch):
    """No call is answered for ten minutes, the SDK's tries take less than one."""
    after_s = operation.fault_after_s
    scene.here.clock.at(after_s, lambda: scene.lab.fault("ApiFails", status=503))
    scene.here.clock.at(after_s + AWAY_S, lambda: scene.lab.fault("ApiCalm"))


def one_host(scene):
    return next(host for host in read_hosts(scene.here, scene.stack).hosts if host.healthy)


def host_dies(scene):
    scene.lab.fault("InstanceDies", instance_id=one_host(scene).instance_id)


def spot(scene):
    scene.lab.fault("SpotInterrupted", instance_id=one_host(scene).instance_id)


def zone_lost(scene):
    """The zone with fewer hosts, as half of all users are more than a fault should cost a test."""
    zones = [host.availability_zone for host in read_hosts(scene.here, scene.stack).hosts if host.healthy]
    scene.lab.fault("ZoneLost", availability_zone=min(sorted(set(zones)), key=zones.count))


def at_once(name, mend, **wanted):
    def begin(scene, _operation, _patch):
        scene.happens()
        scene.lab.fault(name, **wanted)
        scene.here.clock.at(MENDED_S, lambda: scene.lab.fault(mend))

    return begin


def hosts_full(scene, _operation, _patch):
    scene.happens()
    scene.lab.fault("HostsFull", cluster=NAME)
    scene.lab.fault("CapacityMissing")
    scene.here.clock.at(MENDED_S, scene.calm)


def clock_jumps(scene, _operation, patch):
    """The laptop's clock is set an hour ahead, and then two hours back; AWS's is not."""
    real = time.time

    def jump(by_s):
        patch.setattr(time, "time", lambda: real() + by_s)
        patch.setattr(hitless.clock, "real_now", lambda: real() + by_s)

    scene.happens()
    jump(3600)
    scene.here.clock.at(1.0, lambda: jump(-3600))


def disk_full(kind):
    """The disk is full when this is to be written, after half of it."""

    def begin(scene, _operation, patch):
        from hitless import journal

        def write(fd, line):
            if f'"kind":"{kind}"'.encode() in line:
                scene.happens()
                journal.os.write(fd, line[: len(line) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")
            whole(fd, line)

        whole = journal._write_all
        patch.setattr(journal, "_write_all", write)
        scene.mend = lambda: patch.setattr(journal, "_write_all", whole)

    return begin


FAULTS = {
    one.name: one
    for one in (
        Fault("none", lambda *_: None),
        Fault("throttled 20 %", everywhere("ApiThrottled")),
        Fault("500 20 %", everywhere("ApiFails", status=500)),
        Fault("503 20 %", everywhere("ApiFails", status=503)),
        Fault("slow 20 %", everywhere("ApiSlow", seconds=20)),
        Fault("reset 20 %", everywhere("ConnectionReset")),
        Fault("response lost", on_writes("ResponseLost")),
        Fault("500, but done", on_writes("ApiFails", status=500, done=True)),
        Fault("request doubled", on_writes("RequestDoubled"), made_max=TWO_REVISIONS),
        Fault("AWS away 10 min", aws_away),
        Fault("host dies", later(host_dies), ONE_HOST_LOST),
        Fault("zone lost", later(zone_lost, "CapacityBack"), 2 * ONE_HOST_LOST),
        Fault("Spot host taken", later(spot), ONE_HOST_LOST),
        Fault("registry fails", at_once("RegistryFails", "RegistryBack")),
        Fault("hosts full", hosts_full),
        Fault("hook stuck", at_once("HookStuck", "HookFreed")),
        Fault("clock jumps", clock_jumps),
        Fault("disk full: intent", disk_full("intent")),
        Fault("disk full: result", disk_full("result")),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """What became of one operation under one fault."""

    operation: str
    fault: str
    ended: str
    failed: int
    sent: int
    started: tuple[int, int, int]
    whole: bool
    is_true: bool
    met: int
    error: HitlessError | None = None

    def __str__(self):
        lost = f" −{self.failed}" if self.failed else ""
        return f"{self.ended}{lost}" if self.met or self.fault == "none" else f"{self.ended} (not met)"


def play(scene, operation, fault, patch):
    """Do it under the fault; anything but a HitlessError is a bug, and raised."""
    operation.prepare(scene)
    sent, failed = scene.sent, scene.failed
    fault.begin(scene, operation, patch)
    ended, error = WENT_THROUGH, None
    try:
        operation.act(scene)
    except HitlessError as stopped:
        ended, error = type(stopped).__name__, stopped
    met = scene.met
    scene.mend()
    scene.calm()
    is_true = tells_the_truth(scene, operation, error)
    whole = scene.until_whole()
    counts = scene.failed - failed, scene.sent - sent, scene.started
    return Cell(operation.name, fault.name, ended, *counts, whole, is_true, met, error)


def tells_the_truth(scene, operation, error):
    """Done means reached; and what AWS shows as started is on record as begun."""
    if error is None and not operation.reached(scene):
        return False
    begun = [name for name in ("run", "back") if (scene.folder / name / "journal.jsonl").exists()]
    return not any(scene.started) or any(scene.past(name).changed_something for name in begun)


def text(cells):
    """The table, one fault a row."""
    names = list(dict.fromkeys(cell.operation for cell in cells))
    by = {(cell.operation, cell.fault): str(cell) for cell in cells}
    faults = list(dict.fromkeys(cell.fault for cell in cells))
    rows = [["fault", *names]] + [[fault, *(by.get((name, fault), "") for name in names)] for fault in faults]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = f"{len(cells)} cells; users at {USERS_PER_S:g}/s; −n: n of their requests failed"
    return "\n".join([told, *lines])
