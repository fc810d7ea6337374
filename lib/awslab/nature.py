"""What nature and neighbours do to hosts, zones, registries and room; see the table of `awslab.faults`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from awslab.images import ImageStore
from awslab.machines.events import CapacityChanged, InstanceDied, SpotInterruptionNotified, UserDataStalled
from awslab.machines.group import Group

if TYPE_CHECKING:
    from awslab.lab import Lab

NEIGHBOUR = "somebody-else"  # the family of the tasks that fill hosts


class Nothing(ValueError):
    """There is nothing it could happen to."""


def instance_dies(lab: Lab, wanted: dict) -> dict:
    """One host is gone."""
    instance_id = _instance(lab, wanted)
    lab.world.tell([InstanceDied(instance_id=instance_id)])
    return {"died": instance_id}


def spot_interrupted(lab: Lab, wanted: dict) -> dict:
    """EC2 says that it takes one host back in two minutes."""
    instance_id = _instance(lab, wanted)
    lab.world.tell([SpotInterruptionNotified(instance_id=instance_id)])
    return {"notified": instance_id}


def _instance(lab: Lab, wanted: dict) -> str:
    instance_id = wanted.get("instance_id")
    if not any(instance_id in group.instances for group in lab.world.of(Group)):
        raise Nothing(f"no instance {instance_id!r} in any group")
    return instance_id


def capacity(lab: Lab, wanted: dict, available: bool) -> dict:
    """EC2 has capacity in a zone again, or has none any more."""
    zone = wanted.get("availability_zone", "")
    lab.world.tell([CapacityChanged(availability_zone=zone, available=available)])
    return {"availability_zone": zone, "available": available}


def zone_lost(lab: Lab, wanted: dict) -> dict:
    """Every host of a zone is gone, and none can be had there."""
    zone = wanted.get("availability_zone", "")
    hosts = [one for group in lab.world.of(Group) for one in group.instances.values() if one.availability_zone == zone]
    if not hosts:
        raise Nothing(f"no host in zone {zone!r}")
    capacity(lab, wanted, available=False)
    lab.world.tell([InstanceDied(instance_id=one.instance_id) for one in hosts])
    return {"died": [one.instance_id for one in hosts], "availability_zone": zone}


def registry(lab: Lab, _wanted: dict, failing: bool) -> dict:
    """No image can be pulled, or again they can."""
    ImageStore(lab.data).fail(failing)
    return {"answers pulls": not failing}


def hook(lab: Lab, _wanted: dict, stuck: bool) -> dict:
    """User data of hosts that boot does not end, or again it does."""
    lab.world.tell([UserDataStalled(stalled=stuck)])
    return {"user data ends": not stuck}


def hosts_full(lab: Lab, wanted: dict) -> dict:
    """Somebody else's tasks take the memory that is left on every host of a cluster."""
    ecs, cluster = lab.client("ecs"), str(wanted.get("cluster", ""))
    arns = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    if not arns:
        raise Nothing(f"no host in cluster {cluster!r}")
    hosts = ecs.describe_container_instances(cluster=cluster, containerInstances=arns)["containerInstances"]
    left = sorted((_memory_left(host) for host in hosts), reverse=True)  # the largest finds only the emptiest host
    return {"mib_taken": [mib for mib in left if mib > 0 and _fill(ecs, cluster, mib)]}


def _memory_left(host: dict) -> int:
    return next(one["integerValue"] for one in host["remainingResources"] if one["name"] == "MEMORY")


def _fill(ecs, cluster: str, mib: int) -> bool:
    """Run one task of that size, of the image that the cluster runs."""
    running = ecs.list_tasks(cluster=cluster)["taskArns"][:1]
    arn = ecs.describe_tasks(cluster=cluster, tasks=running)["tasks"][0]["taskDefinitionArn"]
    image = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"][0]["image"]
    port = [{"containerPort": 8080, "hostPort": 0}]
    container = {"name": "app", "image": image, "cpu": 0, "memory": mib, "portMappings": port}
    ecs.register_task_definition(family=NEIGHBOUR, networkMode="bridge", containerDefinitions=[container])
    return not ecs.run_task(cluster=cluster, taskDefinition=NEIGHBOUR, launchType="EC2")["failures"]
