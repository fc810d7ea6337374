"""Deployment targets, as CodeDeploy speaks of them: an ECS deployment has one, `<cluster>:<service>`."""

from __future__ import annotations

from moto.core.responses import ActionResult

from awslab.faces.codedeploy_deployments import DeploymentActions
from awslab.faces.codedeploy_shapes import describe_target, target_id, target_status
from awslab.faces.inventory import AwsError
from awslab.machines.deployment import Deployment
from awslab.machines.deployment_book import PLANNED_S

FILTERS = ("TargetStatus", "ServerInstanceLabel")


class TargetActions(DeploymentActions):
    """Actions on deployment targets; `Face` mixes them in."""

    def list_deployment_targets(self) -> ActionResult:
        """ListDeploymentTargets."""
        deployment, filters = self._planned(), self.params.get("targetFilters") or {}
        for name in filters:
            if name not in FILTERS:
                raise AwsError("InvalidTargetFilterNameException", f"Invalid target filter name: {name}")
        wanted = filters.get("TargetStatus")
        fits = not wanted or target_status(deployment) in wanted
        return ActionResult({"targetIds": [target_id(deployment)] if fits else []})

    def get_deployment_target(self) -> ActionResult:
        """GetDeploymentTarget: where the lifecycle events and the task sets are."""
        deployment = self._planned()
        named = self.params.get("targetId")
        if not named:
            raise AwsError("DeploymentTargetIdRequiredException", "A deployment target ID is required")
        return ActionResult({"deploymentTarget": self._target(deployment, named)})

    def batch_get_deployment_targets(self) -> ActionResult:
        """BatchGetDeploymentTargets."""
        deployment = self._planned()
        named = self.params.get("targetIds")
        if not named:
            raise AwsError("DeploymentTargetIdRequiredException", "A deployment target ID is required")
        return ActionResult({"deploymentTargets": [self._target(deployment, name) for name in named]})

    def _target(self, deployment: Deployment, named: str) -> dict:
        if named != target_id(deployment):
            message = f"The deployment target {named} could not be found"
            raise AwsError("DeploymentTargetDoesNotExistException", message)
        seen = deployment.last_seen
        task_sets = self._deployments.view.task_sets(deployment) if seen is None else seen
        return describe_target(deployment, task_sets, self.region)

    def _planned(self) -> Deployment:
        deployment = self._deployment()
        if self.world.now < deployment.created_at + PLANNED_S:
            message = f"The deployment {deployment.deployment_id} has not started"
            raise AwsError("DeploymentNotStartedException", message)
        return deployment
