"""The control room: one watched service, and everything this package can do to it, by button or by script.

All commands are words: `refresh`, `release good`, `release bad`, `approve`, `continue`, `abort`, `fault host dies`,
`rate 200`, `leave`. A button says the same word a script does. What cannot be done now is refused, and nothing else
happens; what was done is journaled as an event before it is done.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable, Coroutine

from botocore.exceptions import ClientError

from hitless import deeds, deployment, faults, tour
from hitless.awaited import Wait, awaiting
from hitless.capacity import Capacity
from hitless.connect import Connection
from hitless.control_panel import open_panel
from hitless.deeds import Bench, Deed
from hitless.deployment import Deployment, read_deployment, read_group
from hitless.errors import HitlessError, NotReady
from hitless.hosts import read_hosts
from hitless.live import LiveTimeline
from hitless.probe import Probe
from hitless.quiet import is_quiet
from hitless.ready_wait import read_blue_green, waiting_at_ready
from hitless.room_verdict import judge
from hitless.run_folder import RunFolder
from hitless.stack import Stack
from hitless.traffic import endpoint_url, read_weights
from hitless.verdict import Verdict
from hitless.watched import LOOK_S, PATH

OPEN_S_MAX = 12 * 3600.0  # then it closes by itself
FLOOR_PERCENT, P99_MS_MAX = 90, 500


class ControlRoom:
    """Watches one service and does what it is told.

    Args:
        here: Whose account.
        stack: The service's parts.
        run: Where the record goes.
        probe_rate_per_s: Requests a second at first.
        interactive: As `hitless.screen.open_screen`; with widgets people give the commands, else a tour does.
    """

    def __init__(
        self, here: Connection, stack: Stack, run: RunFolder, *, probe_rate_per_s: int = 100, interactive: str = "auto"
    ) -> None:
        self.here, self.stack, self.run_folder = here, stack, run
        self.url = endpoint_url(here, stack)
        self.deeds: list[Deed] = []
        self.faults: list[Deed] = []
        self.is_whole = False  # until somebody has looked
        self._doomed: set[str] = set()
        self.verdict = Verdict()
        self.said = ""
        self.holds_at_ready = True
        self.deployment: Deployment | None = None
        self.group = read_group(here, stack.service_name, stack.service_name)
        self._old_hosts = {host.instance_id for host in read_hosts(here, stack).hosts}
        self._task: asyncio.Task[None] | None = None
        self._is_aborting = self._has_left = False
        self._told: asyncio.Queue[str] = asyncio.Queue()
        self._releases = 0
        self._panel = open_panel(self, interactive, probe_rate_per_s)
        self.live = LiveTimeline(
            f"Explore {stack.service_name}",
            journal=run.journal,
            clock=here.clock,
            place=here.place,
            limits={"floor_percent": FLOOR_PERCENT, "p99_ms": P99_MS_MAX},
            probe=Probe(self.url + PATH, probe_rate_per_s, samples_path=run.path / "samples.jsonl", window_s=0.5),
            capacity=self._look_at_hosts,
            weights=self._look_at_traffic,
            every_s=LOOK_S,
            screen=self._panel,
        )

    async def run(self, script: str = tour.FULL, say: Callable[[str], object] = print) -> None:
        """Open the room: people command it by its buttons until they leave; without widgets the script does.

        Args:
            script: See `hitless.tour`.
            say: Receives each line.

        Raises:
            Failed: A step of the script did not end as it says, or what happens was not watched to the end.
        """
        self._say, self._loop = say, asyncio.get_running_loop()
        before = await asyncio.to_thread(read_blue_green, self.here, self.group)
        with waiting_at_ready(self.here, self.group, self.run_folder):
            async with self.live:
                try:
                    await (self._serve() if self._panel.is_interactive else tour.play(self, script))
                finally:
                    await self._end()
        after = await asyncio.to_thread(read_blue_green, self.here, self.group)
        self.verdict = judge(self, self.live.timeline, self.live.summary, before == after)
        claims = {"claims": self.verdict.facts(), "holds": self.verdict.holds}
        self.run_folder.journal.append("verdict", **claims, error="")
        self.run_folder.write("verdict.txt", self.verdict.text())

    @property
    def deed(self) -> Deed | None:
        """What is being done now."""
        return self.deeds[-1] if self._task is not None and not self._task.done() else None

    @property
    def story(self) -> str:
        """What was done here and what became of it, a line each."""
        done = sorted([*self.deeds, *self.faults], key=lambda deed: deed.began)
        return "\n".join(f"{deed.name}: {deed.end}" if deed in self.deeds else deed.name for deed in done)

    def may(self, command: str) -> bool:
        """Whether that can be done now."""
        word, seen = command.partition(" ")[0], self.deployment
        if word in ("refresh", "release"):
            return self.deed is None
        if word == "abort":
            is_begun = self.deed is not None and (self.deed.underway or seen is not None)
            return is_begun and not self._is_aborting
        if word in ("approve", "continue"):
            wanted = seen is not None and (seen.status == deployment.READY if word == "approve" else seen.terminating)
            return self.deed is not None and wanted and not self._is_aborting
        return word != "fault" or self.here.environment == "lab"

    def tell(self, command: str) -> None:
        """Give a command from any thread; `said` tells what became of it."""
        self._loop.call_soon_threadsafe(self._told.put_nowait, command)

    async def do(self, command: str) -> None:
        """Do as commanded, or begin to.

        Raises:
            Refused: It cannot be done now, or there is no such command.
        """
        word, _, rest = command.partition(" ")
        act = getattr(self, f"_do_{word}", None)
        if act is None:
            raise NotReady("There is no such command.", seen={"command": command}, do="see hitless.control_room")
        if not self.may(command):
            doing = self.deed.name if self.deed is not None else "nothing"
            raise NotReady("That cannot be done now.", seen={"command": command, "going on": doing}, do="wait for it")
        try:
            await act(rest)
        except ClientError as no:  # what ends by itself just then can be neither approved nor turned round
            raise NotReady(
                "AWS refused.", seen={"command": command, "why": no}, do="look what has become of it"
            ) from no
        self.said = command

    async def _serve(self) -> None:
        wait = Wait("a button to be pressed", self.here.clock.now(), None, OPEN_S_MAX)
        closes = self.here.clock.now() + OPEN_S_MAX
        with awaiting(wait):
            while not self._has_left and self.here.clock.now() < closes:
                await self._obey()

    async def _obey(self) -> None:
        """Take one command; wake now and then, so that the room can close."""
        try:
            async with asyncio.timeout(1.0):
                command = await self._told.get()
        except TimeoutError:
            return
        try:
            await self.do(command)
        except HitlessError as no:
            self.said = no.what

    async def _end(self) -> None:
        """Whatever is still being done takes its own way back; wait until it has."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.result()  # a bug is raised, not lost

    def _begin(self, deed: Deed, work: Callable[[Bench], Coroutine[None, None, None]]) -> None:
        self._is_aborting, self.deployment = False, None
        self.deeds.append(deed)
        bench = Bench(self.here, self.stack, self.run_folder, self.live, deed, self._say)
        self._task = asyncio.ensure_future(self._carry_out(deed, work(bench)))

    async def _carry_out(self, deed: Deed, work: Coroutine[None, None, None]) -> None:
        error: BaseException | None = None
        try:
            await work
        except HitlessError as stopped:
            error = stopped
        except BaseException as stopped:
            error = stopped
            raise
        finally:
            deed.close(self.here.clock.now(), error)
            self.live.event(f"{deed.name}: {deed.end}", "good" if error is None else "alarm")

    async def _do_refresh(self, _rest: str) -> None:
        fleet = await asyncio.to_thread(read_hosts, self.here, self.stack)
        self._old_hosts = {host.instance_id for host in fleet.hosts}
        self._begin(Deed("replace every host", self.here.clock.now()), deeds.replace_hosts)

    async def _do_release(self, kind: str) -> None:
        version, is_bad = await asyncio.to_thread(self._next_version), kind == "bad"
        deed = Deed(f"release {version}", self.here.clock.now(), harms=is_bad)
        self._begin(deed, lambda bench: deeds.release(bench, version, bad=is_bad))

    async def _do_approve(self, _rest: str) -> None:
        self.live.event("approved", "gate")
        await asyncio.to_thread(deployment.continue_deployment, self.here, self.deployment.deployment_id)

    async def _do_continue(self, _rest: str) -> None:
        self.live.event("old tasks may end", "gate")
        wait = deployment.TERMINATION_WAIT
        await asyncio.to_thread(deployment.continue_deployment, self.here, self.deployment.deployment_id, wait)

    async def _do_abort(self, _rest: str) -> None:
        self._is_aborting = True
        self.live.event("abort", "alarm")
        running_id = self.deployment.deployment_id if self.deployment is not None else ""
        await asyncio.to_thread(deeds.abort, self.here, self.stack, running_id)

    async def _do_hold(self, rest: str) -> None:
        self.holds_at_ready = rest != "off"

    async def _do_rate(self, rest: str) -> None:
        await self.live.set_rate(float(rest))
        self.live.event(f"{float(rest):g}/s")

    async def _do_fault(self, name: str) -> None:
        wanted = await asyncio.to_thread(faults.plan, self.here, self.stack, name)
        if doomed := wanted.get("instance_id"):
            self._doomed.add(str(doomed))
            self.is_whole = False
        now = self.here.clock.now()
        self.faults.append(Deed(f"let it happen: {name}", now, harms=True, ended=now, end=deeds.DONE))
        self.live.event(name, "alarm")
        await asyncio.to_thread(faults.inject, wanted)

    async def _do_leave(self, _rest: str) -> None:
        self._has_left = True

    def _next_version(self) -> str:
        """A number above the running version's and all given out here."""
        with urllib.request.urlopen(self.url + PATH, timeout=10) as answer:
            major = str(json.load(answer)["version"]).partition(".")[0]
        self._releases = max(self._releases, int(major) if major.isdigit() else 0) + 1
        return f"{self._releases}.0.0"

    def _look_at_hosts(self) -> Capacity:
        fleet = read_hosts(self.here, self.stack)
        old = sum(host.healthy and host.instance_id in self._old_hosts for host in fleet.hosts)
        is_full = fleet.healthy >= fleet.desired_capacity
        is_gone = not self._doomed & {host.instance_id for host in fleet.hosts}
        self.is_whole = is_full and is_gone and self._is_quiet()
        return Capacity(fleet.desired_capacity, fleet.healthy, old, fleet.healthy - old)

    def _is_quiet(self) -> bool:
        names = list(self.group.alarm_names)
        answer = self.here.client("cloudwatch").describe_alarms(AlarmNames=names) if names else {"MetricAlarms": []}
        return is_quiet(answer["MetricAlarms"], self.live.timeline.failed_at, self.here.clock.now())

    def _look_at_traffic(self) -> dict[str, int]:
        running = deployment.find_running(self.here, self.group)
        self.deployment = read_deployment(self.here, running) if running else None
        if not self.holds_at_ready and self.may("approve"):
            deployment.continue_deployment(self.here, running)
        return read_weights(self.here, self.stack)
