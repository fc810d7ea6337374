"""Turn a running instance refresh round, under load: the hosts that were new go, those that were left stay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from hitless.approval import require_approved
from hitless.capacity import lowest_in_service
from hitless.errors import HitlessError, NotReady, RolledBack
from hitless.host_change import HostChange
from hitless.host_verdict import P99_MS_MAX
from hitless.hosts import Fleet, read_hosts
from hitless.live import LiveTimeline
from hitless.lookout import Lookout
from hitless.outcome import Outcome
from hitless.pictures import keep_pictures
from hitless.refresh import ENDED, POLL_S, roll_back_refresh, watch_refresh
from hitless.run_folder import RunFolder
from hitless.verdict import SENT_MIN_TAKEN_BACK, Verdict
from hitless.watched import under_load, watch


async def turn_round(
    change: HostChange,
    run: RunFolder,
    *,
    at_percent: int = 25,
    probe_rate_per_s: int = 100,
    say: Callable[[str], object] = print,
) -> Outcome:
    """Start replacing hosts, and roll back once this much is done.

    Args:
        change: A planned host change; its launch template version is written, and given up again.
        run: Where the record goes.
        at_percent: Share of the hosts that are replaced before it is turned round.
        probe_rate_per_s: Requests a second that users are played with.
        say: Receives each line.

    Raises:
        NotReady: Nobody approved it.

    Returns:
        What it left behind; its error is `RolledBack` when all went as it should.
    """
    require_approved(run, change.plan)
    return await _Turn(change, run, at_percent, probe_rate_per_s, say).run()


async def watch_turn(
    change: HostChange, run: RunFolder, probe_rate_per_s: int, say: Callable[[str], object]
) -> Outcome:
    """Take a plan whose step turns a running refresh round, and watch it under load; approved already.

    Returns:
        As `turn_round`.
    """
    return await _Turn(change, run, None, probe_rate_per_s, say).run()


class _Turn:
    """One refresh that is turned round: once so much is done, or, without a share, by the plan itself."""

    def __init__(
        self, change: HostChange, run: RunFolder, at_percent: int | None, per_second: int, say: Callable[[str], object]
    ) -> None:
        self._change, self._run, self._at_percent, self._per_second, self._say = (
            change,
            run,
            at_percent,
            per_second,
            say,
        )
        self._here, self._stack = change.here, change.stack
        self._began_s = self._here.clock.now()  # first, or a host that enters service between the two is missed
        self._before = read_hosts(self._here, self._stack)
        self._lookout = Lookout(self._here, self._stack, change.version)
        self._turned_at: int | None = None

    async def run(self) -> Outcome:
        live = watch(
            self._here,
            self._stack,
            self._run,
            self._title,
            probe_rate_per_s=self._per_second,
            limits={"floor_percent": self._change.settings.min_healthy_percent},
            capacity=self._lookout.capacity,
        )
        prepare = partial(self._change.prepare, self._run, self._say)
        error = await under_load(self._here, live, self._replace_and_turn, prepare)
        return await asyncio.to_thread(self._judge, live, error)

    @property
    def _title(self) -> str:
        if self._at_percent is None:
            return f"Turn the refresh of {self._stack.service_name}'s hosts round"
        return f"Start to replace the hosts of {self._stack.service_name}, and turn round"

    async def _replace_and_turn(self, live: LiveTimeline) -> None:
        group = self._stack.group_name
        refresh_id = self._change.start(self._run, self._say)

        def look() -> dict:
            seen = self._lookout.refresh(refresh_id, live.event)
            if self._turned_at is None and seen["Status"] not in ENDED:
                self._turn_when_due(live, seen.get("PercentageComplete", 0))
            return seen

        with live.phase("refresh, turned round", "alarm"):
            await watch_refresh(self._here, group, look, usually_s=20 * POLL_S, say=self._say)
        raise NotReady("The refresh ended before it was turned round.", do="turn it round at a smaller share")

    def _turn_when_due(self, live: LiveTimeline, percent: int) -> None:
        if self._at_percent is not None and percent >= self._at_percent:
            self._say(f"turning round at {percent} %")
            roll_back_refresh(self._here, self._stack.group_name)
            self._turned_at = percent  # only now: a call that was not answered is made again at the next look
            live.event(f"turn round at {percent} %", "gate")

    def _judge(self, live: LiveTimeline, error: HitlessError | None) -> Outcome:
        after, verdict = read_hosts(self._here, self._stack), Verdict()
        verdict.probe(live.summary, sent_min=SENT_MIN_TAKEN_BACK, p99_ms_max=P99_MS_MAX)
        if isinstance(error, RolledBack):
            self._change.environment.remember(launch_template_version=int(self._before.launch_template_version))
        self._hosts(verdict, after)
        self._run.journal.append("verdict", claims=verdict.facts(), holds=verdict.holds, error=str(error or ""))
        self._run.write("verdict.txt", verdict.text())
        keep_pictures(self._run, live.timeline)
        return Outcome(error, live.timeline, verdict)

    def _hosts(self, verdict: Verdict, after: Fleet) -> None:
        serving = {host.instance_id for host in self._before.hosts if host.healthy}
        fewest = lowest_in_service(self._here, self._stack.group_name, self._began_s, serving)
        floor = self._change.settings.min_healthy_percent
        verdict.at_least("lowest capacity", 100 * fewest / self._before.desired_capacity, floor, "%")
        if self._at_percent is not None:
            verdict.at_least("turned round at", self._turned_at, self._at_percent, "%")
        old = self._before.launch_template_version
        served = sum(host.healthy and host.launch_template_version == old for host in after.hosts)
        verdict.equal("healthy hosts of the version before", served, after.desired_capacity)
        verdict.equal("version the group is held at", after.launch_template_version, old)
