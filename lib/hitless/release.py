"""Plan to release the app by blue/green, to go back to an earlier release, or to go on with one that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hitless import appspec, deployment, images, task_definition
from hitless.approval import require_approved
from hitless.connect import Connection
from hitless.container_change import UNCHANGED, ContainerChange
from hitless.deploying import DEFAULT_GATE, DEPLOYMENT, Deploying, Gate
from hitless.deployment import DeploymentGroup
from hitless.errors import NotReady
from hitless.live import LiveTimeline
from hitless.oci import Image
from hitless.outcome import Outcome
from hitless.plan import Plan
from hitless.run_folder import RunFolder
from hitless.stack import Stack
from hitless.step import Deed, Step

__all__ = ["Gate", "ReleaseChange", "adopt", "deploy", "plan_release", "plan_return"]

VALIDATION_EVENT = "AfterAllowTestTraffic"  # the new tasks answer the test listener by then, and no user


@dataclass
class ReleaseChange:
    """A planned release: a task definition revision and the deployment of it."""

    here: Connection
    stack: Stack
    group: DeploymentGroup
    label: str  # what is released, for people: "version 2.0.0"
    image: str
    plan: Plan

    def __str__(self) -> str:
        return str(self.plan)

    async def run(
        self,
        run: RunFolder,
        *,
        dry_run: bool,
        gate: Gate = DEFAULT_GATE,
        probe_rate_per_s: int = 100,
        say: Callable[[str], object] = print,
    ) -> Outcome | None:
        """Deploy under load, judge.

        Args:
            run: Where the record goes.
            dry_run: Only say what would be called.
            gate: When the runbook stops it.
            probe_rate_per_s: Requests a second that users are played with.
            say: Receives each line.

        Returns:
            What it left behind, also when it failed; None for a dry run.
        """
        if dry_run:
            self.plan.run(self.here, dry_run=True, say=say)
            return None
        require_approved(run, self.plan)
        return await Deploying(self, run, gate, probe_rate_per_s, say).run()


def plan_release(
    here: Connection,
    stack: Stack,
    image: Image | str,
    version: str,
    repository_name: str,
    *,
    container: ContainerChange = UNCHANGED,
    config_name: str = "",
    validate_with: str = "",
    reason: str = "",
    run: RunFolder | None = None,
) -> ReleaseChange:
    """Plan to push an image and to deploy it.

    Args:
        here: Whose account.
        stack: The service's parts.
        image: From `images.release_image`: one to push, or the address of one that is there.
        version: What it calls itself.
        repository_name: Its ECR repository.
        container: Variables and size that the new revision has otherwise than the one that runs.
        config_name: How traffic shifts; "" takes the deployment group's own.
        validate_with: Lambda function that tries the release through the test listener before users see it.
        reason: Kept as the deployment's description.
        run: The run it is for; one that is resumed goes on with the plan it has shown.

    Raises:
        NotReady: A deployment runs already, or the image is not the one that was planned with.
        Refused: As `task_definition.render`.
    """
    group = deployment.read_group(here, stack.service_name, stack.service_name)
    deeds = [] if isinstance(image, str) else [_push(here, image, repository_name)]
    if run is not None and run.is_resumed:
        return _again(here, stack, group, run.past.plan, deeds)
    address = image if isinstance(image, str) else images.address(image.digest, repository_name, ecr=here.client("ecr"))
    running = _running_definition(here, stack)
    rendered = task_definition.render(container.applied_to(running), address)
    arn = _next_arn(here, running)
    register = Step(
        name="revision",
        service="ecs",
        operation="register_task_definition",
        arguments=rendered.value,
        changes=f"revision {arn.rpartition(':')[2]} of {running['family']} names {address.rpartition('@')[2]}"
        + (f"; {container}" if container != UNCHANGED else ""),
        undo="none needed: a revision that nothing runs does nothing",
        expects={"taskDefinition.taskDefinitionArn": arn},
    )
    hooks = {VALIDATION_EVENT: validate_with} if validate_with else {}
    before: list[Step | Deed] = [*deeds, register]
    return _planned(here, stack, group, before, arn, f"version {version}", address, config_name, hooks, reason)


def plan_return(
    here: Connection,
    stack: Stack,
    *,
    to_revision: str = "",
    config_name: str = "",
    reason: str = "",
    run: RunFolder | None = None,
) -> ReleaseChange:
    """Plan to deploy an earlier revision again: after success that is what a rollback is.

    Args:
        here: Whose account.
        stack: The service's parts.
        to_revision: Revision number; "" takes the one before the running one.
        config_name: How traffic shifts; "" takes the deployment group's own.
        reason: Kept as the deployment's description.
        run: The run it is for; one that is resumed goes on with the plan it has shown.

    Raises:
        NotReady: There is no such revision, or a deployment runs already.
    """
    group = deployment.read_group(here, stack.service_name, stack.service_name)
    if run is not None and run.is_resumed:
        return _again(here, stack, group, run.past.plan, [])
    running = _running_definition(here, stack)
    wanted = to_revision or str(running["revision"] - 1)
    if wanted in ("0", str(running["revision"])):
        do = "name another revision of the family"
        raise NotReady("There is no such revision to return to.", seen={"wanted": wanted}, do=do)
    name = f"{running['family']}:{wanted}"
    earlier = here.client("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"]
    arn, image = earlier["taskDefinitionArn"], earlier["containerDefinitions"][0]["image"]
    return _planned(here, stack, group, [], arn, f"revision {wanted}", image, config_name, {}, reason)


async def deploy(
    change: ReleaseChange,
    run: RunFolder,
    live: LiveTimeline,
    *,
    gate: Gate = DEFAULT_GATE,
    say: Callable[[str], object] = print,
) -> None:
    """Deploy within a timeline that is watched already; neither steady minutes nor a verdict of its own.

    Raises:
        NotReady: Nobody approved it.
        RolledBack: It was stopped, by whoever, and taken back.
        Failed: It ended badly and nothing was taken back.
    """
    require_approved(run, change.plan)
    await Deploying(change, run, gate, 0, say).deploy(live)


def adopt(here: Connection, stack: Stack) -> ReleaseChange:
    """Watch the deployment that runs, whoever started it, as if it were ours: gate, verdict, record.

    Raises:
        NotReady: None runs.
    """
    group = deployment.read_group(here, stack.service_name, stack.service_name)
    running_id = deployment.find_running(here, group)
    if not running_id:
        raise NotReady("No deployment runs.", do="start one with runbooks/30-deploy-app.ipynb")
    label = f"deployment {running_id}"
    watch = Deed(
        name=DEPLOYMENT,
        call="codedeploy:watch_deployment",
        facts={"deploymentId": running_id},
        changes=f"nothing: {label} runs already",
        undo="codedeploy:stop_deployment with automatic rollback while it runs",
        act=lambda: {"deploymentId": running_id},
    )
    facts = {"label": label, "image": "", "before": _service(here, stack)["taskDefinition"]}
    return ReleaseChange(here, stack, group, label, "", Plan(f"Watch {label}", [watch], facts))


def _again(
    here: Connection, stack: Stack, group: DeploymentGroup, shown: Mapping, deeds: Sequence[Deed]
) -> ReleaseChange:
    """What an earlier attempt of this run has planned."""
    plan = Plan.again(shown, {deed.name: deed for deed in deeds})
    if plan.digest != shown["digest"]:
        do = "bring the app's folder back to what it was, or begin a new run"
        raise NotReady("The image is not the one this run was planned with.", seen={"plan": shown["digest"]}, do=do)
    return ReleaseChange(here, stack, group, str(plan.facts["label"]), str(plan.facts["image"]), plan)


def _push(here: Connection, image: Image, repository_name: str) -> Deed:
    return Deed(
        name="image",
        call="ecr:push",
        facts={"repository": repository_name, "digest": image.digest},
        changes=f"{repository_name} holds {image.digest}",
        undo="none needed: an image that nothing runs does nothing",
        act=lambda: {"address": images.push(image, repository_name, ecr=here.client("ecr"))},
    )


def _planned(
    here: Connection,
    stack: Stack,
    group: DeploymentGroup,
    before: Sequence[Step | Deed],
    arn: str,
    label: str,
    image: str,
    config_name: str,
    hooks: dict[str, str],
    reason: str,
) -> ReleaseChange:
    if running := deployment.find_running(here, group):
        do = "adopt it (hitless.release.adopt), continue it or stop it: a group has one deployment at a time"
        raise NotReady("A deployment runs already.", seen={"deployment": running}, do=do)
    definition = _running_definition(here, stack)
    container = definition["containerDefinitions"][0]
    spec = appspec.render(
        task_definition_arn=arn,
        container_name=container["name"],
        container_port=container["portMappings"][0]["containerPort"],
        capacity_provider_strategy=_service(here, stack)["capacityProviderStrategy"],
        hooks=hooks,
    )
    create = deployment.create_step(group, spec.content, spec.sha256, config_name, reason)
    facts = {"label": label, "image": image, "before": definition["taskDefinitionArn"]}
    plan = Plan(f"Deploy {arn.rpartition('/')[2]} to {stack.service_name}", [*before, create], facts)
    return ReleaseChange(here, stack, group, label, image, plan)


def _service(here: Connection, stack: Stack) -> dict:
    """The service; of a CODE_DEPLOY one, what its primary task set runs."""
    answer = here.client("ecs").describe_services(cluster=stack.cluster_name, services=[stack.service_name])
    [found] = answer["services"]
    primary = next((one for one in found.get("taskSets") or [] if one["status"] == "PRIMARY"), {})
    return {**found, **{k: v for k, v in primary.items() if k in ("taskDefinition", "capacityProviderStrategy")}}


def _running_definition(here: Connection, stack: Stack) -> dict:
    arn = _service(here, stack)["taskDefinition"]
    return here.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


def _next_arn(here: Connection, running: dict) -> str:
    """The ARN that the next revision will have; one change at a time makes that sure, and `run` checks it."""
    newest = here.client("ecs").list_task_definitions(familyPrefix=running["family"], sort="DESC", maxResults=1)
    family, _, revision = newest["taskDefinitionArns"][0].rpartition(":")
    return f"{family}:{int(revision) + 1}"
