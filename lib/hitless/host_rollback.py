"""Go back to the hosts that served before: turn a refresh that runs round, or start one to an earlier version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hitless import host_change
from hitless.approval import require_approved
from hitless.checks import Checks
from hitless.connect import Connection
from hitless.environment import Environment
from hitless.errors import NotReady, RolledBack
from hitless.host_change import HostChange
from hitless.hosts import held_template
from hitless.outcome import Outcome
from hitless.plan import Plan
from hitless.preflight import check_refresh
from hitless.refresh import ENDED, RefreshSettings, describe, read_refresh, rollback_step
from hitless.run_folder import RunFolder
from hitless.stack import Stack
from hitless.turn_round import watch_turn

TURNABLE = ("Pending", "InProgress", "Baking")


class HostReturn(HostChange):
    """A refresh that runs, to be turned round."""

    async def run(
        self, run: RunFolder, *, dry_run: bool, probe_rate_per_s: int = 100, say: Callable[[str], object] = print
    ) -> Outcome | None:
        """Turn it round under load, judge; that it was rolled back is what was asked for.

        Args:
            run: Where the record goes.
            dry_run: Only say what would be called.
            probe_rate_per_s: Requests a second that users are played with.
            say: Receives each line.

        Returns:
            What it left behind, also when it failed; None for a dry run.

        Raises:
            NotReady: Nobody approved it.
        """
        if dry_run:
            self.plan.run(self.here, dry_run=True, say=say)
            return None
        require_approved(run, self.plan)
        outcome = await watch_turn(self, run, probe_rate_per_s, say)
        return replace(outcome, error=None) if isinstance(outcome.error, RolledBack) else outcome


def check_host_rollback(here: Connection, stack: Stack, settings: RefreshSettings) -> Checks:
    """Look at what decides whether the way back loses requests: of a refresh that runs, whether it can be turned round.

    Calls:
        As `preflight.check_refresh`, or autoscaling:DescribeInstanceRefreshes and DescribeAutoScalingGroups alone.
    """
    refresh = _running(here, stack)
    if refresh is None:
        return check_refresh(here, stack, settings)
    checks = Checks(f"Before the refresh of {stack.group_name} is turned round")
    can_turn = refresh["Status"] in TURNABLE and bool(refresh.get("DesiredConfiguration"))
    do = "wait until it has ended, then go back by version: AWS turns only a refresh to a desired configuration round"
    checks.add("the refresh that runs can be turned round", can_turn, describe(refresh), do)
    held = held_template(here, stack.group_name)["Version"]
    do = "wait until it has ended, then pin the group to a numbered version: AWS does not roll back to $Latest"
    checks.add("the group names what served before", held.isdigit(), f"version {held}", do)
    return checks


def plan_host_rollback(
    here: Connection,
    stack: Stack,
    environment: Environment,
    settings: RefreshSettings,
    *,
    to_version: str = "",
    run: RunFolder | None = None,
) -> HostChange:
    """Plan to turn the refresh that runs round; when none runs, to go to an earlier launch template version.

    Args:
        here: Whose account.
        stack: The service's parts.
        environment: Its Terraform; told afterwards which version the group is held at.
        settings: How a new refresh may go about it; of one that runs, its floor.
        to_version: Launch template version; "" takes the one before the group's.
        run: The run it is for; one that is resumed goes on with the plan it has shown.

    Raises:
        NotReady: There is no such version, or one is named while a refresh runs.
    """
    if run is not None and run.is_resumed:
        return _again(here, stack, environment, settings, run)
    refresh = _running(here, stack)
    if refresh is None:
        return host_change.plan_host_rollback(here, stack, environment, settings, to_version=to_version)
    if to_version:
        seen = {"refresh": describe(refresh), "named": to_version}
        do = "leave TO_VERSION empty to turn it round, or wait until it has ended"
        raise NotReady("A refresh runs: it goes back to what served before it, and nowhere else.", seen=seen, do=do)
    held = held_template(here, stack.group_name)
    facts = {"template_id": held["LaunchTemplateId"], "before": held["Version"], "version": held["Version"]}
    plan = Plan(f"Turn the refresh of {stack.group_name} round", [rollback_step(stack.group_name)], facts)
    return HostReturn(here, stack, environment, settings, held["Version"], plan)


def _again(
    here: Connection, stack: Stack, environment: Environment, settings: RefreshSettings, run: RunFolder
) -> HostChange:
    turns = rollback_step(stack.group_name).operation in [one.get("operation") for one in run.past.plan["steps"]]
    if not turns:
        return host_change.plan_host_rollback(here, stack, environment, settings, run=run)
    plan = Plan.again(run.past.plan, {})
    return HostReturn(here, stack, environment, settings, str(plan.facts["version"]), plan)


def _running(here: Connection, stack: Stack) -> dict | None:
    refresh = read_refresh(here, stack.group_name)
    return refresh if refresh is not None and refresh["Status"] not in ENDED else None
