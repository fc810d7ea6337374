"""Where CodeDeploy's machines look: ECS, the load balancer, CloudWatch, and moto's task definitions."""

from __future__ import annotations

from moto.ecs.models import ecs_backends

from awslab.faces.codedeploy_checks import target_group_arn
from awslab.faces.ecs_parse import find_definition, read_load_balancers, read_shares
from awslab.faces.elbv2_books import registry
from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines.alarms import Alarm
from awslab.machines.appspecs import AppSpec, Plan, PlanRefused
from awslab.machines.cluster import Cluster
from awslab.machines.deployment_view import View
from awslab.machines.services import Service
from awslab.machines.traffic_shift import Weights
from awslab.world import World


def cluster_of(world: World, name: str) -> Cluster | None:
    """A cluster by name."""
    return next((cluster for cluster in world.of(Cluster) if cluster.cluster_name == name), None)


def view_of(world: World, region: str) -> View:
    """The view of one lab."""

    def service_of(cluster_name: str, service_name: str) -> Service | None:
        cluster = cluster_of(world, cluster_name)
        found = cluster.services.get(service_name) if cluster else None
        return found if found is not None and found.status == "ACTIVE" else None

    def weights_of(listener_arn: str) -> Weights | None:
        listener = registry(world).by_arn.get(listener_arn)
        return listener.weights if listener else None

    def alarm_state(name: str) -> str | None:
        return next((alarm.state for alarm in world.of(Alarm) if alarm.alarm_name == name), None)

    def arn_of(name: str) -> str:
        try:
            return target_group_arn(name, region)
        except AwsError:
            return ""

    def plan(appspec: AppSpec, cluster_name: str, arn: str) -> Plan:
        try:
            return _plan(appspec, cluster_of(world, cluster_name), arn, region)
        except AwsError as refused:
            raise PlanRefused(refused.message) from None

    return View(service_of, weights_of, alarm_state, arn_of, plan)


def _plan(appspec: AppSpec, cluster: Cluster, arn: str, region: str) -> Plan:
    definition = find_definition(ecs_backends[ACCOUNT_ID][region].task_definitions, appspec.task_definition)
    balancer = {
        "targetGroupArn": arn,
        "containerName": appspec.container_name,
        "containerPort": appspec.container_port,
    }
    shares = [
        {"capacityProvider": share.name, "weight": share.weight, "base": share.base}
        for share in appspec.provider_shares
    ]
    (load_balancer,) = read_load_balancers([balancer], definition)
    return Plan(definition, load_balancer, read_shares(shares, set(cluster.providers)))
