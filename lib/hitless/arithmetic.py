"""What minimum and maximum healthy percentages come to in whole hosts, foretold and then tried."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from hitless.capacity import lowest_in_service
from hitless.connect import connect
from hitless.errors import TimedOut
from hitless.floor import true_floor
from hitless.hosts import read_group
from hitless.miniature import NAME, make_hosts, new_template_version
from hitless.refresh import ENDED, RefreshSettings, plan_refresh, read_refresh
from hitless.rehearsal import Rehearsal
from hitless.verdict import Verdict

BOOT_S = 300.0
LOOK_S = 60.0
TIMEOUT_S = 24 * 3600.0


def table(counts: Iterable[int], settings: Iterable[RefreshSettings]) -> pd.DataFrame:
    """The fewest hosts in service during a refresh, and their share, by number of hosts and settings.

    Args:
        counts: Numbers of hosts.
        settings: One column for each.
    """
    rows = {count: {name_of(one): _cell(count, one) for one in settings} for count in counts}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("hosts")


def _cell(count: int, settings: RefreshSettings) -> str:
    floor = true_floor(count, settings.min_healthy_percent, settings.max_healthy_percent)
    return f"{floor.fewest} of {count}, {floor.percent:.0f} %"


def name_of(settings: RefreshSettings) -> str:
    """The settings in words: "90 %, no maximum"."""
    most = settings.max_healthy_percent
    return f"{settings.min_healthy_percent} %, {'no maximum' if most is None else f'maximum {most} %'}"


def percents(counts: Iterable[int], settings: RefreshSettings) -> list[float]:
    """The true floors, percent of desired capacity."""
    wanted = settings.min_healthy_percent, settings.max_healthy_percent
    return [true_floor(count, *wanted).percent for count in counts]


def prove(rehearsal: Rehearsal, counts: Iterable[int], settings: RefreshSettings) -> Verdict:
    """Replace all hosts of a group of each size in the lab, and compare the fewest seen with what was foretold.

    Args:
        rehearsal: A running one; it starts over for each size.
        counts: Numbers of hosts.
        settings: How the refresh may go about it.
    """
    verdict = Verdict()
    for count in counts:
        floor = true_floor(count, settings.min_healthy_percent, settings.max_healthy_percent)
        lowest = fewest_seen(rehearsal, count, settings)
        claim = f"{count} hosts, fewest in service" if count > 1 else "1 host, fewest in service"
        verdict.equal(claim, lowest, floor.fewest)
    return verdict


def size_of(account_id: str, region: str, group_name: str, *, otherwise: int) -> int:
    """The desired capacity of somebody's group, which is only read.

    Args:
        account_id: Twelve digits the caller must belong to.
        region: AWS region.
        group_name: Auto Scaling group; "" reads nothing.
        otherwise: The answer when none is named.
    """
    if not group_name:
        return otherwise
    return read_group(connect(account_id=account_id, region=region), group_name)["DesiredCapacity"]


def fewest_seen(rehearsal: Rehearsal, count: int, settings: RefreshSettings) -> int:
    """Replace every host of a group of this size; the fewest in service, from the group's own activities.

    Raises:
        TimedOut: The refresh did not end within a day of lab time.
    """
    rehearsal.start_over()
    here = rehearsal.here
    template_id = make_hosts(here, count)
    here.clock.sleep(BOOT_S)
    version, began = new_template_version(here, template_id), here.clock.now()
    serving = {one["InstanceId"] for one in read_group(here, NAME)["Instances"]}
    plan_refresh(NAME, template_id, version, settings).run(here, dry_run=False, say=str)
    while read_refresh(here, NAME)["Status"] not in ENDED:
        here.clock.sleep(LOOK_S)
        if here.clock.now() > began + TIMEOUT_S:
            raise TimedOut("The refresh did not end.", seen=read_refresh(here, NAME), do="read its StatusReason")
    return lowest_in_service(here, NAME, began, serving)
