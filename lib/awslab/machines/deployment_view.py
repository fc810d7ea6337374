"""What CodeDeploy sees of ECS, the load balancer and CloudWatch when it looks; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from awslab.machines.appspecs import AppSpec, Plan
from awslab.machines.deployment import Deployment, TaskSetInfo
from awslab.machines.deployment_words import Trouble, no_service
from awslab.machines.services import Service
from awslab.machines.task_sets import TaskSet
from awslab.machines.tasks import count
from awslab.machines.traffic_shift import Weights, percent_of


class Fails(Exception):
    """A deployment can't go on; carries its errorInformation."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class View:
    """Where to look.

    Attributes:
        service_of: An ACTIVE service by cluster and service name, else None.
        weights_of: What a listener forwards to, else None.
        alarm_state: OK, ALARM or INSUFFICIENT_DATA by alarm name, else None.
        target_group_arn: By name, "" when there is none.
        plan: What an AppSpec comes to in a cluster, given the target group ARN; raises PlanRefused.
    """

    service_of: Callable[[str, str], Service | None]
    weights_of: Callable[[str], Weights | None]
    alarm_state: Callable[[str], str | None]
    target_group_arn: Callable[[str], str]
    plan: Callable[[AppSpec, str, str], Plan]

    def service(self, deployment: Deployment) -> Service:
        """The service deployed to.

        Raises:
            Fails: It is gone.
        """
        found = self.service_of(*deployment.order.group.service)
        if found is None:
            raise Fails(no_service(*deployment.order.group.service))
        return found

    def prod_weights(self, deployment: Deployment) -> Weights | None:
        """What the production listener forwards to."""
        return self.weights_of(deployment.order.group.prod_listener_arn)

    def test_weights(self, deployment: Deployment) -> Weights | None:
        """What the test listener forwards to; None when there is none."""
        arn = deployment.order.group.test_listener_arn
        return self.weights_of(arn) if arn else None

    def original(self, deployment: Deployment) -> TaskSet | None:
        """The task set that was PRIMARY when it began."""
        return self.service(deployment).set_of(deployment.original_id)

    def replacement(self, deployment: Deployment) -> TaskSet | None:
        """The task set that it, or the deployment it rolls back, created."""
        return _replacement(self.service(deployment), deployment)

    def steady(self, deployment: Deployment, *, both: bool) -> bool:
        """The replacement task set, or both, are in STEADY_STATE."""
        sets = [self.replacement(deployment), *([self.original(deployment)] if both else [])]
        return all(one is not None and one.stability_status == "STEADY_STATE" for one in sets)

    def task_sets(self, deployment: Deployment) -> tuple[TaskSetInfo, ...]:
        """ecsTarget.taskSetsInfo, now."""
        service = self.service_of(*deployment.order.group.service)
        if service is None:
            return ()
        found = service.set_of(deployment.original_id) if deployment.original_id else service.primary
        shown = ((found, "Blue"), (_replacement(service, deployment), "Green"))
        return tuple(self._info(deployment, service, one, label) for one, label in shown if one is not None)

    def _info(self, deployment: Deployment, service: Service, one: TaskSet, label: str) -> TaskSetInfo:
        running, pending = count(service.tasks_of(one))
        arn = one.load_balancers[0].target_group_arn
        return TaskSetInfo(
            task_set_id=one.task_set_id,
            label=label,
            status=one.status,
            desired_count=one.computed_desired_count(service.desired_count),
            pending_count=pending,
            running_count=running,
            traffic_weight=percent_of(arn, self.prod_weights(deployment)),
            target_group_name=arn.split("/")[-2],
        )


def _replacement(service: Service, deployment: Deployment) -> TaskSet | None:
    return next((s for s in service.task_sets if s.external_id == deployment.task_set_owner), None)
