"""Tasks and container instances as AWS shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from awslab.faces.inventory import ACCOUNT_ID
from awslab.machines.cluster import Cluster
from awslab.machines.container_instances import RESERVED_PORTS, ContainerInstance
from awslab.machines.tasks import STARTING, Task, TaskStatus


def utc(at: float | None) -> datetime | None:
    """Lab time as AWS answers it."""
    return None if at is None else datetime.fromtimestamp(at, UTC)


def last_part(name_or_arn: str) -> str:
    """The name or id in an ARN, or the name or id itself."""
    return name_or_arn.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Arns:
    """The ARNs of one cluster's things."""

    region: str
    cluster_name: str

    def of(self, kind: str, name: str) -> str:
        """A `task`, `service`, `container-instance` or `task-set` of the cluster."""
        return f"arn:aws:ecs:{self.region}:{ACCOUNT_ID}:{kind}/{self.cluster_name}/{name}"

    @property
    def cluster(self) -> str:
        """The cluster's own."""
        return f"arn:aws:ecs:{self.region}:{ACCOUNT_ID}:cluster/{self.cluster_name}"


def describe_task(task: Task, arns: Arns) -> dict:
    """One Task, without tags."""
    seen = {
        "taskArn": arns.of("task", task.task_id),
        "clusterArn": arns.cluster,
        "taskDefinitionArn": task.definition.arn,
        "containerInstanceArn": arns.of("container-instance", task.container_instance_id),
        "availabilityZone": task.availability_zone,
        "lastStatus": task.last_status.value,
        "desiredStatus": task.desired_status,
        "launchType": "EC2",
        "capacityProviderName": task.provider_name or None,
        "group": task.order.group,
        "startedBy": task.order.started_by or None,
        "cpu": str(task.definition.cpu_units),
        "memory": str(task.definition.memory_mib),
        "connectivity": "DISCONNECTED" if task.host_lost else "CONNECTED",
        "healthStatus": "UNKNOWN",
        "attachments": [],
        "attributes": [],
        "containers": [_container(task, arns)],
        "overrides": {"containerOverrides": _overrides(task), "inferenceAcceleratorOverrides": []},
        "enableExecuteCommand": False,
        "version": task.version,
        "stopCode": task.stop_code or None,
        "stoppedReason": task.stopped_reason or None,
        **_times(task),
    }
    return {name: value for name, value in seen.items() if value is not None}


def _times(task: Task) -> dict:
    return {
        "createdAt": utc(task.created_at),
        "pullStartedAt": utc(task.pull_started_at),
        "startedAt": utc(task.started_at),
        "stoppingAt": utc(task.stopping_at),
        "executionStoppedAt": utc(task.execution_stopped_at),
        "stoppedAt": utc(task.stopped_at),
    }


def _container(task: Task, arns: Arns) -> dict:
    container = task.definition.container
    digits = f"{task.task_id[:8]}-{task.task_id[8:12]}-{task.task_id[12:16]}-{task.task_id[16:20]}-{task.task_id[20:]}"
    digest = task.image_digest if task.image_digest.startswith("sha256:") else None
    seen = {
        "containerArn": arns.of("container", f"{task.task_id}/{digits}"),
        "taskArn": arns.of("task", task.task_id),
        "name": container.name,
        "image": container.image,
        "imageDigest": digest,
        "lastStatus": _container_status(task),
        "exitCode": task.exit_code,
        "reason": task.container_reason or None,
        "healthStatus": "UNKNOWN",
        "networkBindings": _bindings(task),
        "networkInterfaces": [],
        "cpu": str(task.definition.cpu_units),
        "memory": str(task.definition.memory_mib),
    }
    return {name: value for name, value in seen.items() if value is not None}


def _container_status(task: Task) -> str:
    if task.last_status in STARTING:
        return "PENDING"
    return "STOPPED" if task.last_status in (TaskStatus.DEPROVISIONING, TaskStatus.STOPPED) else "RUNNING"


def _bindings(task: Task) -> list[dict]:
    if task.host_port is None:
        return []
    port = task.port
    return [
        {
            "bindIP": "0.0.0.0",
            "containerPort": port.container_port,
            "hostPort": task.host_port,
            "protocol": port.protocol,
        }
    ]


def _overrides(task: Task) -> list[dict]:
    order = task.order
    if order.environment is None and order.command is None:
        return []
    override: dict = {"name": task.definition.container.name}
    if order.command is not None:
        override["command"] = list(order.command)
    if order.environment is not None:
        override["environment"] = [{"name": name, "value": value} for name, value in order.environment]
    return [override]


def describe_instance(host: ContainerInstance, cluster: Cluster, arns: Arns) -> dict:
    """One ContainerInstance, without tags."""
    tasks = [cluster.tasks[task_id] for task_id in host.task_ids]
    provider = cluster.draining.provider_of(host)
    left = (host.cpu_units - host.cpu_used, host.memory_mib - host.memory_used_mib)
    seen = {
        "containerInstanceArn": arns.of("container-instance", host.container_instance_id),
        "ec2InstanceId": host.instance_id,
        "capacityProviderName": provider.name if provider else None,
        "version": host.version,
        "status": host.status.value,
        "agentConnected": host.agent_connected,
        "runningTasksCount": sum(task.wanted and task.running for task in tasks),
        "pendingTasksCount": sum(task.starting for task in tasks),
        "registeredAt": utc(host.registered_at),
        "registeredResources": _resources(host.cpu_units, host.memory_mib, sorted(RESERVED_PORTS)),
        "remainingResources": _resources(*left, sorted(host.ports_used)),
        "attributes": dict(host.attributes),  # moto's response turns it into AWS's list
        "attachments": [],
        "tags": [],
    }
    return {name: value for name, value in seen.items() if value is not None}


def _resources(cpu_units: int, memory_mib: int, ports) -> list[dict]:
    def number(name: str, value: int) -> dict:
        return {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}

    def numbers(name: str, values) -> dict:
        texts = [str(value) for value in values]
        zeros = {"doubleValue": 0.0, "longValue": 0, "integerValue": 0}
        return {"name": name, "type": "STRINGSET", **zeros, "stringSetValue": texts}

    return [
        number("CPU", cpu_units),
        number("MEMORY", memory_mib),
        numbers("PORTS", ports),
        numbers("PORTS_UDP", ()),
    ]
