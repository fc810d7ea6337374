"""A host change that goes wrong, rehearsed and recorded as a run: what an auditor finds when something failed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from hitless.capacity import count, lowest_in_service
from hitless.ending import Ending
from hitless.evidence import Evidence
from hitless.hosts import read_group, read_hosts
from hitless.miniature import BROKEN_AMI_ID, NAME, Miniature, Settings, new_template_version
from hitless.pack import seal
from hitless.pictures import keep_pictures
from hitless.refresh import ENDED, RefreshSettings, describe, plan_refresh, read_refresh
from hitless.rehearsal import Rehearsal, Seen
from hitless.run_folder import RunFolder, open_run
from hitless.signing import PUBLIC_SUFFIX
from hitless.timeline import Recorder
from hitless.verdict import Verdict

USERS_PER_S = 20.0
MINUTE_S = 60.0
STEADY_MINUTES = 3
ESSAY = "08-read-an-audit-pack"


def fail(rehearsal: Rehearsal, run_dir: Path | str = "") -> Path:
    """Replace the hosts by an AMI whose agent never connects, until Auto Scaling gives up and turns round.

    Args:
        rehearsal: A running one; it starts over.
        run_dir: Where the record goes; a folder that is gone with the rehearsal by default.

    Returns:
        The run's folder: request, plan, journal, pictures, verdict.
    """
    rehearsal.start_over()
    service = Miniature(rehearsal.here, Settings())
    rehearsal.send_users(service.stack.production_listener_arn, USERS_PER_S)
    folder = Path(run_dir) if run_dir else rehearsal.folder / "rolled-back"
    run = open_run(rehearsal.here, ESSAY, str(folder), "an AMI that nobody tried")
    try:
        _Failure(rehearsal, service, run).record()
    finally:
        run.close()
    return folder


def sealed_failure(rehearsal: Rehearsal, pack: str = "", public_key: str = "") -> tuple[Path, Path]:
    """A pack to read, and the key it must be signed with: somebody's, or a failure that is recorded and sealed now.

    Args:
        rehearsal: A running one; the key it seals with is gone with it.
        pack: A sealed run folder; "" makes one.
        public_key: The key of `pack`.
    """
    if pack:
        return Path(pack), Path(public_key)
    folder, key = fail(rehearsal), rehearsal.folder / "signing-key.pem"
    seal(folder, key)
    return folder, key.with_name(key.name + PUBLIC_SUFFIX)


def contents(pack: Path) -> pd.DataFrame:
    """What is in a pack and what is not, by name."""
    evidence = Evidence.read(pack)
    there = {path.name: "there" for path in pack.iterdir()}
    names = there | evidence.missing
    return pd.DataFrame.from_dict(dict(sorted(names.items())), orient="index", columns=["in the pack"])


class _Failure:
    """One refresh that is rolled back, written down minute by minute."""

    def __init__(self, rehearsal: Rehearsal, service: Miniature, run: RunFolder) -> None:
        self._rehearsal, self._here, self._stack, self._run = rehearsal, rehearsal.here, service.stack, run
        self._recorder = Recorder(run.journal)
        self._seen = Seen(0, 0)
        self._version = ""

    def record(self) -> None:
        self._recorder.run("Replace the hosts by an untried AMI", self._here.place)
        self._recorder.limit("floor_percent", RefreshSettings().min_healthy_percent)
        self._seen = self._rehearsal.seen(self._stack.production_listener_arn)
        before, began = read_hosts(self._here, self._stack), self._here.clock.now()
        template_id = read_group(self._here, NAME)["LaunchTemplate"]["LaunchTemplateId"]
        self._version = new_template_version(self._here, template_id, BROKEN_AMI_ID)
        self._minutes(STEADY_MINUTES)
        status = self._replace(template_id)
        self._minutes(STEADY_MINUTES)
        fewest = lowest_in_service(self._here, NAME, began, set(before.instance_ids))
        self._judge(status, 100 * fewest / before.desired_capacity)

    def _replace(self, template_id: str) -> str:
        plan = plan_refresh(NAME, template_id, self._version, RefreshSettings())
        self._run.keep_plan(plan)
        plan.run(self._here, dry_run=False, say=str, run=self._run)
        self._recorder.phase("refresh", "start", "info")
        last = ""
        while (refresh := read_refresh(self._here, NAME))["Status"] not in ENDED:
            if refresh["Status"] != last:
                last = refresh["Status"]
                self._recorder.event(last, "alarm" if "Rollback" in last else "info")
            self._minutes(1)
        self._recorder.event(refresh["Status"], "gate")
        self._recorder.phase("refresh", "end")
        self._run.note("refresh", describe(refresh))
        return refresh["Status"]

    def _minutes(self, count_: int) -> None:
        for _ in range(count_):
            self._here.clock.sleep(MINUTE_S)
            self._look()

    def _look(self) -> None:
        seen = self._rehearsal.seen(self._stack.production_listener_arn)
        more, self._seen = seen.since(self._seen), seen
        by_status = more.by_status
        failed = {str(status): n for status, n in by_status.items() if status >= 500}
        answered = sum(by_status.values())
        nothing = dict.fromkeys(("p50_ms", "p95_ms", "p99_ms", "max_ms"))
        facts = {
            "sent": answered,
            "ok": answered - sum(failed.values()),
            "failed": failed,
            "version": {},
            "lag_ms": 0.0,
        }
        at = self._here.clock.now() - MINUTE_S
        self._recorder.counted(at, MINUTE_S, {**facts, **nothing})
        self._recorder.capacity(**asdict(count(read_hosts(self._here, self._stack), self._version)))

    def _judge(self, status: str, lowest_percent: float) -> None:
        timeline, verdict = self._recorder.timeline, Verdict()
        verdict.equal("refresh", status, "Successful")
        verdict.equal("requests failed", timeline.failures, 0)
        verdict.at_least("requests sent", timeline.sent, 10_000)
        verdict.at_least("lowest capacity", lowest_percent, RefreshSettings().min_healthy_percent, "%")
        self._run.journal.append("verdict", claims=verdict.facts(), holds=verdict.holds, error=status)
        self._run.write("verdict.txt", verdict.text())
        keep_pictures(self._run, timeline)
        ending = Ending("rolled back", 4, "RolledBack", "The refresh was rolled back; the old hosts serve.")
        self._run.journal.append("outcome", **asdict(ending))
