"""What is done in the control room: replace the hosts, release the app; each within the timeline that is watched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hitless import deployment
from hitless.connect import Connection
from hitless.errors import RolledBack
from hitless.floor import ideal_duration_s, true_floor
from hitless.hosts import read_hosts
from hitless.images import build_release
from hitless.live import LiveTimeline
from hitless.lookout import Lookout
from hitless.refresh import RefreshSettings, plan_refresh, roll_back_refresh, watch_refresh
from hitless.release import Gate, deploy, plan_release
from hitless.run_folder import RunFolder
from hitless.stack import Stack

SETTINGS = RefreshSettings(skip_matching=False)
BOOT_S = 90.0
BAD = "ERROR_PERCENT=100 ERROR_PORTS=80,443"  # well through the test listener, then it fails every user
NO_GATE = Gate(failed_max=-1, approve="wait")  # the alarm is to catch a bad one, and a person says go
COLOURS = ("green", "purple", "teal", "orange", "pink", "blue")
DONE, TAKEN_BACK, FAILED = "done", "taken back", "failed"


@dataclass(frozen=True)
class Bench:
    """What a deed works on and with."""

    here: Connection
    stack: Stack
    run: RunFolder
    live: LiveTimeline
    deed: Deed
    say: Callable[[str], object]


@dataclass
class Deed:
    """One thing that was done, and how it ended.

    Attributes:
        name: For people: "replace every host", "release 2.0.0".
        harms: Users may be failed by it, on purpose.
        underway: AWS has been told to begin; from then on it can be turned round.
        end: `done`, `taken back`, `failed`; "" while it goes on.
        why: What it ended with, when badly.
    """

    name: str
    began: float
    harms: bool = False
    underway: bool = False
    ended: float | None = None
    end: str = ""
    why: str = ""

    def close(self, now: float, error: BaseException | None) -> None:
        """Note the end."""
        self.ended, self.why = now, str(error or "")
        self.end = DONE if error is None else TAKEN_BACK if isinstance(error, RolledBack) else FAILED


async def replace_hosts(bench: Bench) -> None:
    """Replace every host by one of the launch template version the group has.

    Raises:
        RolledBack: It was turned round; the old hosts serve.
        Failed: It ended any other way.
    """
    here, stack, live = bench.here, bench.stack, bench.live
    fleet = await asyncio.to_thread(read_hosts, here, stack)
    plan = plan_refresh(stack.group_name, fleet.launch_template_id, fleet.launch_template_version, SETTINGS)
    answers = await asyncio.to_thread(lambda: plan.run(here, dry_run=False, say=bench.say))
    bench.deed.underway = True
    refresh_id, lookout = answers["refresh"]["InstanceRefreshId"], Lookout(here, stack)
    floor = true_floor(fleet.desired_capacity, SETTINGS.min_healthy_percent, SETTINGS.max_healthy_percent)
    usually_s = ideal_duration_s(floor, BOOT_S + SETTINGS.warmup_s)
    with live.phase("replace hosts"):
        try:
            await watch_refresh(
                here,
                stack.group_name,
                lambda: lookout.refresh(refresh_id, live.event),
                usually_s=usually_s,
                say=bench.say,
            )
        except asyncio.CancelledError:
            roll_back_refresh(here, stack.group_name)
            raise


async def release(bench: Bench, version: str, *, bad: bool = False) -> None:
    """Release the app, waiting at Ready until somebody continues it.

    Args:
        bench: What to work on.
        version: What it will say it is.
        bad: Make it fail its users once it has some.

    Raises:
        RolledBack: It was stopped, by the alarm or by hand, and taken back.
        Failed: It ended badly and nothing was taken back.
    """
    colour = "red" if bad else COLOURS[int(version.partition(".")[0]) % len(COLOURS)]
    image = await asyncio.to_thread(build_release, "app", version, colour, BAD if bad else "")
    change = await asyncio.to_thread(
        plan_release, bench.here, bench.stack, image, version, bench.stack.service_name, reason="the control room"
    )
    await deploy(change, bench.run, bench.live, gate=NO_GATE, say=bench.say)


def abort(here: Connection, stack: Stack, deployment_id: str) -> None:
    """Turn round what runs: the deployment, or else the refresh."""
    if deployment_id:
        deployment.stop_deployment(here, deployment_id)
    else:
        roll_back_refresh(here, stack.group_name)
