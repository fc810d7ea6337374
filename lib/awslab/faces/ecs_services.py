"""ECS services."""

from __future__ import annotations

from moto.core.responses import ActionResult

from awslab.faces.ecs_clusters import ClusterActions
from awslab.faces.ecs_pages import page
from awslab.faces.ecs_parse import find_definition, invalid, read_load_balancers, read_rules, read_shares
from awslab.faces.ecs_service_checks import (
    SWITCH,
    check_code_deploy_update,
    check_deployment_configuration,
    check_imitated,
    check_new_service,
    check_target_groups,
    percents,
)
from awslab.faces.ecs_service_shapes import ECHOED, describe_service, describe_task_set
from awslab.faces.ecs_shapes import Arns, last_part
from awslab.faces.inventory import AwsError
from awslab.machines import service_commands
from awslab.machines.cluster import Cluster
from awslab.machines.services import Service
from awslab.machines.task_definitions import TaskDefinition
from awslab.machines.task_sets import TaskSet

SERVICES_MAX = 10  # AWS: services of one DescribeServices call
DEFAULTS = {  # AWS: what CreateService assumes
    "availabilityZoneRebalancing": "ENABLED",
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "placementConstraints": [],
    "placementStrategy": [],
    "propagateTags": "NONE",
}
REDEPLOYS = ("taskDefinition", "loadBalancers", "capacityProviderStrategy", "forceNewDeployment")


class ServiceActions(ClusterActions):
    """Services and their task sets."""

    def create_service(self) -> ActionResult:
        """CreateService of a REPLICA service on container instances."""
        given, cluster = self.params, self.cluster()
        self._check_name_is_free(cluster, given["serviceName"])
        check_new_service(given)
        definition = self.definition(given["taskDefinition"])
        balancers = read_load_balancers(given.get("loadBalancers"), definition)
        check_target_groups(self.world, [balancer.target_group_arn for balancer in balancers])
        if given.get("healthCheckGracePeriodSeconds") is not None and not balancers:
            raise invalid("Health check grace period is only valid for services configured to use load balancers")
        controller = (given.get("deploymentController") or {}).get("type", "ECS")
        kept = {**DEFAULTS, **given}
        if controller == "CODE_DEPLOY":  # not offered for it
            kept["availabilityZoneRebalancing"] = given.get("availabilityZoneRebalancing", "DISABLED")
        shares = read_shares(self._strategy(cluster, given), set(cluster.providers))
        service = Service(
            given["serviceName"],
            controller,
            int(given["desiredCount"]),
            self.world.now,
            **_settings(kept),
        )
        task_set = service_commands.new_task_set(cluster, definition, balancers, shares, now=self.world.now)
        self._keep(cluster, service, kept)
        self.world.tell(service_commands.create(cluster, service, task_set, now=self.world.now))
        return ActionResult({"service": self._describe(cluster, service, tags=True)})

    def update_service(self) -> ActionResult:
        """UpdateService; for CODE_DEPLOY only what CodeDeploy does not own."""
        given, cluster = self.params, self.cluster()
        service = self._service(cluster, given["service"])
        if service.status != "ACTIVE":
            raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
        if service.controller == "CODE_DEPLOY":
            check_code_deploy_update(given)
        if given.get("deploymentController", {}).get("type", service.controller) != service.controller:
            raise invalid("The lab does not imitate changing the deployment controller.")
        check_imitated(given)
        check_deployment_configuration(given.get("deploymentConfiguration"), service.controller)
        task_set = self._next_task_set(cluster, service, given)
        stored = self._stored(cluster, service)
        fresh = {field: value for field, value in given.items() if value is not None and field in _UPDATABLE}
        kept = {**stored.kept, **fresh}
        changes = _settings(kept)
        if fresh.get("desiredCount", service.desired_count) != service.desired_count:  # scaling may have moved it
            changes["desired_count"] = int(fresh["desiredCount"])
        self.world.tell(service_commands.update(cluster, service.name, now=self.world.now, **changes))
        stored.kept = kept
        if task_set is not None:
            self.world.tell(service_commands.deploy(cluster, service.name, task_set, now=self.world.now))
        return ActionResult({"service": self._describe(cluster, service, tags=True)})

    def delete_service(self) -> ActionResult:
        """DeleteService; above 0 only with `force`. Its tasks drain first."""
        cluster = self.cluster()
        service = self._service(cluster, self.params["service"])
        if service.status == "INACTIVE":
            raise AwsError("ServiceNotFoundException", "Service not found.")
        if service.status == "ACTIVE":
            if service.desired_count > 0 and not self.params.get("force"):
                raise invalid("The service cannot be stopped while it is scaled above 0.")
            self.world.tell(service_commands.delete(cluster, service.name, now=self.world.now))
        return ActionResult({"service": self._describe(cluster, service, tags=True)})

    def describe_services(self) -> ActionResult:
        """DescribeServices, by name or ARN, at most 10."""
        cluster, names = self.cluster(), self.params.get("services") or []
        if not names:
            raise invalid("Services cannot be empty.")
        if len(names) > SERVICES_MAX:
            raise invalid(f"Services cannot have more than {SERVICES_MAX} elements.")
        found, failures = [], []
        for name in names:
            service = cluster.services.get(last_part(name))
            if service is None:
                arn = self.arns(cluster).of("service", last_part(name))
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(self._describe(cluster, service, tags="TAGS" in (self.params.get("include") or ())))
        return ActionResult({"services": found, "failures": failures})

    def list_services(self) -> ActionResult:
        """ListServices: the active ones."""
        cluster, given = self.cluster(), self.params
        wanted = [
            self.arns(cluster).of("service", s.name)
            for s in cluster.services.values()
            if s.status == "ACTIVE"
            and given.get("schedulingStrategy") in (None, "REPLICA")
            and given.get("launchType") in (None, "EC2")
        ]
        arns, token = page(wanted, given, default=10)
        return ActionResult({"serviceArns": arns, "nextToken": token})

    def describe_task_sets(self) -> ActionResult:
        """DescribeTaskSets of a service."""
        cluster = self.cluster()
        service = self._service(cluster, self.params["service"])
        names = {last_part(name) for name in self.params.get("taskSets") or ()}
        found = [s for s in service.task_sets if not names or last_part(s.task_set_id) in names]
        arns = self.arns(cluster)
        return ActionResult({"taskSets": [describe_task_set(s, service, arns) for s in found], "failures": []})

    # ---- for the other actions

    def arns(self, cluster: Cluster) -> Arns:
        """The ARNs of a cluster's things."""
        return Arns(self.region, cluster.cluster_name)

    def definition(self, name: str) -> TaskDefinition:
        """An active revision, by family, family:revision or ARN."""
        return find_definition(self.ecs_backend.task_definitions, name)

    def _service(self, cluster: Cluster, name: str) -> Service:
        service = cluster.services.get(last_part(name))
        if service is None:
            raise AwsError("ServiceNotFoundException", "Service not found.")
        return service

    def _check_name_is_free(self, cluster: Cluster, name: str) -> None:
        status = cluster.services[name].status if name in cluster.services else "INACTIVE"
        if status == "ACTIVE":
            raise invalid("Creation of service was not idempotent.")
        if status == "DRAINING":
            raise invalid("Unable to Start a service that is still Draining.")

    def _strategy(self, cluster: Cluster, given: dict) -> list[dict] | None:
        """AWS: without launch type or strategy, the cluster's default strategy."""
        if given.get("launchType") or given.get("capacityProviderStrategy"):
            return given.get("capacityProviderStrategy")
        return self.ecs_backend.clusters[cluster.cluster_name].default_capacity_provider_strategy

    def _keep(self, cluster: Cluster, service: Service, kept: dict) -> None:
        """moto has the service for its tags."""
        stored = self.ecs_backend.create_service(
            cluster.cluster_name, service.name, service.desired_count, tags=kept.get("tags")
        )
        stored.kept = kept

    def _stored(self, cluster: Cluster, service: Service):
        return self.ecs_backend.services[f"{cluster.cluster_name}:{service.name}"]

    def _describe(self, cluster: Cluster, service: Service, *, tags: bool) -> dict:
        stored = self._stored(cluster, service)
        shown = describe_service(service, stored.kept, self.arns(cluster))
        return {**shown, "tags": stored.tags} if tags else shown

    def _next_task_set(self, cluster: Cluster, service: Service, given: dict) -> TaskSet | None:
        """What a rolling deployment would run; None when nothing of it changes."""
        primary = service.primary
        if not any(given.get(field) for field in REDEPLOYS):
            return None
        shares = primary.provider_shares
        if given.get("capacityProviderStrategy") is not None:
            shares = read_shares(given["capacityProviderStrategy"], set(cluster.providers))
            if shares != primary.provider_shares and not given.get("forceNewDeployment"):
                raise invalid(SWITCH)
        named = given.get("taskDefinition")
        definition = self.definition(named) if named else primary.definition
        balancers = primary.load_balancers
        if given.get("loadBalancers") is not None:
            balancers = read_load_balancers(given["loadBalancers"], definition)
            check_target_groups(self.world, [balancer.target_group_arn for balancer in balancers])
        same = (definition, balancers, shares) == (primary.definition, primary.load_balancers, primary.provider_shares)
        if same and not given.get("forceNewDeployment"):
            return None
        return service_commands.new_task_set(cluster, definition, balancers, shares, now=self.world.now)


_UPDATABLE = (*ECHOED, "desiredCount", "deploymentConfiguration")


def _settings(kept: dict) -> dict:
    """The fields of `Service` that CreateService and UpdateService set."""
    low, high = percents(kept.get("deploymentConfiguration"))
    breaker = (kept.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}
    return {
        "min_healthy_percent": low,
        "max_percent": high,
        "grace_s": float(kept.get("healthCheckGracePeriodSeconds") or 0),
        "rules": read_rules(kept.get("placementStrategy"), kept.get("placementConstraints")),
        "breaker": bool(breaker.get("enable")),
        "breaker_rolls_back": bool(breaker.get("rollback")),
    }
