"""Deployments, as CodeDeploy speaks of them."""

from __future__ import annotations

import re

from moto.core.responses import ActionResult, EmptyResult

from awslab.faces.codedeploy_appspec import InvalidAppSpec, read_appspec
from awslab.faces.codedeploy_checks import check_alarms, check_rollback
from awslab.faces.codedeploy_pages import page
from awslab.faces.codedeploy_revisions import RevisionActions
from awslab.faces.codedeploy_shapes import describe_deployment, seconds
from awslab.faces.inventory import AwsError
from awslab.machines.applications import DeploymentGroup, Revision
from awslab.machines.deployment import Deployment, Order
from awslab.machines.deployment_book import AlreadyOver
from awslab.machines.deployments import Busy, Deployments, NotWaiting
from awslab.machines.hook_calls import HookOver, NoSuchExecution

ID = re.compile(r"d-[A-Z0-9]{9}")
BATCH_MAX = 25  # AWS: deployments of one BatchGetDeployments
STATUSES = ("Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready")
EC2_ONLY = {
    "targetInstances": "InvalidTargetInstancesException",
    "updateOutdatedInstancesOnly": "InvalidUpdateOutdatedInstancesOnlyValueException",
    "ec2DeploymentOptions": "InvalidInputException",
}


class DeploymentActions(RevisionActions):
    """Actions on deployments; `Face` mixes them in."""

    def create_deployment(self) -> ActionResult:
        """CreateDeployment; one that can't succeed is created too, and fails soon."""
        given, application, group = self.params, self._application(), self._group()
        for field, code in EC2_ONLY.items():
            if given.get(field):
                raise AwsError(code, f"For ECS deployments, {field} can not be specified")
        if given.get("deploymentMode") not in (None, "DEPLOY"):
            raise AwsError("InvalidInputException", "For ECS deployments, deploymentMode must be DEPLOY")
        revision = self._register(application, given.get("revision"))
        order = self._order(group, revision)
        try:
            deployment_id, events = self._deployments.create(order, now=self.world.now)
        except Busy as busy:
            raise AwsError(
                "DeploymentLimitExceededException",
                f"The Deployment Group '{group.name}' already has an active Deployment '{busy.deployment_id}'",
            ) from None
        application.use(revision, group.group_id, self.world.now)
        self.world.tell(events)
        return ActionResult({"deploymentId": deployment_id})

    def get_deployment(self) -> ActionResult:
        """GetDeployment: no lifecycle events, no content of the revision, no overview while it runs."""
        return ActionResult({"deploymentInfo": describe_deployment(self._deployment())})

    def batch_get_deployments(self) -> ActionResult:
        """BatchGetDeployments: those that exist."""
        ids = self.params.get("deploymentIds") or []
        if len(ids) > BATCH_MAX:
            raise AwsError("BatchLimitExceededException", f"At most {BATCH_MAX} deployments can be asked for")
        found = [self._deployments.by_id[i] for i in ids if i in self._deployments.by_id]
        return ActionResult({"deploymentsInfo": [describe_deployment(deployment) for deployment in found]})

    def list_deployments(self) -> ActionResult:
        """ListDeployments, newest first."""
        given = self.params
        if given.get("deploymentGroupName") and not given.get("applicationName"):
            raise AwsError("ApplicationNameRequiredException", "Application name is required")
        application = self._application() if given.get("applicationName") else None
        group = self._group() if given.get("deploymentGroupName") else None
        for status in given.get("includeOnlyStatuses") or ():
            if status not in STATUSES:
                raise AwsError("InvalidDeploymentStatusException", f"Invalid deployment status: {status}")
        found = [
            deployment.deployment_id
            for deployment in reversed(self._deployments.by_id.values())
            if (application is None or deployment.order.group.application_name == application.name)
            and (group is None or deployment.order.group.group_id == group.group_id)
            and deployment.status in (given.get("includeOnlyStatuses") or STATUSES)
            and _within(deployment.created_at, given.get("createTimeRange") or {})
        ]
        shown, token = page(found, given)
        return ActionResult({"deployments": shown, "nextToken": token})

    def stop_deployment(self) -> ActionResult:
        """StopDeployment, with or without rolling back."""
        deployment, rolls_back = self._deployment(), self.params.get("autoRollbackEnabled")
        try:
            events = self._deployments.stop(deployment.deployment_id, rolls_back, now=self.world.now)
        except AlreadyOver:
            raise _completed(deployment) from None
        self.world.tell(events)
        return ActionResult({"status": "Pending", "statusMessage": "The deployment is being stopped."})

    def continue_deployment(self) -> ActionResult:
        """ContinueDeployment: READY_WAIT reroutes traffic, TERMINATION_WAIT ends the original task set."""
        deployment, kind = self._deployment(), self.params.get("deploymentWaitType") or "READY_WAIT"
        if kind not in ("READY_WAIT", "TERMINATION_WAIT"):
            raise AwsError("InvalidDeploymentWaitTypeException", f"Invalid deployment wait type: {kind}")
        terminate = kind == "TERMINATION_WAIT"
        try:
            events = self._deployments.go_on(deployment.deployment_id, terminate=terminate, now=self.world.now)
        except AlreadyOver:
            raise _completed(deployment) from None
        except NotWaiting:
            message = f"The deployment {deployment.deployment_id} is not in a ready state"
            raise AwsError("DeploymentIsNotInReadyStateException", message) from None
        self.world.tell(events)
        return EmptyResult()

    def put_lifecycle_event_hook_execution_status(self) -> ActionResult:
        """PutLifecycleEventHookExecutionStatus: what a hook function calls, once."""
        deployment = self._deployment()
        execution_id, status = self.params.get("lifecycleEventHookExecutionId") or "", self.params.get("status")
        if status not in ("Succeeded", "Failed"):
            message = f"The lifecycle event hook execution status must be Succeeded or Failed, not {status}"
            raise AwsError("InvalidLifecycleEventHookExecutionStatusException", message)
        try:
            events = self._deployments.report(
                deployment.deployment_id, execution_id, succeeded=status == "Succeeded", now=self.world.now
            )
        except NoSuchExecution:
            message = f"The lifecycle event hook execution {execution_id} could not be found"
            raise AwsError("InvalidLifecycleEventHookExecutionIdException", message) from None
        except HookOver as over:
            message = f"The lifecycle event {over} was already completed"
            raise AwsError("LifecycleEventAlreadyCompletedException", message) from None
        self.world.tell(events)
        return ActionResult({"lifecycleEventHookExecutionId": execution_id})

    # ---- looking up

    @property
    def _deployments(self) -> Deployments:
        return self.world.of(Deployments)[0]

    def _deployment(self) -> Deployment:
        deployment_id = self.params.get("deploymentId")
        if not deployment_id:
            raise AwsError("DeploymentIdRequiredException", "The deployment ID is required")
        if not ID.fullmatch(deployment_id):
            raise AwsError("InvalidDeploymentIdException", f"The deployment ID {deployment_id} is invalid")
        if deployment_id not in self._deployments.by_id:
            message = f"The deployment {deployment_id} could not be found"
            raise AwsError("DeploymentDoesNotExistException", message)
        return self._deployments.by_id[deployment_id]

    def _order(self, group: DeploymentGroup, revision: Revision) -> Order:
        given, settings = self.params, group.settings
        config = self._books.configs[self._config_name(given.get("deploymentConfigName") or group.config_name)]
        rollback, alarms = given.get("autoRollbackConfiguration"), given.get("overrideAlarmConfiguration")
        check_rollback(rollback or {})
        check_alarms(alarms or {})
        try:
            appspec, error = read_appspec(revision.content), ""
        except InvalidAppSpec as invalid:
            appspec, error = None, str(invalid)
        return Order(
            group=group,
            config=config,
            appspec=appspec,
            revision_error=error,
            sha256=revision.sha256,
            description=given.get("description") or "",
            rollback=settings.get("autoRollbackConfiguration") or {} if rollback is None else rollback,
            alarms=settings.get("alarmConfiguration") or {} if alarms is None else alarms,
            overrides_alarms=alarms is not None,
        )


def _completed(deployment: Deployment) -> AwsError:
    message = f"The deployment {deployment.deployment_id} is already completed"
    return AwsError("DeploymentAlreadyCompletedException", message)


def _within(at: float, limits: dict) -> bool:
    start, end = limits.get("start"), limits.get("end")
    return (start is None or at >= seconds(start)) and (end is None or at <= seconds(end))
