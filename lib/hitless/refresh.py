"""Start, watch, cancel and roll back one instance refresh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hitless.clock import duration_text
from hitless.connect import Connection
from hitless.delivery import deliver
from hitless.errors import Failed, RolledBack
from hitless.plan import Plan
from hitless.step import Step
from hitless.wait import await_until

SUCCESSFUL = "Successful"
ENDED = (SUCCESSFUL, "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed")
POLL_S = 15.0
TIMEOUT_S = 3 * 3600.0  # a failure alone takes Auto Scaling an hour to admit, and a rollback may follow


@dataclass(frozen=True)
class RefreshSettings:
    """How a refresh may go about it; every value is sent, since AWS's defaults depend on who asks.

    Args:
        min_healthy_percent: 0-100, of desired capacity.
        max_healthy_percent: 100-200; explicit, or one host is always taken first.
        warmup_s: Seconds a new host must have been in service to count.
        bake_s: Seconds to go on watching the alarms after the last host.
        alarm_names: Alarms that turn it round; each must be OK at the start.
        auto_rollback: Turn round by itself when it fails.
        skip_matching: Leave hosts alone that are as wanted; False replaces every one.
    """

    min_healthy_percent: int = 90
    max_healthy_percent: int | None = 110
    warmup_s: int = 60
    bake_s: int = 0
    alarm_names: tuple[str, ...] = ()
    auto_rollback: bool = True
    skip_matching: bool = True

    def preferences(self) -> dict:
        """As StartInstanceRefresh takes them."""
        wanted: dict = {
            "MinHealthyPercentage": self.min_healthy_percent,
            "InstanceWarmup": self.warmup_s,
            "SkipMatching": self.skip_matching,
            "AutoRollback": self.auto_rollback,
            # managed draining moves the tasks of whichever host leaves, so a protected one need not stall for an hour
            "ScaleInProtectedInstances": "Refresh",
            "StandbyInstances": "Wait",
        }
        if self.max_healthy_percent is not None:
            wanted["MaxHealthyPercentage"] = self.max_healthy_percent
        if self.bake_s:
            wanted["BakeTime"] = self.bake_s
        if self.alarm_names:
            wanted["AlarmSpecification"] = {"Alarms": list(self.alarm_names)}
        return wanted


def refresh_step(group_name: str, template_id: str, version: str, settings: RefreshSettings) -> Step:
    """The one call that replaces every host that does not run `version` yet.

    Args:
        group_name: Auto Scaling group.
        template_id: Launch template id.
        version: A number; `$Latest` could not be rolled back.
        settings: Floors, warm-up, alarms.
    """
    return Step(
        name="refresh",
        service="autoscaling",
        operation="start_instance_refresh",
        arguments={
            "AutoScalingGroupName": group_name,
            "Strategy": "Rolling",
            "DesiredConfiguration": {"LaunchTemplate": {"LaunchTemplateId": template_id, "Version": version}},
            "Preferences": settings.preferences(),
        },
        changes=f"every host of {group_name} that is not launch template version {version} is replaced, "
        f"at least {settings.min_healthy_percent} % healthy",
        undo=f"autoscaling:rollback_instance_refresh while it runs; runbooks/20-refresh-hosts.ipynb with the "
        f"previous version of {template_id} afterwards",
    )


def rollback_step(group_name: str) -> Step:
    """The one call that turns a running refresh round; the same refresh goes on, backwards."""
    return Step(
        name="refresh",
        service="autoscaling",
        operation="rollback_instance_refresh",
        arguments={"AutoScalingGroupName": group_name},
        changes=f"the hosts of {group_name} that were replaced are replaced again by what served before",
        undo="runbooks/20-refresh-hosts.ipynb: run the refresh again",
    )


def plan_refresh(group_name: str, template_id: str, version: str, settings: RefreshSettings) -> Plan:
    """A plan of that one call; see `refresh_step`."""
    return Plan(f"Replace the hosts of {group_name}", [refresh_step(group_name, template_id, version, settings)])


def read_refresh(here: Connection, group_name: str, refresh_id: str = "") -> dict | None:
    """The refresh of that id, or the newest; None when the group never had one.

    Calls:
        autoscaling:DescribeInstanceRefreshes.
    """
    wanted = {"InstanceRefreshIds": [refresh_id]} if refresh_id else {"MaxRecords": 1}
    answer = here.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=group_name, **wanted)
    return next(iter(answer["InstanceRefreshes"]), None)


def describe(refresh: dict) -> str:
    """A refresh in one line."""
    reason = f"  {refresh['StatusReason']}" if refresh.get("StatusReason") else ""
    return f"{refresh['Status']} {refresh.get('PercentageComplete', 0)} %, {refresh['InstancesToUpdate']} to go{reason}"


async def watch_refresh(
    here: Connection,
    group_name: str,
    look: Callable[[], dict],
    *,
    usually_s: float,
    say: Callable[[str], object] = print,
) -> dict:
    """Wait until a refresh has ended, saying each change.

    Args:
        here: Whose account.
        group_name: Auto Scaling group.
        look: Reads the refresh (`read_refresh`); called in a thread.
        usually_s: Seconds the ideal schedule would take, told while waiting.
        say: Receives each line.

    Returns:
        The last state, with `Status` Successful.

    Raises:
        RolledBack: It turned round; the old hosts serve.
        Failed: It ended any other way.
        TimedOut: It still runs after three hours.
    """
    refresh = await await_until(
        look,
        lambda r: r["Status"] in ENDED,
        what=f"every host of {group_name} to be replaced",
        clock=here.clock,
        timeout_s=TIMEOUT_S,
        every_s=POLL_S,
        usually_s=usually_s,
        show=describe,
        say=say,
    )
    if refresh["Status"] == SUCCESSFUL:
        return refresh
    raise _ended_badly(group_name, refresh)


def _ended_badly(group_name: str, refresh: dict) -> Failed:
    seen = {
        "refresh": refresh["InstanceRefreshId"],
        "status": refresh["Status"],
        "reason": refresh.get("RollbackDetails", {}).get("RollbackReason") or refresh.get("StatusReason", "none given"),
        "took": duration_text((refresh["EndTime"] - refresh["StartTime"]).total_seconds()),
    }
    if refresh["Status"] == "RollbackSuccessful":
        return RolledBack(
            f"The refresh of {group_name} was rolled back; the old hosts serve.",
            seen=seen,
            do="read the scaling activities for why the new hosts failed, mend the launch template, run it again",
        )
    do = "look at the hosts, then run runbooks/20-refresh-hosts.ipynb with the version that should serve"
    return Failed(f"The refresh of {group_name} ended {refresh['Status']}.", seen=seen, do=do)


def cancel_refresh(here: Connection, group_name: str) -> str:
    """Stop a refresh where it is; what was replaced stays replaced.

    Returns:
        The refresh's id.

    Calls:
        autoscaling:CancelInstanceRefresh.
    """
    return here.client("autoscaling").cancel_instance_refresh(AutoScalingGroupName=group_name)["InstanceRefreshId"]


def roll_back_refresh(here: Connection, group_name: str) -> str:
    """Turn a running refresh round.

    Returns:
        The refresh's id (the same refresh goes on, backwards).

    Raises:
        Refused: AWS said no: none runs, or it cannot be turned.
        Failed: Nobody knows whether it turned.

    Calls:
        autoscaling:RollbackInstanceRefresh.
    """
    return deliver(here, rollback_step(group_name), str)[0]["InstanceRefreshId"]
