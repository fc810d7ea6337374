"""Read one ECS service: is it steady, who serves, is there room to move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hitless.connect import Connection
from hitless.container_change import UNCHANGED, ContainerChange
from hitless.stack import Stack, read_stack
from hitless.traffic import read_weights
from hitless.wait import await_until

CALL_MAX = 100  # DescribeTasks and DescribeContainerInstances take this many at once


@dataclass(frozen=True)
class ServiceState:
    """A service at one moment."""

    desired_count: int
    running_count: int
    pending_count: int
    task_sets: int
    task_sets_steady: bool
    healthy_targets: int

    @property
    def steady(self) -> bool:
        """Every desired task runs and is settled. Of a CODE_DEPLOY service only its task sets can say so."""
        return self.running_count == self.desired_count and self.pending_count == 0 and self.task_sets_steady

    @property
    def words(self) -> str:
        """For a table: "6 of 6 running, 0 pending, 1 task set steady"."""
        settled = "steady" if self.task_sets_steady else "stabilising"
        counts = f"{self.running_count} of {self.desired_count} running, {self.pending_count} pending"
        return f"{counts}, {self.task_sets} task set {settled}"


@dataclass(frozen=True)
class Headroom:
    """Where the tasks of a leaving host could go, counted in tasks."""

    free_elsewhere: int
    most_on_one_host: int


@dataclass(frozen=True)
class Target:
    """One registered target and the task behind it."""

    target_group_arn: str
    instance_id: str
    port: int
    state: str
    task_id: str


def read_service(here: Connection, stack: Stack) -> ServiceState:
    """How the service stands.

    Calls:
        ecs:DescribeServices, elasticloadbalancing:DescribeTargetHealth.
    """
    service = read_service_answer(here, stack)
    task_sets = [s for s in service.get("taskSets") or [] if s["status"] != "DRAINING"]
    deployments = service.get("deployments") or []
    settled = all(s["stabilityStatus"] == "STEADY_STATE" for s in task_sets) and len(deployments) <= 1
    healthy = sum(state == "healthy" for states in _health(here, stack).values() for state in states.values())
    return ServiceState(
        service["desiredCount"],
        service["runningCount"],
        service["pendingCount"],
        len(task_sets) or len(deployments),
        settled,
        healthy,
    )


def read_targets(here: Connection, stack: Stack) -> list[Target]:
    """Every registered target with its health and the task that listens there.

    Calls:
        ecs:ListTasks, DescribeTasks, ListContainerInstances, DescribeContainerInstances,
        elasticloadbalancing:DescribeTargetHealth.
    """
    tasks = _tasks_by_place(here, stack)
    return [
        Target(arn, instance_id, port, state, tasks.get((instance_id, port), ""))
        for arn, states in _health(here, stack).items()
        for (instance_id, port), state in states.items()
    ]


def read_headroom(here: Connection, stack: Stack) -> Headroom:
    """How many more tasks fit, and how many one host would have to hand over.

    The fullest host is taken to leave; the room is that of all others.

    Calls:
        ecs:DescribeServices, DescribeTaskDefinition, ListContainerInstances, DescribeContainerInstances.
    """
    need = _needs(here, read_service_answer(here, stack))
    hosts = _container_instances(here, stack)
    if not hosts:
        return Headroom(0, 0)
    fullest = max(hosts, key=lambda host: host["runningTasksCount"])
    free = sum(_places(host, need) for host in hosts if host is not fullest and host["status"] == "ACTIVE")
    return Headroom(free, fullest["runningTasksCount"])


def read_room(here: Connection, stack: Stack, change: ContainerChange = UNCHANGED) -> int:
    """How many more tasks of the service, perhaps of another size, fit on all its hosts.

    Calls:
        ecs:DescribeServices, DescribeTaskDefinition, ListContainerInstances, DescribeContainerInstances.
    """
    need = _needs(here, read_service_answer(here, stack), change)
    return sum(_places(host, need) for host in _container_instances(here, stack) if host["status"] == "ACTIVE")


def read_primary_target_group(here: Connection, stack: Stack) -> tuple[str, str]:
    """The target group of the tasks that run, and the one that gets the production listener's traffic, by name.

    Calls:
        ecs:DescribeServices, elasticloadbalancing:DescribeListeners.
    """
    service = read_service_answer(here, stack)
    sets = service.get("taskSets") or [service]
    primary = next((one for one in sets if one.get("status") in ("PRIMARY", "ACTIVE")), sets[0])
    arn = primary["loadBalancers"][0]["targetGroupArn"]
    weights = read_weights(here, stack)
    return arn.split("/")[1], max(weights, key=lambda name: weights[name])


def read_controller(here: Connection, stack: Stack) -> str:
    """Who deploys the service: `CODE_DEPLOY` or `ECS`.

    Calls:
        ecs:DescribeServices.
    """
    return read_service_answer(here, stack).get("deploymentController", {}).get("type", "ECS")


def read_definition(here: Connection, stack: Stack) -> dict:
    """The task definition that serves; of a CODE_DEPLOY service the primary task set's.

    Calls:
        ecs:DescribeServices, DescribeTaskDefinition.
    """
    service = read_service_answer(here, stack)
    primary = next((one for one in service.get("taskSets") or [] if one["status"] == "PRIMARY"), service)
    arn = primary["taskDefinition"]
    return here.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


async def await_steady(
    here: Connection, cluster_name: str, service_name: str, *, dry_run: bool, say: Callable[[str], object] = print
) -> Stack | None:
    """Wait until a service runs all its tasks, settled and behind the load balancer.

    Args:
        here: Whose account.
        cluster_name: ECS cluster.
        service_name: ECS service.
        dry_run: Wait for nothing.
        say: Receives each line.

    Returns:
        The service's parts; None for a dry run.

    Raises:
        TimedOut: It was not steady after fifteen minutes.
    """
    if dry_run:
        return None
    stack = read_stack(here, cluster_name, service_name)
    await await_until(
        lambda: read_service(here, stack),
        lambda state: state.steady and state.healthy_targets >= state.desired_count,
        what=f"{service_name} to be steady",
        clock=here.clock,
        timeout_s=900,
        usually_s=240,
        show=lambda state: f"{state.words}, {state.healthy_targets} healthy targets",
        say=say,
    )
    return stack


def read_service_answer(here: Connection, stack: Stack) -> dict:
    """DescribeServices' answer for one service.

    Calls:
        ecs:DescribeServices.
    """
    answer = here.client("ecs").describe_services(cluster=stack.cluster_name, services=[stack.service_name])
    return answer["services"][0]


def _health(here: Connection, stack: Stack) -> dict[str, dict[tuple[str, int], str]]:
    elb = here.client("elbv2")
    return {
        arn: {
            (d["Target"]["Id"], d["Target"]["Port"]): d["TargetHealth"]["State"]
            for d in elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        }
        for arn in stack.target_group_arns
    }


def _tasks_by_place(here: Connection, stack: Stack) -> dict[tuple[str, int], str]:
    ecs = here.client("ecs")
    pages = ecs.get_paginator("list_tasks").paginate(cluster=stack.cluster_name, serviceName=stack.service_name)
    arns = [arn for page in pages for arn in page["taskArns"]]
    hosts = {h["containerInstanceArn"]: h["ec2InstanceId"] for h in _container_instances(here, stack)}
    places = {}
    for start in range(0, len(arns), CALL_MAX):
        answer = ecs.describe_tasks(cluster=stack.cluster_name, tasks=arns[start : start + CALL_MAX])
        for task in answer["tasks"]:
            for container in task["containers"]:
                for binding in container.get("networkBindings", []):
                    place = hosts.get(task.get("containerInstanceArn", ""), ""), binding["hostPort"]
                    places[place] = task["taskArn"].rpartition("/")[2]
    return places


def _container_instances(here: Connection, stack: Stack) -> list[dict]:
    ecs = here.client("ecs")
    pages = ecs.get_paginator("list_container_instances").paginate(cluster=stack.cluster_name)
    arns = [arn for page in pages for arn in page["containerInstanceArns"]]
    found: list[dict] = []
    for start in range(0, len(arns), CALL_MAX):
        batch = arns[start : start + CALL_MAX]
        answer = ecs.describe_container_instances(cluster=stack.cluster_name, containerInstances=batch)
        found += answer["containerInstances"]
    return found


def _needs(here: Connection, service: dict, change: ContainerChange = UNCHANGED) -> dict[str, int]:
    arn = service.get("taskDefinition") or service["taskSets"][0]["taskDefinition"]
    definition = change.applied_to(here.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"])
    containers = definition["containerDefinitions"]
    memory = sum(c.get("memoryReservation") or c.get("memory") or 0 for c in containers)
    return {
        "CPU": int(definition.get("cpu") or sum(c.get("cpu", 0) for c in containers)),
        "MEMORY": int(definition.get("memory") or memory),
    }


def _places(host: dict, need: dict[str, int]) -> int:
    left = {r["name"]: r.get("integerValue", 0) for r in host["remainingResources"]}
    return min((left.get(name, 0) // amount for name, amount in need.items() if amount), default=0)
