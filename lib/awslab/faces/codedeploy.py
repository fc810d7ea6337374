"""CodeDeploy for ECS: applications, and what is mixed in: groups, configurations, revisions, deployments, targets."""

from __future__ import annotations

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from awslab.faces.autoscaling_groups import utc
from awslab.faces.codedeploy_checks import check_name
from awslab.faces.codedeploy_targets import TargetActions
from awslab.faces.codedeploy_view import cluster_of, view_of
from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines.applications import Application, Applications
from awslab.machines.deployments import Deployments
from awslab.machines.machine import Machine
from awslab.machines.task_set_requests import TaskSetRequests
from awslab.world import World


def machines(world: World) -> list[Machine]:
    """The registry of CodeDeploy's resources, its deployments, and ECS's ear for them."""
    return [
        Applications(world.random("codedeploy")),
        Deployments(world.random("deployments"), view_of(world, Face.lab.region)),
        TaskSetRequests(lambda name: cluster_of(world, name)),
    ]


class Face(TargetActions, BaseResponse):
    """CodeDeploy."""

    signing_name = "codedeploy"
    world: World

    def __init__(self) -> None:
        super().__init__(service_name="codedeploy")
        self.automated_parameter_parsing = True

    # ---- applications

    def create_application(self) -> ActionResult:
        """CreateApplication, of the ECS platform."""
        wanted, books = self.params, self._books
        name = self._new_name(wanted.get("applicationName"))
        if wanted.get("computePlatform") != "ECS":
            raise AwsError("InvalidComputePlatformException", "The lab imitates the ECS compute platform only.")
        application = books.by_name[name] = Application(name, books.new_id(), self.world.now)
        if wanted.get("tags"):
            books.tags[self._arn(f"application:{name}")] = {tag["Key"]: tag["Value"] for tag in wanted["tags"]}
        return ActionResult({"applicationId": application.application_id})

    def get_application(self) -> ActionResult:
        """GetApplication."""
        return ActionResult({"application": _describe(self._application())})

    def batch_get_applications(self) -> ActionResult:
        """BatchGetApplications: all of them must exist."""
        found = [self._application(name) for name in self.params["applicationNames"]]
        return ActionResult({"applicationsInfo": [_describe(application) for application in found]})

    def list_applications(self) -> ActionResult:
        """ListApplications."""
        return ActionResult({"applications": list(self._books.by_name)})

    def update_application(self) -> ActionResult:
        """UpdateApplication: a new name; its groups, deployments and tags come along."""
        application, books = self._application(), self._books
        name = self.params.get("newApplicationName") or application.name
        if name == application.name:
            return EmptyResult()
        self._new_name(name)
        deployed = [deployment.order.group for deployment in self._deployments.by_id.values()]
        past = [group for group in deployed if group.application_name == application.name]
        before = [self._arn(f"application:{application.name}"), *map(self._group_arn, application.groups.values())]
        del books.by_name[application.name]
        application.name, books.by_name[name] = name, application
        for group in [*application.groups.values(), *past]:
            group.application_name = name
        after = [self._arn(f"application:{name}"), *map(self._group_arn, application.groups.values())]
        for old, new in zip(before, after, strict=True):
            if old in books.tags:
                books.tags[new] = books.tags.pop(old)
        return EmptyResult()

    def delete_application(self) -> ActionResult:
        """DeleteApplication, with its groups; one that does not exist is no error."""
        name = check_name(self.params.get("applicationName"), "Application")
        application = self._books.by_name.pop(name, None)
        if application is not None:
            self._books.tags.pop(self._arn(f"application:{name}"), None)
            for group in application.groups.values():
                self._books.tags.pop(self._group_arn(group), None)
        return EmptyResult()

    # ---- tags

    def list_tags_for_resource(self) -> ActionResult:
        """ListTagsForResource."""
        return ActionResult({"Tags": [{"Key": key, "Value": value} for key, value in self._tags().items()]})

    def tag_resource(self) -> ActionResult:
        """TagResource."""
        self._tags().update({tag["Key"]: tag["Value"] for tag in self.params["Tags"]})
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """UntagResource."""
        tags = self._tags()
        for key in self.params["TagKeys"]:
            tags.pop(key, None)
        return EmptyResult()

    def _tags(self) -> dict[str, str]:
        """The tags of an application or deployment group; both must exist."""
        arn = self.params.get("ResourceArn")
        if not arn:
            raise AwsError("ResourceArnRequiredException", "The resource ARN is required")
        kind, _, path = arn.removeprefix(self._arn("")).partition(":")
        application_name, _, group_name = path.partition("/")
        if kind not in ("application", "deploymentgroup") or arn != self._arn(f"{kind}:{path}"):
            raise AwsError("InvalidArnException", f"The ARN {arn} is not of an application or a deployment group")
        application = self._application(application_name)
        if kind == "deploymentgroup":
            self._group_named(application, group_name)
        return self._books.tags.setdefault(arn, {})

    # ---- looking up

    @property
    def _books(self) -> Applications:
        return self.world.of(Applications)[0]

    def _arn(self, resource: str) -> str:
        return f"arn:aws:codedeploy:{self.region}:{ACCOUNT_ID}:{resource}"

    def _new_name(self, name: str | None) -> str:
        if check_name(name, "Application") in self._books.by_name:
            raise AwsError("ApplicationAlreadyExistsException", f"Application already exists: {name}")
        return name

    def _application(self, name: str | None = None) -> Application:
        name = check_name(name or self.params.get("applicationName"), "Application")
        if name not in self._books.by_name:
            raise AwsError("ApplicationDoesNotExistException", f"No application found for name: {name}")
        return self._books.by_name[name]


def _describe(application: Application) -> dict:
    return {
        "applicationId": application.application_id,
        "applicationName": application.name,
        "createTime": utc(application.created_at),
        "linkedToGitHub": False,
        "computePlatform": "ECS",
    }
