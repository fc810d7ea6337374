"""The questions a walkthrough is asked, each answered by facts that are read, not told."""

from __future__ import annotations

from collections import Counter

from hitless import cost, deployment
from hitless.checks import OK, SKIP, Checks
from hitless.connect import Connection, connect
from hitless.hosts import read_group, read_hosts
from hitless.images import build_release
from hitless.miniature import Miniature, Settings
from hitless.preflight import check_refresh
from hitless.refresh import RefreshSettings
from hitless.rehearsal import Rehearsal
from hitless.release_preflight import WANTED_EVENTS, check_release
from hitless.service import read_definition, read_room, read_service, read_targets
from hitless.stack import Stack, read_stack
from hitless.verdict import Verdict

REQUEST_S_MAX = 5  # the slowest request the service promises to finish; terraform's request_s_max


def why_ec2(here: Connection, stack: Stack) -> Verdict:
    """Why EC2 and not Fargate: the hosts are ours to choose and to share, and full ones are cheaper.

    Calls:
        autoscaling:Describe*, ec2:DescribeInstances, ecs:Describe*/List*.
    """
    fleet, definition = read_hosts(here, stack), read_definition(here, stack)
    tasks, places = len(_tasks(here, stack)), len(_tasks(here, stack)) + read_room(here, stack)
    container = definition["containerDefinitions"][0]
    vcpu, gib = container["cpu"] / 1024, container["memory"] / 1024
    hosts = sum(cost.host_month(host.instance_type) for host in fleet.hosts)
    verdict = Verdict()
    images = {host.image_id for host in fleet.hosts}
    verdict.claim(
        "the host's image is our choice", measured=", ".join(sorted(images)), limit="named by AMI", holds=bool(images)
    )
    verdict.at_least("tasks that share a host", tasks / max(1, len(fleet.hosts)), 1.01)
    verdict.equal("network mode, ports chosen per task", definition["networkMode"], "bridge")
    fargate = cost.fargate_month(vcpu, gib)
    verdict.at_most("a place on a full host, USD a month", round(hosts / places, 2), round(fargate, 2))
    even = hosts / fargate
    verdict.at_most("tasks from which on EC2 is cheaper", round(even, 1), places)
    return verdict


def zero_downtime(here: Connection, stack: Stack, settings: RefreshSettings) -> Verdict:
    """How nothing is lost: every preflight check, and the times that draining relies on.

    Args:
        here: Whose account.
        stack: The service's parts.
        settings: How hosts would be replaced.
    """
    verdict = Verdict()
    for checks in (check_refresh(here, stack, settings), check_release(here, stack)):
        _all_ok(verdict, checks)
    for arn in stack.target_group_arns:
        seconds = _attribute(here, arn, "deregistration_delay.timeout_seconds")
        verdict.at_least(f"time to finish requests, {arn.split('/')[1]}", seconds, REQUEST_S_MAX, "s")
    stop_s = read_definition(here, stack)["containerDefinitions"][0].get("stopTimeout", 30)
    verdict.at_least("time between SIGTERM and SIGKILL", stop_s, REQUEST_S_MAX, "s")
    return verdict


def pipeline(here: Connection, stack: Stack, repository_name: str, version: str, colour: str) -> Verdict:
    """How code gets to users: content by digest, immutable tags, a canary, alarms, the way back.

    Args:
        here: Whose account.
        stack: The service's parts.
        repository_name: ECR repository.
        version: Of the release that runs.
        colour: Of the release that runs.
    """
    group = deployment.read_group(here, stack.service_name, stack.service_name)
    image = read_definition(here, stack)["containerDefinitions"][0]["image"]
    [repository] = here.client("ecr").describe_repositories(repositoryNames=[repository_name])["repositories"]
    verdict = Verdict()
    runs, built = image.partition("@")[2], build_release("app", version, colour).digest
    verdict.claim("what runs is this checkout's app/", measured=runs[:19], limit=built[:19], holds=runs == built)
    verdict.equal("a tag can be moved", repository["imageTagMutability"] == "MUTABLE", False)
    verdict.equal("health is known before users come", group.has_test_listener, True)
    shifted = group.config_name.rpartition(".")[2]
    verdict.claim("users come step by step", measured=shifted, limit="not AllAtOnce", holds="AllAtOnce" not in shifted)
    watched = group.alarm_names if group.alarms_enabled else ()
    verdict.claim("alarms stop a bad release", measured=", ".join(watched) or "none", limit="≥ 1", holds=bool(watched))
    verdict.claim(
        "and it is taken back",
        measured=", ".join(sorted(group.rollback_events)) or "never",
        limit=", ".join(sorted(WANTED_EVENTS)),
        holds=set(group.rollback_events) >= WANTED_EVENTS,
    )
    return verdict


def scalability(here: Connection, stack: Stack) -> Verdict:
    """How it grows: hosts follow the tasks, and there is room for twice the tasks while a release runs."""
    answer = here.client("ecs").describe_capacity_providers(capacityProviders=[stack.capacity_provider_name])
    scaling = answer["capacityProviders"][0]["autoScalingGroupProvider"].get("managedScaling", {})
    group, service = read_group(here, stack.group_name), read_service(here, stack)
    verdict = Verdict()
    verdict.equal("hosts follow the tasks", scaling.get("status", "DISABLED"), "ENABLED")
    verdict.at_least("hosts it may grow to", group["MaxSize"], group["DesiredCapacity"] + 1)
    verdict.at_least("free places, for a second set of tasks", read_room(here, stack), service.desired_count)
    return verdict


def reliability(here: Connection, stack: Stack) -> Verdict:
    """What it survives: a host, a zone, a task; nothing is anywhere only once."""
    fleet, tasks = read_hosts(here, stack), _tasks(here, stack)
    zone = {host.instance_id: host.availability_zone for host in fleet.hosts}
    by_zone, by_host = Counter(zone.values()), Counter(tasks.values())
    tasks_by_zone = Counter(zone[host] for host in tasks.values())
    verdict = Verdict()
    verdict.at_least("zones with hosts", len(by_zone), 2)
    verdict.at_least("zones with tasks", len(tasks_by_zone), 2)
    verdict.at_most("share of tasks that one host's death takes", _share(by_host), 50, "%")
    verdict.at_most("share of tasks that one zone's loss takes", _share(tasks_by_zone), 50, "%")
    service = read_service(here, stack)
    verdict.at_least("healthy targets", service.healthy_targets, service.desired_count)
    return verdict


def _all_ok(verdict: Verdict, checks: Checks) -> None:
    for row in checks.rows:
        if row.state != SKIP:
            verdict.claim(row.name, measured=row.seen, limit="OK", holds=row.state == OK)


def _tasks(here: Connection, stack: Stack) -> dict[str, str]:
    """Host of every task that is a healthy target."""
    found = read_targets(here, stack)
    return {target.task_id: target.instance_id for target in found if target.task_id and target.state == "healthy"}


def _share(counts: Counter[str]) -> float:
    return round(100 * max(counts.values(), default=0) / max(1, counts.total()), 1)


def _attribute(here: Connection, target_group_arn: str, key: str) -> int:
    answer = here.client("elbv2").describe_target_group_attributes(TargetGroupArn=target_group_arn)
    return int({one["Key"]: one["Value"] for one in answer["Attributes"]}[key])


def objections(
    rehearsal: Rehearsal, account_id: str, region: str, cluster_name: str, service_name: str
) -> tuple[str, ...]:
    """What preflight objects to in somebody's service, which is only read; without a name, in a rehearsal's.

    Args:
        rehearsal: A running one; it starts over when no service is named.
        account_id: Twelve digits the caller must belong to.
        region: AWS region.
        cluster_name: ECS cluster.
        service_name: ECS service; "" takes a service in miniature.
    """
    if service_name:
        here = connect(account_id=account_id, region=region)
        stack = read_stack(here, cluster_name, service_name)
    else:
        rehearsal.start_over()
        here, stack = rehearsal.here, Miniature(rehearsal.here, Settings()).stack
    rows = [*check_refresh(here, stack, RefreshSettings()).rows, *check_release(here, stack).rows]
    return tuple(row.name for row in rows if row.state not in (OK, SKIP))
