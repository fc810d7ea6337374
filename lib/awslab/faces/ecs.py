"""Amazon ECS: clusters, capacity providers, task definitions, services, tasks and container instances.

moto keeps clusters, capacity providers, task definitions and tags; everything that moves is in the machines.
"""

from __future__ import annotations

from moto.core.responses import ActionResult

from awslab.faces.ecs_pages import page
from awslab.faces.ecs_tasks import TaskActions
from awslab.faces.honest_rate import check_durations
from awslab.faces.inventory import AwsError
from awslab.machines.agents import Agents
from awslab.machines.machine import Machine
from awslab.machines.task_definitions import STOP_TIMEOUT_S
from awslab.world import World

NO_EXECUTION_ROLE = "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."


def machines(_world: World) -> list[Machine]:
    """The agents, which look for their clusters from the start."""
    return [Agents()]


def _missing(action: str):
    def answer(self) -> ActionResult:
        raise NotImplementedError(action)  # answered 501: moto's own would act on state that nothing else sees

    return answer


class Face(TaskActions):
    """Every ECS action the lab imitates."""

    signing_name = "ecs"

    start_task = _missing("StartTask")
    create_task_set = _missing("CreateTaskSet")
    update_task_set = _missing("UpdateTaskSet")
    delete_task_set = _missing("DeleteTaskSet")
    update_service_primary_task_set = _missing("UpdateServicePrimaryTaskSet")
    register_container_instance = _missing("RegisterContainerInstance")
    deregister_container_instance = _missing("DeregisterContainerInstance")
    put_attributes = _missing("PutAttributes")
    list_attributes = _missing("ListAttributes")
    delete_attributes = _missing("DeleteAttributes")

    def list_task_definitions(self) -> ActionResult:
        """ListTaskDefinitions, by family and then by revision, as a number, in the order asked for."""
        arns = super().list_task_definitions().result["taskDefinitionArns"]
        newest_first = self.params.get("sort") == "DESC"
        in_order = sorted(
            arns, key=lambda arn: (arn.rpartition(":")[0], int(arn.rpartition(":")[2])), reverse=newest_first
        )
        found, token = page(in_order, self.params)
        return ActionResult({"taskDefinitionArns": found, "nextToken": token})

    def register_task_definition(self) -> ActionResult:
        """RegisterTaskDefinition, if its containers may live long enough after SIGTERM for the lab's rate."""
        for container in self.params.get("containerDefinitions") or []:
            if container.get("secrets") and not self.params.get("executionRoleArn"):
                raise AwsError("ClientException", NO_EXECUTION_ROLE)
            timeout = container.get("stopTimeout")
            given_s = STOP_TIMEOUT_S if timeout is None else float(timeout)
            check_durations(self.lab, "ClientException", stop_timeout_s=given_s)
        return super().register_task_definition()
