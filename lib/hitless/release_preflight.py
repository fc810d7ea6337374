"""What a release would meet, looked up before anything is changed."""

from __future__ import annotations

from collections.abc import Callable

from hitless.checks import WARN, Checks
from hitless.connect import Connection
from hitless.container_change import UNCHANGED, ContainerChange
from hitless.deployment import DeploymentGroup, find_running, read_group
from hitless.refresh import ENDED, read_refresh
from hitless.service import read_primary_target_group, read_room, read_service
from hitless.stack import Stack
from hitless.wait import await_until

ALL_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
WANTED_EVENTS = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}


def check_release(
    here: Connection, stack: Stack, config_name: str = "", container: ContainerChange = UNCHANGED
) -> Checks:
    """Look at everything that decides whether a release loses requests, or hangs.

    Args:
        here: Whose account.
        stack: The service's parts.
        config_name: How traffic would shift; "" is the deployment group's own.
        container: What would change of the container: larger tasks need more room.

    Calls:
        codedeploy:GetDeploymentGroup, ListDeployments, ecs:Describe*/List*, elasticloadbalancing:Describe*,
        autoscaling:DescribeInstanceRefreshes, cloudwatch:DescribeAlarms.
    """
    checks = Checks(f"Before a release of {stack.service_name}")
    group = read_group(here, stack.service_name, stack.service_name)
    service = read_service(here, stack)
    checks.add("service steady", service.steady, service.words, "wait, or read the service's events")
    _one_change_at_a_time(checks, here, stack, group)
    _room(checks, here, stack, service.desired_count, container)
    _listeners(checks, here, stack)
    _safeties(checks, here, group)
    _trap(checks, group, config_name or group.config_name)
    return checks


async def await_ready(here: Connection, stack: Stack, *, say: Callable[[str], object] = print) -> Checks:
    """Wait until nothing speaks against a release: after a bad one its alarms need some minutes to be quiet.

    Raises:
        TimedOut: Something still did after half an hour.
    """
    return await await_until(
        lambda: check_release(here, stack),
        lambda checks: not checks.failed,
        what="nothing to speak against a release",
        clock=here.clock,
        timeout_s=1800,
        every_s=30,
        usually_s=120,
        show=lambda checks: ", ".join(f"{row.name}: {row.seen}" for row in checks.failed) or "ready",
        say=say,
    )


def _one_change_at_a_time(checks: Checks, here: Connection, stack: Stack, group: DeploymentGroup) -> None:
    running = find_running(here, group)
    checks.add("no other release", not running, running or "none running", "wait for it, continue it or stop it")
    refresh = read_refresh(here, stack.group_name)
    busy = refresh is not None and refresh["Status"] not in ENDED
    checks.add(
        "no refresh of the hosts",
        not busy,
        refresh["Status"] if busy else "none active",
        "wait: a host that drains keeps the new tasks from being steady, and the deployment fails",
    )


def _room(checks: Checks, here: Connection, stack: Stack, desired_count: int, container: ContainerChange) -> None:
    free = read_room(here, stack, container)
    checks.add(
        "room for twice the tasks",
        free >= desired_count,
        f"{free} free places for {desired_count} more tasks",
        "add hosts first: the release would wait an hour for room and then fail",
    )


def _listeners(checks: Checks, here: Connection, stack: Stack) -> None:
    primary, serving = read_primary_target_group(here, stack)
    checks.add(
        "the listener serves the running tasks",
        primary == serving,
        f"listener {serving}, running tasks {primary}",
        "put the production listener back to the primary task set's target group: CodeDeploy refuses to start",
    )


def _safeties(checks: Checks, here: Connection, group: DeploymentGroup) -> None:
    watched = group.alarms_enabled and bool(group.alarm_names)
    checks.add(
        "alarms stop a bad release",
        watched,
        ", ".join(group.alarm_names) if watched else "none",
        "name alarms in the deployment group; without them only this runbook's own gate watches",
        otherwise=WARN,
    )
    missing = WANTED_EVENTS - set(group.rollback_events)
    checks.add(
        "a stopped release is rolled back",
        not missing,
        ", ".join(group.rollback_events) or "no automatic rollback",
        "enable automatic rollback: without it traffic stays split where it stopped",
        otherwise=WARN,
    )
    if not watched:
        return
    answer = here.client("cloudwatch").describe_alarms(AlarmNames=list(group.alarm_names))
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in answer["MetricAlarms"]}
    loud = [name for name in group.alarm_names if states.get(name, "missing") in ("ALARM", "missing")]
    checks.add(
        "alarms are quiet",
        not loud,
        ", ".join(f"{n} {states.get(n, 'missing')}" for n in loud) or "none in ALARM",
        "an alarm that is on stops the release at once",
    )


def _trap(checks: Checks, group: DeploymentGroup, config_name: str) -> None:
    checks.add(
        "health is known before the shift",
        config_name != ALL_AT_ONCE or group.has_test_listener,
        f"{config_name}, {'with' if group.has_test_listener else 'no'} test listener",
        "add a test listener, or shift by canary: all at once without one, health checks start after the shift",
        otherwise=WARN,
    )
