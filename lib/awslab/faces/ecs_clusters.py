"""ECS clusters and capacity providers: moto keeps them, the machines live by them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse

from awslab.faces.ecs_parse import invalid
from awslab.faces.ecs_secrets import fetch
from awslab.faces.ecs_shapes import last_part
from awslab.faces.inventory import AwsError
from awslab.images import ImageStore
from awslab.machines import task_commands
from awslab.machines.agents import Agents
from awslab.machines.capacity_providers import DRAINING_HEARTBEAT_S, DRAINING_HOOK, Provider
from awslab.machines.cluster import Cluster
from awslab.machines.group import Group
from awslab.machines.hooks import TERMINATING, Hook
from awslab.machines.managed_scaling import ManagedScaling, ManagedSettings
from awslab.machines.publisher import Publisher
from awslab.machines.usage import cluster_usage
from awslab.world import World

if TYPE_CHECKING:
    from awslab.lab import Lab

FARGATE = ("FARGATE", "FARGATE_SPOT")
PROTECTED_NEEDS_SCALING = (
    "The managed termination protection setting for the capacity provider is invalid. "
    "To enable managed termination protection, managed scaling must be enabled."
)
PROTECTED_NEEDS_GROUP = (
    "The managed termination protection setting for the capacity provider is invalid. To enable managed termination "
    "protection for a capacity provider, the Auto Scaling group must have instance protection from scale in enabled."
)


class ClusterActions(EC2ContainerServiceResponse):
    """Clusters and capacity providers."""

    world: World
    lab: Lab

    # ---- clusters

    def create_cluster(self) -> ActionResult:
        """CreateCluster; an active cluster of that name is answered as it is."""
        name = self._get_param("clusterName") or "default"
        stored = self.ecs_backend.clusters.get(name)
        if stored is not None and stored.status == "ACTIVE":
            return ActionResult({"cluster": stored})
        self._check_providers(self._get_param("capacityProviders"))
        answer = super().create_cluster()
        digest_of = ImageStore(self.lab.data).resolve
        self.world.add(Cluster(name, self.world.random(f"cluster:{name}"), digest_of, partial(fetch, self.lab.region)))
        self._sync_providers()
        self.world.tell(self._agents().cluster_made(name))
        return answer

    def delete_cluster(self) -> ActionResult:
        """DeleteCluster, refused while anything of it is active."""
        cluster = self.cluster()
        held = {
            "Services": any(s.status == "ACTIVE" for s in cluster.services.values()),
            "Tasks": any(task.running or task.starting for task in cluster.tasks.values()),
            "ContainerInstances": any(host.here for host in cluster.hosts.values()),
        }
        words = {"ContainerInstances": "Container Instances are active or draining"}
        for what, there in held.items():
            if there:
                because = words.get(what, f"{what} are active")
                message = f"The Cluster cannot be deleted while {because}."
                raise AwsError(f"ClusterContains{what}Exception", message)
        self.world.remove(cluster)
        self._sync_providers()
        self._agents().cluster_gone(cluster.cluster_name)
        stored = self.ecs_backend.delete_cluster(cluster.cluster_name)
        stored.capacity_providers, stored.default_capacity_provider_strategy = [], []
        return ActionResult({"cluster": stored})

    def list_clusters(self) -> ActionResult:
        """ListClusters: a deleted cluster can still be described, but is listed no more."""
        live = [cluster.arn for cluster in self.ecs_backend.clusters.values() if cluster.status != "INACTIVE"]
        return ActionResult({"clusterArns": live})

    def describe_clusters(self) -> ActionResult:
        """DescribeClusters with the counts of now."""
        for cluster in self.world.of(Cluster):
            stored, usage = self.ecs_backend.clusters[cluster.cluster_name], cluster_usage(cluster)
            stored.running_tasks_count, stored.pending_tasks_count = usage.running_count, usage.pending_count
            stored.registered_container_instances_count = sum(host.here for host in cluster.hosts.values())
            stored.active_services_count = sum(s.status == "ACTIVE" for s in cluster.services.values())
        return super().describe_clusters()

    def put_cluster_capacity_providers(self) -> ActionResult:
        """PutClusterCapacityProviders; a provider that a service uses stays."""
        cluster, names = self.cluster(), self._get_param("capacityProviders")
        self._check_providers(names)
        used = {share.name for s in cluster.services.values() for ts in s.task_sets for share in ts.provider_shares}
        if used & set(cluster.providers) - set(names):
            raise AwsError("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
        answer = super().put_cluster_capacity_providers()
        self._sync_providers()
        return answer

    # ---- capacity providers

    def create_capacity_provider(self) -> ActionResult:
        """CreateCapacityProvider of an Auto Scaling group; managed draining is on unless it says otherwise."""
        name, given = self._get_param("name"), self._get_param("autoScalingGroupProvider")
        if name in self.ecs_backend.capacity_providers:
            raise invalid("The specified capacity provider already exists.")
        if not given:
            raise invalid("The lab imitates capacity providers of Auto Scaling groups only.")
        given.setdefault("managedDraining", "ENABLED")
        self._check_group_provider(given)
        answer = super().create_capacity_provider()
        self._put_hook(given)
        return answer

    def update_capacity_provider(self) -> ActionResult:
        """UpdateCapacityProvider, managed draining included."""
        stored, given = self._stored_provider(self._get_param("name")), self._get_param("autoScalingGroupProvider")
        now = stored.auto_scaling_group_provider
        wanted = {**now, **given, "managedScaling": {**now["managedScaling"], **given.get("managedScaling", {})}}
        self._check_group_provider(wanted)
        stored.auto_scaling_group_provider = wanted
        stored.update_status = "UPDATE_COMPLETE"
        self._put_hook(wanted)
        self._sync_providers()
        return ActionResult({"capacityProvider": stored})

    def delete_capacity_provider(self) -> ActionResult:
        """DeleteCapacityProvider, refused while a cluster has it; the draining hook stays on the group."""
        stored = self._stored_provider(self._get_param("capacityProvider"))
        for cluster in self.ecs_backend.clusters.values():
            if cluster.status == "ACTIVE" and stored.name in (cluster.capacity_providers or []):
                raise AwsError(
                    "ClientException",
                    "The capacity provider cannot be deleted because it is associated with cluster: "
                    f"{cluster.name}. Remove the capacity provider from the cluster and try again.",
                )
        return super().delete_capacity_provider()

    def describe_capacity_providers(self) -> ActionResult:
        """DescribeCapacityProviders, by name or all."""
        if self._get_param("capacityProviders") is None:
            return ActionResult(
                {"capacityProviders": list(self.ecs_backend.capacity_providers.values()), "failures": []}
            )
        return super().describe_capacity_providers()

    # ---- for the other actions

    def cluster(self, parameter: str = "cluster") -> Cluster:
        """The cluster a call names, `default` when it names none."""
        name = last_part(self._get_param(parameter) or "default")
        for cluster in self.world.of(Cluster):
            if cluster.cluster_name == name:
                return cluster
        raise AwsError("ClusterNotFoundException", "Cluster not found.")

    def _agents(self) -> Agents:
        (agents,) = self.world.of(Agents)
        return agents

    def _stored_provider(self, name_or_arn: str):
        stored = self.ecs_backend.capacity_providers.get(last_part(name_or_arn))
        if stored is None:
            raise invalid("The specified capacity provider does not exist. Specify a valid name or ARN and try again.")
        return stored

    def _check_providers(self, names: list[str] | None) -> None:
        for name in names or ():
            if name in FARGATE:
                raise invalid("The lab runs tasks on container instances only, not on Fargate.")
            self._stored_provider(name)

    def _group(self, arn_or_name: str) -> Group:
        group = self._find_group(last_part(arn_or_name))
        if group is not None:
            return group
        raise invalid("The specified Auto Scaling group ARN is invalid. Specify a valid ARN and try again.")

    def _find_group(self, name: str) -> Group | None:
        return next((g for g in self.world.of(Group) if g.name == name and not g.being_deleted), None)

    def _check_group_provider(self, given: dict) -> None:
        group = self._group(given["autoScalingGroupArn"])
        if given.get("managedTerminationProtection") != "ENABLED":
            return
        if given.get("managedScaling", {}).get("status") != "ENABLED":
            raise invalid(PROTECTED_NEEDS_SCALING)
        if not group.new_instances_protected:
            raise invalid(PROTECTED_NEEDS_GROUP)

    def _put_hook(self, given: dict) -> None:
        if given.get("managedDraining") == "ENABLED":
            hook = Hook(DRAINING_HOOK, TERMINATING, DRAINING_HEARTBEAT_S, "CONTINUE")
            self._group(given["autoScalingGroupArn"]).put_hook(hook)

    def _sync_providers(self) -> None:
        """Let every cluster know its capacity providers as they are now."""
        wanted: dict[tuple[str, str], tuple[Cluster, Group, ManagedSettings]] = {}
        for cluster in self.world.of(Cluster):
            names = self.ecs_backend.clusters[cluster.cluster_name].capacity_providers or []
            stored = [self.ecs_backend.capacity_providers[name] for name in map(last_part, names)]
            providers = [_provider(one) for one in stored]
            self.world.tell(task_commands.set_providers(cluster, providers, now=self.world.now))
            for one, provider in zip(stored, providers, strict=True):
                group, settings = self._find_group(provider.group_name), _managed(one)
                if group is not None and settings is not None:  # a group can be deleted before its provider
                    wanted[cluster.cluster_name, provider.name] = cluster, group, settings
        self._sync_managed_scaling(wanted)

    def _sync_managed_scaling(self, wanted: dict[tuple[str, str], tuple[Cluster, Group, ManagedSettings]]) -> None:
        """Each group is scaled as its provider says now; what changed is made anew, with its alarms."""
        world = self.world
        for one in world.of(ManagedScaling):
            key = one.cluster.cluster_name, one.provider_name
            if wanted.get(key) == (one.cluster, one.group, one.settings):
                del wanted[key]
                continue
            for machine in (one, *one.alarms):
                if machine in world.machines:
                    world.remove(machine)
        for (cluster_name, name), (cluster, group, settings) in wanted.items():
            metrics, rng = world.of(Publisher)[0].metrics, world.random(f"managed:{cluster_name}:{name}:{world.now}")
            made = ManagedScaling(name, cluster, group, settings, metrics, rng, world.now)
            for machine in (made, *made.alarms):
                world.add(machine)


def _provider(stored) -> Provider:
    given = stored.auto_scaling_group_provider
    return Provider(
        stored.name,
        last_part(given["autoScalingGroupArn"]),
        managed_draining=given.get("managedDraining") == "ENABLED",
        managed_termination_protection=given.get("managedTerminationProtection") == "ENABLED",
    )


def _managed(stored) -> ManagedSettings | None:
    given = stored.auto_scaling_group_provider.get("managedScaling") or {}
    if given.get("status") != "ENABLED":
        return None
    return ManagedSettings(
        target_percent=float(given["targetCapacity"]),
        min_step=int(given["minimumScalingStepSize"]),
        max_step=int(given["maximumScalingStepSize"]),
        warmup_s=float(given["instanceWarmupPeriod"]),
    )
