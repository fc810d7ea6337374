"""ECS tasks and container instances."""

from __future__ import annotations

from moto.core.responses import ActionResult

from awslab.faces.ecs_pages import page
from awslab.faces.ecs_parse import environment, invalid, read_rules, read_shares
from awslab.faces.ecs_services import ServiceActions
from awslab.faces.ecs_shapes import describe_instance, describe_task, last_part
from awslab.machines import task_commands
from awslab.machines.cluster import Cluster
from awslab.machines.container_instances import ContainerInstance
from awslab.machines.placement import Misfit
from awslab.machines.tasks import Task, TaskOrder

DESCRIBE_MAX = 100  # AWS: tasks or container instances of one describe call
STATE_MAX = 10  # AWS: container instances of one UpdateContainerInstancesState call
RUN_MAX = 10  # AWS: tasks of one RunTask call
NOT_IMITATED = ("networkConfiguration", "platformVersion", "volumeConfigurations")
OVERRIDABLE = {"name", "command", "environment"}


class TaskActions(ServiceActions):
    """Tasks and container instances. Looking changes nothing."""

    def list_tasks(self) -> ActionResult:
        """ListTasks; those with desired status RUNNING unless asked otherwise."""
        given, cluster = self.params, self.cluster()
        if given.get("serviceName"):
            self._service(cluster, given["serviceName"])
        wanted = {
            "desiredStatus": given.get("desiredStatus") or "RUNNING",
            "serviceName": last_part(given.get("serviceName") or ""),
            "containerInstance": last_part(given.get("containerInstance") or ""),
            "family": given.get("family") or "",
            "startedBy": given.get("startedBy") or "",
            "launchType": given.get("launchType") or "",
        }
        found = [self.arns(cluster).of("task", task.task_id) for task in cluster.tasks.values() if _is(task, wanted)]
        arns, token = page(found, given)
        return ActionResult({"taskArns": arns, "nextToken": token})

    def describe_tasks(self) -> ActionResult:
        """DescribeTasks, by id or ARN."""
        cluster, names = self.cluster(), self.params.get("tasks") or []
        _check_size(names, "Tasks")
        tags, arns = "TAGS" in (self.params.get("include") or ()), self.arns(cluster)
        found, failures = [], []
        for name in names:
            task = cluster.tasks.get(last_part(name))
            if task is None:
                failures.append({"arn": arns.of("task", last_part(name)), "reason": "MISSING"})
            else:
                found.append({**describe_task(task, arns), "tags": self._tags_of(cluster, task) if tags else []})
        return ActionResult({"tasks": found, "failures": failures})

    def run_task(self) -> ActionResult:
        """RunTask on container instances."""
        given, cluster = self.params, self.cluster()
        count = int(given.get("count") or 1)
        if not 1 <= count <= RUN_MAX:
            raise invalid(
                f"Count cannot be greater than {RUN_MAX}" if count > RUN_MAX else "Count cannot be less than 1"
            )
        for field in NOT_IMITATED:
            if given.get(field):
                raise invalid(f"The lab does not imitate {field} of RunTask.")
        if given.get("launchType", "EC2") != "EC2":
            raise invalid("The lab runs tasks on container instances only; use launch type EC2.")
        rules = read_rules(given.get("placementStrategy"), given.get("placementConstraints"))
        shares = read_shares(self._strategy(cluster, given), set(cluster.providers))
        tasks, misfit, events = task_commands.run(cluster, self._order(given), rules, shares, count, now=self.world.now)
        if misfit and not misfit.failures:
            raise invalid(misfit.no_instances)
        self.world.tell(events)
        arns = self.arns(cluster)
        answer = [{**describe_task(task, arns), "tags": self._tags_of(cluster, task)} for task in tasks]
        return ActionResult({"tasks": answer, "failures": _failures(misfit, arns)})

    def stop_task(self) -> ActionResult:
        """StopTask."""
        cluster = self.cluster()
        task = cluster.tasks.get(last_part(self.params["task"]))
        if task is None:
            raise invalid("The referenced task was not found.")
        reason = self.params.get("reason") or "Task stopped by user"
        self.world.tell(task_commands.stop(cluster, task.task_id, reason, now=self.world.now))
        return ActionResult({"task": describe_task(task, self.arns(cluster))})

    def list_container_instances(self) -> ActionResult:
        """ListContainerInstances: the active and draining ones, or those of one status."""
        cluster, status = self.cluster(), self.params.get("status")
        if self.params.get("filter"):
            raise invalid("The lab does not imitate filter of ListContainerInstances.")
        hosts = [h for h in cluster.hosts.values() if (h.status.value == status if status else h.here)]
        found = [self.arns(cluster).of("container-instance", h.container_instance_id) for h in hosts]
        arns, token = page(found, self.params)
        return ActionResult({"containerInstanceArns": arns, "nextToken": token})

    def describe_container_instances(self) -> ActionResult:
        """DescribeContainerInstances, by id or ARN."""
        cluster, names = self.cluster(), self.params.get("containerInstances") or []
        _check_size(names, "Container instances")
        found, failures = self._hosts(cluster, names)
        shown = [describe_instance(host, cluster, self.arns(cluster)) for host in found]
        return ActionResult({"containerInstances": shown, "failures": failures})

    def update_container_instances_state(self) -> ActionResult:
        """UpdateContainerInstancesState to ACTIVE or DRAINING, at most 10."""
        cluster, given = self.cluster(), self.params
        if given["status"] not in ("ACTIVE", "DRAINING"):
            raise invalid("Container instance status should be one of [ACTIVE,DRAINING]")
        if len(given["containerInstances"]) > STATE_MAX:
            raise invalid(f"instanceIds can have at most {STATE_MAX} items.")
        found, failures = self._hosts(cluster, given["containerInstances"])
        gone = [host for host in found if not host.here]
        failures += [{"arn": self._host_arn(cluster, host), "reason": host.status.value} for host in gone]
        changed = [host for host in found if host.here]
        for host in changed:
            self.world.tell(task_commands.set_status(cluster, host, given["status"], now=self.world.now))
        shown = [describe_instance(host, cluster, self.arns(cluster)) for host in changed]
        return ActionResult({"containerInstances": shown, "failures": failures})

    def _hosts(self, cluster: Cluster, names: list[str]) -> tuple[list[ContainerInstance], list[dict]]:
        by_id = {host.container_instance_id: host for host in cluster.hosts.values()}
        ids = [last_part(name) for name in names]
        arns = self.arns(cluster)
        missing = [{"arn": arns.of("container-instance", i), "reason": "MISSING"} for i in ids if i not in by_id]
        return [by_id[i] for i in ids if i in by_id], missing

    def _host_arn(self, cluster: Cluster, host: ContainerInstance) -> str:
        return self.arns(cluster).of("container-instance", host.container_instance_id)

    def _order(self, given: dict) -> TaskOrder:
        definition = self.definition(given["taskDefinition"])
        overrides = (given.get("overrides") or {}).get("containerOverrides") or []
        if set(given.get("overrides") or ()) - {"containerOverrides"} or len(overrides) > 1:
            raise invalid("The lab imitates one container override of command and environment only.")
        override = overrides[0] if overrides else {}
        if set(override) - OVERRIDABLE:
            raise invalid("The lab imitates overrides of command and environment only.")
        if override and override.get("name") != definition.container.name:
            raise invalid(
                "Override for container named {} is not a container in the TaskDefinition.".format(override.get("name"))
            )
        return TaskOrder(
            definition=definition,
            group=given.get("group") or f"family:{definition.family}",
            started_by=given.get("startedBy") or "",
            environment=environment(override["environment"]) if "environment" in override else None,
            command=tuple(override["command"]) if "command" in override else None,
            tags=tuple((tag["key"], tag.get("value", "")) for tag in given.get("tags") or ()),
        )

    def _tags_of(self, cluster: Cluster, task: Task) -> list[dict]:
        """Its own tags, and what its service propagates."""
        tags = dict(task.order.tags)
        service = cluster.services.get(task.order.service_name)
        if service is not None:
            stored = self._stored(cluster, service)
            if stored.kept.get("enableECSManagedTags"):
                tags |= {"aws:ecs:clusterName": cluster.cluster_name, "aws:ecs:serviceName": service.name}
            source = {"SERVICE": lambda: stored.tags, "TASK_DEFINITION": lambda: self._definition_tags(task)}
            given = source.get(stored.kept.get("propagateTags"), list)()
            tags |= {tag["key"]: tag.get("value", "") for tag in given}
        return [{"key": key, "value": value} for key, value in tags.items()]

    def _definition_tags(self, task: Task) -> list[dict]:
        return self.ecs_backend.task_definitions[task.definition.family][task.definition.revision].tags


def _is(task: Task, wanted: dict) -> bool:
    has = {
        "desiredStatus": task.desired_status,
        "serviceName": task.order.service_name,
        "containerInstance": task.container_instance_id,
        "family": task.definition.family,
        "startedBy": task.order.started_by,
        "launchType": "EC2",
    }
    return all(not value or has[field] == value for field, value in wanted.items())


def _check_size(names: list, what: str) -> None:
    if not names:
        raise invalid(f"{what} cannot be empty.")
    if len(names) > DESCRIBE_MAX:
        raise invalid(f"{what} cannot have more than {DESCRIBE_MAX} elements.")


def _failures(misfit: Misfit | None, arns) -> list[dict]:
    if misfit is None:
        return []
    return [{"arn": arns.of("container-instance", host), "reason": reason} for host, reason in misfit.failures]
