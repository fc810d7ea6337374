"""What there is, read from Terraform's state and from AWS, and drawn: nothing in the picture is known beforehand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hitless import deployment
from hitless.connect import Connection
from hitless.environment import Environment
from hitless.hosts import Host, read_group, read_hosts
from hitless.service import read_definition, read_service, read_targets
from hitless.stack import TEST_PORTS, Stack
from hitless.terraform_inventory import Resource, in_state
from hitless.traffic import read_weights


@dataclass(frozen=True)
class Architecture:
    """One service and everything around it, at one moment.

    Attributes:
        place: Account and region, or the lab.
        ports: Listener ports, production first.
        weights: {target group name: percent of users}.
        healthy: {target group name: healthy targets}.
        hosts: The hosts, by zone and id.
        tasks: {instance id: healthy tasks on it}.
        image: Repository and digest that run.
        facts: (what, how it stands) of the things that act on it.
        modules: {Terraform module: resources}.
        undrawn: Kinds of resources that the picture shows and Terraform did not make.
    """

    place: str
    ports: tuple[int, ...]
    weights: dict[str, int]
    healthy: dict[str, int]
    hosts: tuple[Host, ...]
    tasks: dict[str, int]
    image: str
    facts: tuple[tuple[str, str], ...]
    modules: dict[str, int]
    undrawn: tuple[str, ...]

    @property
    def zones(self) -> dict[str, list[Host]]:
        """Hosts by availability zone."""
        zones: dict[str, list[Host]] = {}
        for host in sorted(self.hosts, key=lambda one: (one.availability_zone, one.instance_id)):
            zones.setdefault(host.availability_zone, []).append(host)
        return zones

    def __str__(self) -> str:
        lines = [f"{self.place}: users on port {self.ports[0]}"]
        lines += [f"  {name}: {w} % of users, {self.healthy.get(name, 0)} healthy" for name, w in self.weights.items()]
        lines += [
            f"  {zone}: " + ", ".join(f"{h.instance_type} with {self.tasks.get(h.instance_id, 0)} tasks" for h in hosts)
            for zone, hosts in self.zones.items()
        ]
        return "\n".join([*lines, *(f"  {what}: {how}" for what, how in self.facts)])


DRAWN = {
    "aws_lb",
    "aws_lb_listener",
    "aws_lb_target_group",
    "aws_autoscaling_group",
    "aws_ecs_capacity_provider",
    "aws_ecs_service",
    "aws_ecr_repository",
    "aws_codedeploy_deployment_group",
    "aws_cloudwatch_metric_alarm",
}


def read_architecture(here: Connection, stack: Stack, environment: Environment) -> Architecture:
    """Read everything once.

    Calls:
        Terraform's state; autoscaling, ec2, ecs, elasticloadbalancing and codedeploy: Describe*, List* and Get*.
    """
    resources = in_state(environment.terraform)
    targets = [target for target in read_targets(here, stack) if target.state == "healthy"]
    names = {arn: arn.split("/")[1] for arn in stack.target_group_arns}
    image = read_definition(here, stack)["containerDefinitions"][0]["image"]
    weights = read_weights(here, stack)
    return Architecture(
        place=here.place,
        ports=tuple(sorted(stack.listener_arns, key=lambda port: (port in TEST_PORTS, port))),
        weights={name: weights.get(name, 0) for name in sorted(names.values())},
        healthy=dict(Counter(names[target.target_group_arn] for target in targets)),
        hosts=read_hosts(here, stack).hosts,
        tasks=dict(Counter(target.instance_id for target in targets)),
        image=image.rpartition("/")[2],
        facts=_facts(here, stack),
        modules=dict(sorted(Counter(one.module or "root" for one in resources).items())),
        undrawn=_undrawn(resources),
    )


def _facts(here: Connection, stack: Stack) -> tuple[tuple[str, str], ...]:
    group, service = read_group(here, stack.group_name), read_service(here, stack)
    release = deployment.read_group(here, stack.service_name, stack.service_name)
    answer = here.client("ecs").describe_capacity_providers(capacityProviders=[stack.capacity_provider_name])
    provider = answer["capacityProviders"][0]["autoScalingGroupProvider"]
    scaling = provider.get("managedScaling", {}).get("status", "DISABLED").lower()
    return (
        ("ECS service", f"{service.running_count} of {service.desired_count} tasks run"),
        ("Auto Scaling group", f"{group['MinSize']} to {group['MaxSize']} hosts, {group['DesiredCapacity']} now"),
        ("Capacity provider", f"scaling {scaling}, draining {provider.get('managedDraining', 'DISABLED').lower()}"),
        ("CodeDeploy", release.config_name.rpartition(".")[2]),
        ("Alarms", f"{len(release.alarm_names)} stop a release" if release.alarms_enabled else "none stop a release"),
    )


def _undrawn(resources: tuple[Resource, ...]) -> tuple[str, ...]:
    """Kinds that the picture shows and Terraform did not make."""
    return tuple(sorted(DRAWN - {one.type for one in resources}))
