"""What replacing every host promises, against what was measured."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hitless.clock import duration_text
from hitless.hosts import Fleet
from hitless.refresh import RefreshSettings
from hitless.samples import ProbeSummary
from hitless.verdict import Verdict

P99_MS_MAX = 500.0
SLOWER_THAN_IDEAL_MAX = 2.0


@dataclass(frozen=True)
class Measured:
    """Everything the verdict is made of."""

    settings: RefreshSettings
    before: Fleet
    after: Fleet
    refresh: dict
    summary: ProbeSummary | None
    lowest: int
    lowest_percent_sampled: float | None
    tasks_seen_healthy: set[str]
    new_version: str
    ideal_s: float


def judge(measured: Measured) -> Verdict:
    """Every claim of a host change; one that could not be measured does not hold."""
    verdict = Verdict()
    verdict.probe(measured.summary, p99_ms_max=P99_MS_MAX)
    if measured.summary is not None:
        answered = measured.summary.by_task
        verdict.within("answers came from registered healthy tasks", answered, measured.tasks_seen_healthy)
    _capacity(verdict, measured)
    _hosts(verdict, measured)
    _duration(verdict, measured)
    return verdict


def _capacity(verdict: Verdict, measured: Measured) -> None:
    floor, desired = measured.settings.min_healthy_percent, measured.before.desired_capacity
    percent = 100 * measured.lowest / desired
    verdict.at_least("lowest capacity, from the group's activities", percent, floor, "%")
    verdict.at_least("lowest capacity, as sampled", measured.lowest_percent_sampled, floor, "%")


def _hosts(verdict: Verdict, measured: Measured) -> None:
    before = {host.instance_id for host in measured.before.hosts}
    left = [host.instance_id for host in measured.after.hosts if host.instance_id in before]
    verdict.claim("old hosts left", measured=", ".join(left) or "none", limit=f"none of {len(before)}", holds=not left)
    new = sum(host.healthy and host.launch_template_version == measured.new_version for host in measured.after.hosts)
    verdict.equal("healthy hosts of the new version", new, measured.after.desired_capacity)
    verdict.claim(
        "hosts by AMI and type",
        measured=f"{_kinds(measured.before)} → {_kinds(measured.after)}",
        limit="changed",
        holds=_kinds(measured.before) != _kinds(measured.after),
    )


def _duration(verdict: Verdict, measured: Measured) -> None:
    refresh = measured.refresh
    if not refresh.get("EndTime"):
        verdict.claim("refresh duration", measured="not ended", limit=duration_text(measured.ideal_s), holds=False)
        return
    took_s = (refresh["EndTime"] - refresh["StartTime"]).total_seconds()
    verdict.claim(
        "refresh duration",
        measured=f"{duration_text(took_s)}, {took_s / measured.ideal_s:.1f} × the ideal schedule",
        limit=f"≤ {SLOWER_THAN_IDEAL_MAX:g} × {duration_text(measured.ideal_s)}",
        holds=took_s <= SLOWER_THAN_IDEAL_MAX * measured.ideal_s,
    )


def _kinds(fleet: Fleet) -> str:
    kinds = Counter(f"{host.image_id} {host.instance_type}" for host in fleet.hosts if host.healthy)
    return ", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items()))
