"""Release the app by blue/green while its users keep asking: shift, watch, keep it or take it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hitless import appspec, deployment, images, task_definition
from hitless.charts import render
from hitless.connect import Connection
from hitless.deployment import Deployment, DeploymentGroup, read_deployment
from hitless.errors import HitlessError, NotReady
from hitless.live import LiveTimeline
from hitless.lookout import Lookout
from hitless.outcome import Outcome
from hitless.plan import Plan, Step
from hitless.release_end import ended_badly
from hitless.release_verdict import Measured, judge
from hitless.run_folder import RunFolder
from hitless.stack import Stack
from hitless.traffic import read_weights
from hitless.wait import await_until
from hitless.watched import under_load, watch

TIMEOUT_S = 4 * 3600.0  # Install alone may take an hour, and so may a hook
ROLLBACK_TIMEOUT_S = 900.0
POLL_S = 10.0
VALIDATION_EVENT = "AfterAllowTestTraffic"  # the new tasks answer the test listener by then, and no user


@dataclass(frozen=True)
class Gate:
    """When the runbook itself stops a release, beside CodeDeploy's alarms.

    Args:
        failed_max: Failed requests since the deployment began that are one too many; negative never stops.
        approve: What happens when the deployment waits at Ready: "auto" goes on, "deny" stops, "wait" leaves it to
            whoever continues it (`aws deploy continue-deployment`, the console).
    """

    failed_max: int = 25
    approve: str = "auto"


DEFAULT_GATE = Gate()


@dataclass
class ReleaseChange:
    """A planned release: a task definition revision and the deployment of it."""

    here: Connection
    stack: Stack
    group: DeploymentGroup
    label: str  # what is released, for people: "version 2.0.0"
    image: str
    plan: Plan
    running_id: str = ""  # a deployment that runs already, to be watched instead of a new one

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
        return await _Release(self, run, gate, probe_rate_per_s, say).run()


def plan_release(
    here: Connection,
    stack: Stack,
    image: images.Image,
    version: str,
    repository_name: str,
    *,
    config_name: str = "",
    validate_with: str = "",
    reason: str = "",
) -> ReleaseChange:
    """Push an image and plan to deploy it.

    Pushing is the one thing done here: an image that nothing runs changes nothing, and the plan names it by digest.

    Args:
        here: Whose account.
        stack: The service's parts.
        image: From `images.build_release`.
        version: What it calls itself.
        repository_name: Its ECR repository.
        config_name: How traffic shifts; "" takes the deployment group's own.
        validate_with: Lambda function that tries the release through the test listener before users see it.
        reason: Kept as the deployment's description.

    Raises:
        NotReady: A deployment runs already.
    """
    group = deployment.read_group(here, stack.service_name, stack.service_name)
    running = _running_definition(here, stack)
    address = images.push(image, repository_name, ecr=here.client("ecr"))
    hooks = {VALIDATION_EVENT: validate_with} if validate_with else {}
    rendered = task_definition.render(running, address)
    arn = _next_arn(here, running)
    register = Step(
        name="revision",
        service="ecs",
        operation="register_task_definition",
        arguments=rendered.value,
        changes=f"revision {arn.rpartition(':')[2]} of {running['family']} names {image.digest}",
        undo="none needed: a revision that nothing runs does nothing",
        expects={"taskDefinition.taskDefinitionArn": arn},
    )
    return _planned(here, stack, group, [register], arn, f"version {version}", address, config_name, hooks, reason)


def plan_return(
    here: Connection, stack: Stack, *, to_revision: str = "", config_name: str = "", reason: str = ""
) -> ReleaseChange:
    """Plan to deploy an earlier revision again: after success that is what a rollback is.

    Args:
        here: Whose account.
        stack: The service's parts.
        to_revision: Revision number; "" takes the one before the running one.
        config_name: How traffic shifts; "" takes the deployment group's own.
        reason: Kept as the deployment's description.

    Raises:
        NotReady: There is no such revision, or a deployment runs already.
    """
    group = deployment.read_group(here, stack.service_name, stack.service_name)
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
        RolledBack: It was stopped, by whoever, and taken back.
        Failed: It ended badly and nothing was taken back.
    """
    await _Release(change, run, gate, 0, say).deploy(live)


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
    return ReleaseChange(here, stack, group, label, "", Plan(f"Watch {label}"), running_id)


def _planned(
    here: Connection,
    stack: Stack,
    group: DeploymentGroup,
    before: list[Step],
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
    plan = Plan(f"Deploy {arn.rpartition('/')[2]} to {stack.service_name}", [*before, create])
    return ReleaseChange(here, stack, group, label, image, plan)


def _service(here: Connection, stack: Stack) -> dict:
    """The service; of a CODE_DEPLOY one, what its primary task set runs."""
    found = here.client("ecs").describe_services(cluster=stack.cluster_name, services=[stack.service_name])["services"][
        0
    ]
    primary = next((one for one in found.get("taskSets") or [] if one["status"] == "PRIMARY"), {})
    merged = {**found, **{k: v for k, v in primary.items() if k in ("taskDefinition", "capacityProviderStrategy")}}
    return merged


def _running_definition(here: Connection, stack: Stack) -> dict:
    arn = _service(here, stack)["taskDefinition"]
    return here.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


def _next_arn(here: Connection, running: dict) -> str:
    """The ARN that the next revision will have; one change at a time makes that sure, and `run` checks it."""
    newest = here.client("ecs").list_task_definitions(familyPrefix=running["family"], sort="DESC", maxResults=1)
    family, _, revision = newest["taskDefinitionArns"][0].rpartition(":")
    return f"{family}:{int(revision) + 1}"


class _Release:
    """One run of a release."""

    def __init__(
        self, change: ReleaseChange, run: RunFolder, gate: Gate, probe_rate_per_s: int, say: Callable[[str], object]
    ) -> None:
        self._change, self._run, self._gate, self._say = change, run, gate, say
        self._probe_rate_per_s = probe_rate_per_s
        self._here, self._stack = change.here, change.stack
        self._lookout = Lookout(self._here, self._stack)
        self._last = Deployment("", "Created", "")
        self._failed_before, self._began_s = 0, self._here.clock.now()
        self._stopped_by_gate = False

    async def run(self) -> Outcome:
        live = watch(
            self._here,
            self._stack,
            self._run,
            f"Release {self._change.label} of {self._stack.service_name}",
            probe_rate_per_s=self._probe_rate_per_s,
            limits={},
            weights=self._weights,
        )
        error = await under_load(self._here, live, self.deploy)
        return await asyncio.to_thread(self._judge, live, error)

    def _weights(self) -> dict[str, int]:
        self._lookout.look_at_targets()
        return read_weights(self._here, self._stack)

    async def deploy(self, live: LiveTimeline) -> None:
        """Make the calls, watch to the end; an interrupt stops it."""
        self._failed_before, self._began_s = live.timeline.failures, self._here.clock.now()
        if self._gate.failed_max >= 0:
            live.record.limit("failed_max", self._failed_before + self._gate.failed_max)
        answers = self._change.plan.run(self._here, dry_run=False, say=self._say, journal=self._run.journal)
        deployment_id = self._change.running_id or answers["deployment"]["deploymentId"]
        with live.phase("blue/green", "good"):
            try:
                await self._watch(deployment_id, live)
            except asyncio.CancelledError:
                self._say("interrupted: asking CodeDeploy to stop and roll back; it goes on without us")
                deployment.stop_deployment(self._here, deployment_id)
                raise
        if self._last.status != deployment.SUCCEEDED:
            await self._watch_rollback(live)
            change = self._change
            raise await asyncio.to_thread(
                ended_badly, self._here, self._stack, change.label, change.image, self._last, self._stopped_by_gate
            )

    async def _watch(self, deployment_id: str, live: LiveTimeline) -> None:
        await await_until(
            lambda: self._look(deployment_id, live),
            lambda seen: seen.ended,
            what=f"{self._change.label} to be released",
            clock=self._here.clock,
            timeout_s=TIMEOUT_S,
            every_s=POLL_S,
            usually_s=1200,
            show=lambda seen: seen.words,
            say=self._say,
        )

    def _look(self, deployment_id: str, live: LiveTimeline) -> Deployment:
        seen = read_deployment(self._here, deployment_id)
        if seen.event[0] != self._last.event[0] and seen.event[0] in ("AllowTestTraffic", "AllowTraffic"):
            live.event(seen.event[0])
        if seen.error_code and not self._last.error_code:
            live.event(f"{seen.error_code} → stop", "alarm")
        self._last = seen
        self._mind_the_gate(seen, live)
        return seen

    def _mind_the_gate(self, seen: Deployment, live: LiveTimeline) -> None:
        failed = live.timeline.failures - self._failed_before
        too_many = 0 <= self._gate.failed_max < failed
        denied = seen.status == deployment.READY and self._gate.approve == "deny"
        if (too_many or denied) and not seen.ended and not self._stopped_by_gate:
            self._stopped_by_gate = True
            live.event(f"gate: {failed} failed" if too_many else "denied", "gate")
            deployment.stop_deployment(self._here, seen.deployment_id)
        elif seen.status == deployment.READY and self._gate.approve == "auto":
            deployment.continue_deployment(self._here, seen.deployment_id)

    async def _watch_rollback(self, live: LiveTimeline) -> None:
        rollback_id = self._last.rollback_id
        if not rollback_id:
            return
        with live.phase("rollback", "alarm"):
            await await_until(
                lambda: read_deployment(self._here, rollback_id),
                lambda seen: seen.ended,
                what=f"deployment {rollback_id} to put the traffic back",
                clock=self._here.clock,
                timeout_s=ROLLBACK_TIMEOUT_S,
                every_s=POLL_S,
                show=lambda seen: seen.words,
                say=self._say,
            )

    def _judge(self, live: LiveTimeline, error: HitlessError | None) -> Outcome:
        verdict = judge(
            Measured(
                began_s=self._began_s,
                deployment=self._last,
                timeline=live.timeline,
                summary=live.summary,
                samples_path=self._run.path / "samples.jsonl",
                tasks_seen_healthy=self._lookout.tasks_seen_healthy,
                clock=self._here.clock,
            )
        )
        self._run.journal.append("verdict", claims=verdict.facts(), holds=verdict.holds, error=str(error or ""))
        self._run.write("verdict.txt", verdict.text())
        self._run.write("timeline.png", render(live.timeline))
        return Outcome(error, live.timeline, verdict)
