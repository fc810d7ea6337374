"""Replace every host of a service while its users keep asking, and prove that they noticed nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial

from hitless import snapshot, terraform_step
from hitless.approval import require_approved
from hitless.capacity import lowest_in_service
from hitless.connect import Connection
from hitless.environment import Environment
from hitless.errors import HitlessError, NotReady
from hitless.floor import ideal_duration_s, true_floor
from hitless.host_verdict import Measured, judge
from hitless.hosts import Fleet, held_template, read_hosts
from hitless.interruptible import interruptible
from hitless.live import LiveTimeline
from hitless.lookout import Lookout
from hitless.outcome import Outcome
from hitless.past import Past
from hitless.pictures import keep_pictures
from hitless.plan import Plan
from hitless.refresh import RefreshSettings, refresh_step, roll_back_refresh, watch_refresh
from hitless.run_folder import RunFolder
from hitless.stack import Stack
from hitless.step import Deed, Step
from hitless.terraform_plan import Plan as TemplatePlan
from hitless.watched import under_load, watch

BOOT_S = 90.0  # EC2 start, boot and agent of one host; only to say how long the ideal schedule is
BEFORE = "hosts before"  # a note for later attempts
TEMPLATE, REFRESH = "template", "refresh"  # steps


@dataclass
class HostChange:
    """A planned host change: a launch template version by Terraform, then a refresh to it."""

    here: Connection
    stack: Stack
    environment: Environment
    settings: RefreshSettings
    version: str
    plan: Plan
    template: TemplatePlan | None = None  # None: the version is there already

    def __str__(self) -> str:
        return "\n".join(str(part) for part in (self.template, self.plan) if part is not None)

    async def run(
        self,
        run: RunFolder,
        *,
        dry_run: bool,
        probe_rate_per_s: int = 100,
        say: Callable[[str], object] = print,
    ) -> Outcome | None:
        """Apply the template, replace the hosts under load, judge.

        Args:
            run: Where the record goes.
            dry_run: Only say what would be called.
            probe_rate_per_s: Requests a second that users are played with.
            say: Receives each line.

        Returns:
            What it left behind, also when it failed; None for a dry run.

        Raises:
            NotReady: Nobody approved it.
            Refused: Terraform refused the plan; nothing was changed.
        """
        if dry_run:
            self.plan.run(self.here, dry_run=True, say=say)
            return None
        require_approved(run, self.plan)
        return await _Replacement(self, run, probe_rate_per_s, say).run()

    async def prepare(self, run: RunFolder, say: Callable[[str], object]) -> None:
        """Let Terraform write the launch template version, which nothing launches yet; an interrupt interrupts it."""
        template = self.plan.part(TEMPLATE)
        if template.steps:
            act = partial(template.run, self.here, dry_run=False, say=say, run=run)
            await interruptible(act, self.environment.terraform.interrupt)

    def start(self, run: RunFolder, say: Callable[[str], object]) -> str:
        """Start the refresh to what was prepared; its id."""
        answers = self.plan.part(REFRESH).run(self.here, dry_run=False, say=say, run=run)
        return answers[REFRESH]["InstanceRefreshId"]


def plan_host_change(
    here: Connection,
    stack: Stack,
    environment: Environment,
    settings: RefreshSettings,
    *,
    ami_id: str = "",
    instance_type: str = "",
    run: RunFolder | None = None,
) -> HostChange:
    """Plan new hosts: another AMI, another instance type, or whatever Terraform's configuration now says.

    Args:
        here: Whose account.
        stack: The service's parts.
        environment: Its Terraform.
        settings: How the refresh may go about it.
        ami_id: AMI to go to; "" takes what AWS recommends today.
        instance_type: Instance type to go to; "" keeps it.
        run: The run it is for; one that is resumed goes on with the plan it has shown.

    Raises:
        NotReady: Every host is so already, or more than the launch template would change.
    """
    changed = {"ami_id": ami_id or None} | ({"instance_type": instance_type} if instance_type else {})
    if run is not None and run.is_resumed:
        return _again(here, stack, environment, settings, run.past, changed)
    held = held_template(here, stack.group_name)
    template = environment.plan_template(held["Version"], **changed)
    writes = bool(template.changes)  # a plan of outputs alone, as after a refresh, writes no version
    newest = _newest_version(here, held["LaunchTemplateId"]) + (1 if writes else 0)
    if not writes and str(newest) == held["Version"]:
        raise NotReady(
            "The hosts are as they were asked to be: there is nothing to replace.",
            seen={"launch template": f"{held['LaunchTemplateId']} version {newest}"},
            do="name another AMI or instance type, or wait until AWS publishes an AMI",
        )
    step = refresh_step(stack.group_name, held["LaunchTemplateId"], str(newest), settings)
    steps = [step] if template.is_empty else [_template_step(environment, template), step]
    plan = _plan(stack, steps, held, str(newest))
    return HostChange(here, stack, environment, settings, str(newest), plan, template)


def plan_host_rollback(
    here: Connection,
    stack: Stack,
    environment: Environment,
    settings: RefreshSettings,
    *,
    to_version: str = "",
    run: RunFolder | None = None,
) -> HostChange:
    """Plan to go back to an earlier version of the launch template.

    Args:
        here: Whose account.
        stack: The service's parts.
        environment: Its Terraform; told afterwards which version the group is held at.
        settings: How the refresh may go about it.
        to_version: Launch template version; "" takes the one before the group's.
        run: The run it is for; one that is resumed goes on with the plan it has shown.

    Raises:
        NotReady: There is no such earlier version.
    """
    if run is not None and run.is_resumed:
        return _again(here, stack, environment, settings, run.past, {})
    held = held_template(here, stack.group_name)
    version = to_version or str(int(held["Version"]) - 1)
    if not version.isdigit() or not 1 <= int(version) <= _newest_version(here, held["LaunchTemplateId"]):
        raise NotReady(
            "There is no such version to go back to.",
            seen={"group": f"{stack.group_name} at version {held['Version']}", "wanted": version},
            do="name a version of the launch template",
        )
    step = refresh_step(stack.group_name, held["LaunchTemplateId"], version, settings)
    return HostChange(here, stack, environment, settings, version, _plan(stack, [step], held, version))


def _template_step(environment: Environment, template: TemplatePlan) -> Deed:
    undo = "none needed: a launch template version that no group names does nothing"
    return terraform_step.new(TEMPLATE, template, lambda: environment.apply(template), undo=undo)


def _plan(stack: Stack, steps: list[Step | Deed], held: Mapping, version: str) -> Plan:
    facts = {"template_id": held["LaunchTemplateId"], "before": held["Version"], "version": version}
    return Plan(f"Replace the hosts of {stack.group_name}", steps, facts)


def _again(
    here: Connection, stack: Stack, environment: Environment, settings: RefreshSettings, past: Past, changed: Mapping
) -> HostChange:
    """What an earlier attempt of this run has planned; of the launch template, what is left of it."""
    facts = past.plan["facts"]
    left = terraform_step.again(
        past.plan, environment.apply, lambda: environment.plan_template(facts["before"], **changed)
    )
    return HostChange(here, stack, environment, settings, str(facts["version"]), Plan.again(past.plan, left))


def _newest_version(here: Connection, template_id: str) -> int:
    answer = here.client("ec2").describe_launch_templates(LaunchTemplateIds=[template_id])
    return answer["LaunchTemplates"][0]["LatestVersionNumber"]


class _Replacement:
    """One run of a host change."""

    def __init__(self, change: HostChange, run: RunFolder, probe_rate_per_s: int, say: Callable[[str], object]) -> None:
        self._change, self._run, self._probe_rate_per_s, self._say = change, run, probe_rate_per_s, say
        self._here, self._stack, self._settings = change.here, change.stack, change.settings
        self._lookout = Lookout(self._here, self._stack, change.version)
        self._before, self._began_s = self._beginning()
        self._refresh: dict = {}
        self._error: HitlessError | None = None
        floor = true_floor(
            self._before.desired_capacity, self._settings.min_healthy_percent, self._settings.max_healthy_percent
        )
        self._ideal_s = ideal_duration_s(floor, BOOT_S + self._settings.warmup_s)

    def _beginning(self) -> tuple[Fleet, float]:
        """The hosts before the first attempt, and when that was."""
        noted = self._run.past.noted.get(BEFORE)
        if noted is not None:
            return Fleet.again(noted["fleet"]), noted["began_s"]
        began_s, before = self._here.clock.now(), read_hosts(self._here, self._stack)
        self._run.note(BEFORE, {"fleet": asdict(before), "began_s": began_s})
        return before, began_s

    async def run(self) -> Outcome:
        live = watch(
            self._here,
            self._stack,
            self._run,
            f"Replace every host of {self._stack.service_name}",
            probe_rate_per_s=self._probe_rate_per_s,
            limits={"floor_percent": self._settings.min_healthy_percent},
            capacity=self._lookout.capacity,
        )
        self._error = await under_load(self._here, live, self._replace, self._prepare)
        return await asyncio.to_thread(self._judge, live)

    async def _prepare(self) -> None:
        await asyncio.to_thread(snapshot.keep, self._run, self._here, self._stack, "before")
        await self._change.prepare(self._run, self._say)

    async def _replace(self, live: LiveTimeline) -> None:
        group_name = self._stack.group_name
        refresh_id = self._change.start(self._run, self._say)
        with live.phase("refresh", "info"):
            try:
                self._refresh = await watch_refresh(
                    self._here,
                    group_name,
                    lambda: self._lookout.refresh(refresh_id, live.event),
                    usually_s=self._ideal_s,
                    say=self._say,
                )
            except asyncio.CancelledError:
                self._say("interrupted: asking Auto Scaling to roll the refresh back; it goes on without us")
                roll_back_refresh(self._here, group_name)
                raise

    def _judge(self, live: LiveTimeline) -> Outcome:
        after = read_hosts(self._here, self._stack)
        if self._error is None:
            self._change.environment.remember(launch_template_version=int(self._change.version))
        serving = {host.instance_id for host in self._before.hosts if host.healthy}
        verdict = judge(
            Measured(
                settings=self._settings,
                before=self._before,
                after=after,
                refresh=self._refresh,
                summary=live.summary,
                lowest=lowest_in_service(self._here, self._stack.group_name, self._began_s, serving),
                lowest_percent_sampled=live.timeline.lowest_percent,
                tasks_seen_healthy=self._lookout.tasks_seen_healthy,
                new_version=self._change.version,
                ideal_s=self._ideal_s,
            )
        )
        snapshot.keep(self._run, self._here, self._stack, "after")
        self._run.journal.append("verdict", claims=verdict.facts(), holds=verdict.holds, error=str(self._error or ""))
        self._run.write("verdict.txt", verdict.text())
        keep_pictures(self._run, live.timeline)
        return Outcome(self._error, live.timeline, verdict)
