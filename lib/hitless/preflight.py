"""What an instance refresh would really do to this service, looked up and computed before anything is changed."""

from __future__ import annotations

from hitless.checks import WARN, Checks
from hitless.connect import Connection
from hitless.floor import true_floor
from hitless.hosts import Fleet, read_hosts
from hitless.refresh import ENDED, RefreshSettings, read_refresh
from hitless.service import read_headroom, read_service
from hitless.stack import Stack

TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"


def check_refresh(here: Connection, stack: Stack, settings: RefreshSettings) -> Checks:
    """Look at everything that decides whether a refresh loses requests.

    Args:
        here: Whose account.
        stack: The service's parts.
        settings: How the refresh would go about it.

    Calls:
        autoscaling:Describe*, ec2:DescribeInstances, ecs:Describe*/List*, elasticloadbalancing:DescribeTargetHealth,
        cloudwatch:DescribeAlarms.
    """
    checks = Checks(f"Before the hosts of {stack.service_name} are replaced")
    fleet = read_hosts(here, stack)
    _steady(checks, here, stack, fleet)
    _floor(checks, fleet, settings)
    _one_change_at_a_time(checks, here, stack)
    _hooks(checks, here, stack)
    _draining(checks, here, stack, fleet)
    _headroom(checks, here, stack, fleet)
    _reversible(checks, fleet)
    _alarms(checks, here, settings)
    return checks


def _steady(checks: Checks, here: Connection, stack: Stack, fleet: Fleet) -> None:
    checks.add(
        "hosts in service",
        fleet.healthy == fleet.desired_capacity and len(fleet.hosts) == fleet.desired_capacity,
        f"{fleet.healthy} healthy of {fleet.desired_capacity} desired, {len(fleet.hosts)} in all",
        "wait until the group is steady",
    )
    service = read_service(here, stack)
    checks.add("service steady", service.steady, service.words, "wait, or read the service's events")
    checks.add(
        "targets healthy",
        service.healthy_targets >= service.desired_count,
        f"{service.healthy_targets} healthy targets for {service.desired_count} tasks",
        "look at the target group's health reasons",
    )


def _floor(checks: Checks, fleet: Fleet, settings: RefreshSettings) -> None:
    floor = true_floor(fleet.desired_capacity, settings.min_healthy_percent, settings.max_healthy_percent)
    checks.add(
        "true capacity floor",
        floor.percent >= settings.min_healthy_percent,
        f"{floor.percent:.0f} %, at worst {floor.fewest} of {floor.desired}; {settings.min_healthy_percent} % asked",
        "send MaxHealthyPercentage (110): without it one host is always terminated first",
    )
    checks.add(
        "room below MaxSize",
        fleet.max_size >= floor.most,
        f"at most {floor.most} hosts at once, MaxSize {fleet.max_size}",
        f"raise MaxSize to {floor.most}: AWS does not say whether a refresh may exceed it",
        otherwise=WARN,
    )


def _one_change_at_a_time(checks: Checks, here: Connection, stack: Stack) -> None:
    refresh = read_refresh(here, stack.group_name)
    running = refresh is not None and refresh["Status"] not in ENDED
    checks.add(
        "no other refresh",
        not running,
        refresh["InstanceRefreshId"] + " " + refresh["Status"] if running else "none active",
        "wait for it, or cancel it",
    )
    service = read_service(here, stack)
    checks.add(
        "no release in progress",
        service.task_sets <= 1,
        f"{service.task_sets} task sets",
        "wait: draining a host while CodeDeploy shifts traffic fails the deployment",
    )


def _hooks(checks: Checks, here: Connection, stack: Stack) -> None:
    answer = here.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=stack.group_name)
    hooks = {hook["LifecycleTransition"]: hook["LifecycleHookName"] for hook in answer["LifecycleHooks"]}
    checks.add(
        "a host counts only once it is in the cluster",
        LAUNCHING in hooks,
        f"launch hook {hooks.get(LAUNCHING, 'none')}",
        "add an EC2_INSTANCE_LAUNCHING hook that the host completes when its ECS agent has registered",
        otherwise=WARN,
    )
    checks.add(
        "tasks leave before their host",
        TERMINATING in hooks,
        f"termination hook {hooks.get(TERMINATING, 'none')}",
        "enable managed draining on the capacity provider: without it tasks die with their host",
    )


def _draining(checks: Checks, here: Connection, stack: Stack, fleet: Fleet) -> None:
    answer = here.client("ecs").describe_capacity_providers(capacityProviders=[stack.capacity_provider_name])
    provider = answer["capacityProviders"][0]["autoScalingGroupProvider"]
    draining = provider.get("managedDraining", "DISABLED")
    checks.add("managed draining", draining == "ENABLED", draining, "set managed_draining = ENABLED")
    protected = sum(host.protected for host in fleet.hosts)
    checks.add(
        "protected hosts",
        protected == 0 or draining == "ENABLED",
        f"{protected} protected; the refresh replaces them too, draining is {draining}",
        "a protected host that is replaced without draining kills its tasks",
    )


def _headroom(checks: Checks, here: Connection, stack: Stack, fleet: Fleet) -> None:
    room = read_headroom(here, stack)
    launch_first = true_floor(fleet.desired_capacity, 90, 110).most > fleet.desired_capacity
    checks.add(
        "room for a drained host's tasks",
        room.free_elsewhere >= room.most_on_one_host or launch_first,
        f"{room.free_elsewhere} free places elsewhere for at most {room.most_on_one_host} tasks of one host",
        "add a host, or let the refresh launch before it terminates",
        otherwise=WARN,
    )


def _reversible(checks: Checks, fleet: Fleet) -> None:
    checks.add(
        "can be rolled back",
        fleet.launch_template_version.isdigit(),
        f"the group launches version {fleet.launch_template_version} of {fleet.launch_template_id}",
        "pin the group to a numbered version: AWS refuses to roll back $Latest and $Default",
    )


def _alarms(checks: Checks, here: Connection, settings: RefreshSettings) -> None:
    if not settings.alarm_names:
        checks.skip("alarms are OK", "none named; only a lack of progress would turn the refresh round")
        return
    answer = here.client("cloudwatch").describe_alarms(AlarmNames=list(settings.alarm_names))
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in answer["MetricAlarms"]}
    seen = ", ".join(f"{name} {states.get(name, 'missing')}" for name in settings.alarm_names)
    holds = all(states.get(name) == "OK" for name in settings.alarm_names)
    checks.add("alarms are OK", holds, seen, "Auto Scaling refuses to start while one is not OK")
