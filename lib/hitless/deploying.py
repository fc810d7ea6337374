"""Carry a planned release out while its users keep asking: shift, watch, keep it or take it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hitless import deployment, snapshot
from hitless.connect import Connection
from hitless.deployment import Deployment, read_deployment
from hitless.errors import HitlessError
from hitless.live import LiveTimeline
from hitless.lookout import Lookout
from hitless.outage import tolerating
from hitless.outcome import Outcome
from hitless.pictures import keep_pictures
from hitless.plan import Plan
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
DEPLOYMENT = "deployment"  # the plan's step that starts it
OVER = ("DeploymentAlreadyCompletedException", "DeploymentIsNotInReadyStateException")
"""What AWS says of a deployment that ended or went on between the look and the call, or by the call's first sending."""
BEGAN = "release began"  # a note for later attempts


class Release(Protocol):
    """What is to be deployed."""

    here: Connection
    stack: Stack
    label: str
    image: str
    plan: Plan


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


class Deploying:
    """One planned release being carried out."""

    def __init__(
        self, change: Release, run: RunFolder, gate: Gate, probe_rate_per_s: int, say: Callable[[str], object]
    ) -> None:
        self._change, self._run, self._gate, self._say = change, run, gate, say
        self._probe_rate_per_s = probe_rate_per_s
        self._here, self._stack = change.here, change.stack
        self._lookout = Lookout(self._here, self._stack)
        self._last = Deployment("", "Created", "")
        self._failed_before, self._began_s = 0, self._here.clock.now()
        self._gate_saw = ""  # why we stopped it

    async def run(self) -> Outcome:
        """Deploy under load, judge."""
        live = watch(
            self._here,
            self._stack,
            self._run,
            f"Release {self._change.label} of {self._stack.service_name}",
            probe_rate_per_s=self._probe_rate_per_s,
            limits={},
            weights=self._weights,
        )
        error = await under_load(self._here, live, self.deploy, self._see_before)
        return await asyncio.to_thread(self._judge, live, error)

    async def _see_before(self) -> None:
        await asyncio.to_thread(snapshot.keep, self._run, self._here, self._stack, "before")

    def _weights(self) -> dict[str, int]:
        self._lookout.look_at_targets()
        return read_weights(self._here, self._stack)

    async def deploy(self, live: LiveTimeline) -> None:
        """Take the plan's steps and watch to the end; an interrupt stops it."""
        self._failed_before, self._began_s = live.timeline.failures, self._beginning()
        if self._gate.failed_max >= 0:
            live.record.limit("failed_max", self._failed_before + self._gate.failed_max)
        answers = self._change.plan.run(self._here, dry_run=False, say=self._say, run=self._run)
        deployment_id = answers[DEPLOYMENT]["deploymentId"]
        with live.phase("blue/green", "good"):
            try:
                await self._watch(deployment_id, live)
            except asyncio.CancelledError:
                self._say("interrupted: asking CodeDeploy to stop and roll back; it goes on without us")
                with tolerating(*OVER):  # else a refusal would hide the interrupt
                    deployment.stop_deployment(self._here, deployment_id)
                raise
        if self._last.status != deployment.SUCCEEDED:
            await self._watch_rollback(live)
            change = self._change
            raise await asyncio.to_thread(
                ended_badly, self._here, self._stack, change.label, change.image, self._last, self._gate_saw
            )

    def _beginning(self) -> float:
        """When the first attempt began to change anything."""
        began_s = self._run.past.noted.get(BEGAN)
        if began_s is None:
            began_s = self._here.clock.now()
            self._run.note(BEGAN, began_s)
        return began_s

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
        if (too_many or denied) and not seen.ended and not self._gate_saw:
            with tolerating(*OVER):
                deployment.stop_deployment(self._here, seen.deployment_id)
            # only now: a call that was not answered is made again at the next look
            self._gate_saw = f"{failed} requests failed, {self._gate.failed_max} may" if too_many else "approval denied"
            live.event(f"gate: {failed} failed" if too_many else "denied", "gate")
        elif seen.status == deployment.READY and self._gate.approve == "auto":
            with tolerating(*OVER):
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
                samples_paths=self._run.all_samples,
                tasks_seen_healthy=self._lookout.tasks_seen_healthy,
                clock=self._here.clock,
            )
        )
        snapshot.keep(self._run, self._here, self._stack, "after")
        self._run.journal.append("verdict", claims=verdict.facts(), holds=verdict.holds, error=str(error or ""))
        self._run.write("verdict.txt", verdict.text())
        keep_pictures(self._run, live.timeline)
        return Outcome(error, live.timeline, verdict)
