"""What CodeDeploy does at each lifecycle event: create the replacement, move listeners, swap the task sets.

Each step looks, and returns what it asks of ECS and the load balancer; it raises `Fails` before it asks for anything.
"""

from __future__ import annotations

from awslab.machines.appspecs import PlanRefused
from awslab.machines.deployment import Deployment
from awslab.machines.deployment_view import Fails, View
from awslab.machines.deployment_words import NOT_BEHIND, ecs_refused
from awslab.machines.events import (
    PrimaryTaskSetRequested,
    TaskSetDrainRequested,
    TaskSetRequested,
    WeightsRequested,
)
from awslab.machines.machine import Event
from awslab.machines.services import Service
from awslab.machines.traffic_shift import Weights, both, in_turns, is_behind, split


class Steps:
    """The hands of CodeDeploy."""

    def __init__(self, view: View) -> None:
        self._view = view

    def install(self, deployment: Deployment) -> list[Event]:
        """Associate the second target group with the listener, create the replacement task set there."""
        service, group = self._view.service(deployment), deployment.order.group
        self._find_target_groups(deployment, service)
        self._check_behind(deployment, self._view.prod_weights(deployment))
        if group.test_listener_arn:
            self._check_behind(deployment, self._view.test_weights(deployment))
        try:
            plan = self._view.plan(deployment.order.appspec, group.service[0], deployment.replacement_arn)
        except PlanRefused as refused:
            raise Fails(ecs_refused(str(refused))) from None
        deployment.original_id, deployment.installed = service.primary.task_set_id, True
        cluster_name, service_name = group.service
        made = TaskSetRequested(
            cluster_name=cluster_name,
            service_name=service_name,
            external_id=deployment.deployment_id,
            definition=plan.definition,
            load_balancers=(plan.load_balancer,),
            provider_shares=plan.provider_shares,
        )
        # A deployment that ended badly and was not rolled back left its task set and its weights behind. The lab clears
        # them away; what AWS does is not documented.
        stale = [self._drain(deployment, s.task_set_id) for s in service.task_sets if s.status == "ACTIVE"]
        return [*stale, *self._associate(deployment), made]

    def allow_test_traffic(self, deployment: Deployment) -> list[Event]:
        """The test listener forwards to the replacement."""
        weights = self._view.test_weights(deployment)
        if not deployment.order.group.test_listener_arn:
            return []
        self._check_behind(deployment, weights)
        return [self._test(deployment, split(weights, deployment.original_arn, deployment.replacement_arn, 100))]

    def shift(self, deployment: Deployment, percent: int) -> list[Event]:
        """The production listener sends `percent` of its requests to the replacement."""
        weights = self._view.prod_weights(deployment)
        self._check_behind(deployment, weights)
        return [self._prod(deployment, split(weights, deployment.original_arn, deployment.replacement_arn, percent))]

    def swap(self, deployment: Deployment) -> list[Event]:
        """The replacement becomes PRIMARY."""
        replacement = self._view.replacement(deployment)
        return [self._primary(deployment, replacement.task_set_id)] if replacement else []

    def drain_original(self, deployment: Deployment) -> list[Event]:
        """The original task set is terminated."""
        original = self._view.original(deployment)
        return [self._drain(deployment, original.task_set_id)] if original else []

    # ---- rolling back

    def take_back_test(self, deployment: Deployment) -> list[Event]:
        """The test listener forwards to the original again."""
        weights = self._view.test_weights(deployment)
        if weights is None or is_behind(deployment.original_arn, weights):
            return []
        return [self._test(deployment, split(weights, deployment.original_arn, deployment.replacement_arn, 0))]

    def take_back_prod(self, deployment: Deployment) -> list[Event]:
        """All production traffic to the original, which is PRIMARY again."""
        weights, original = self._view.prod_weights(deployment), self._view.original(deployment)
        if weights is None or original is None:
            raise Fails(NOT_BEHIND)
        back = split(weights, deployment.original_arn, deployment.replacement_arn, 0)
        swap = [] if original.status == "PRIMARY" else [self._primary(deployment, original.task_set_id)]
        return [*([] if back == weights else [self._prod(deployment, back)]), *swap]

    def drain_replacement(self, deployment: Deployment) -> list[Event]:
        """The replacement task set is terminated."""
        replacement = self._view.replacement(deployment)
        return [self._drain(deployment, replacement.task_set_id)] if replacement else []

    # ---- asking

    def _find_target_groups(self, deployment: Deployment, service: Service) -> None:
        arns = [self._view.target_group_arn(name) for name in deployment.order.group.target_group_names]
        now = service.primary.load_balancers[0].target_group_arn if service.primary else ""
        if now not in arns or "" in arns:
            raise Fails(NOT_BEHIND)
        deployment.original_arn, deployment.replacement_arn = now, arns[1 - arns.index(now)]

    def _check_behind(self, deployment: Deployment, weights: Weights | None) -> None:
        if not is_behind(deployment.original_arn, weights):
            raise Fails(NOT_BEHIND)

    def _associate(self, deployment: Deployment) -> list[Event]:
        weights = self._view.prod_weights(deployment)
        if not in_turns(deployment.order.config) and not is_behind(deployment.replacement_arn, weights):
            return []
        wanted = both(weights, deployment.original_arn, deployment.replacement_arn)
        return [] if wanted == weights else [self._prod(deployment, wanted)]

    def _prod(self, deployment: Deployment, weights: Weights) -> Event:
        return WeightsRequested(listener_arn=deployment.order.group.prod_listener_arn, weights=weights)

    def _test(self, deployment: Deployment, weights: Weights) -> Event:
        return WeightsRequested(listener_arn=deployment.order.group.test_listener_arn, weights=weights)

    def _drain(self, deployment: Deployment, task_set_id: str) -> Event:
        cluster_name, service_name = deployment.order.group.service
        return TaskSetDrainRequested(cluster_name=cluster_name, service_name=service_name, task_set_id=task_set_id)

    def _primary(self, deployment: Deployment, task_set_id: str) -> Event:
        cluster_name, service_name = deployment.order.group.service
        return PrimaryTaskSetRequested(cluster_name=cluster_name, service_name=service_name, task_set_id=task_set_id)
