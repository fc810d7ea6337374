"""What a release promises, against what was measured; a release that was taken back promises something else."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hitless import shares
from hitless.clock import Clock
from hitless.deployment import SUCCEEDED, Deployment
from hitless.samples import ProbeSummary, Sample, read_samples
from hitless.timeline import Timeline
from hitless.verdict import SENT_MIN_TAKEN_BACK, Verdict

P99_MS_MAX = 500.0


@dataclass(frozen=True)
class Measured:
    """Everything the verdict is made of."""

    began_s: float  # AWS time of the deployment's start
    deployment: Deployment
    timeline: Timeline
    summary: ProbeSummary | None
    samples_paths: Sequence[Path]  # of every attempt, in order
    tasks_seen_healthy: set[str]
    clock: Clock


def judge(measured: Measured) -> Verdict:
    """Every claim of a release that was kept, or of one that was taken back."""
    verdict = Verdict()
    if measured.summary is None:
        return verdict.probe(None, p99_ms_max=P99_MS_MAX)
    samples = [sample for path in measured.samples_paths for sample in read_samples(path)[0]]
    old, new = _versions(samples, measured)
    if measured.deployment.status == SUCCEEDED:
        _kept(verdict, measured, samples, new)
    else:
        _taken_back(verdict, measured, samples, old, new)
    verdict.within("answers came from registered healthy tasks", measured.summary.by_task, measured.tasks_seen_healthy)
    return verdict


def _kept(verdict: Verdict, measured: Measured, samples: list[Sample], new: str) -> None:
    verdict.probe(measured.summary, p99_ms_max=P99_MS_MAX)
    verdict.equal("deployment", measured.deployment.status, SUCCEEDED)
    for step in shares.judge(_stretches(measured), samples, new, measured.clock.from_real):
        verdict.claim(
            f"share of {new} at {step.percent:g} %",
            measured=f"{step.share_percent:.1f} % of {step.answered}",
            limit=f"± {step.error_percent:.1f} points",
            holds=step.holds and step.answered > 0,
        )
    verdict.equal("only these answer at the end", _last_versions(samples), new)


def _taken_back(verdict: Verdict, measured: Measured, samples: list[Sample], old: str, new: str) -> None:
    last, summary = measured.deployment, measured.summary
    verdict.at_least("requests sent", summary.sent, SENT_MIN_TAKEN_BACK)
    verdict.claim(
        "deployment",
        measured=f"{last.status} {last.error_code}".strip(),
        limit="not Succeeded, and rolled back",
        holds=last.ended and bool(last.rollback_id),
    )
    sent, failed, most = _exposure(measured, samples)
    verdict.claim(
        "requests failed while it had traffic",
        measured=f"{failed} of {sent}",
        limit=f"≤ {most} (its weight, and chance)",
        holds=failed <= most,
    )
    outside = summary.failed - failed
    verdict.claim("requests failed at any other time", measured=str(outside), limit="0", holds=outside == 0)
    verdict.equal("only these answer at the end", _last_versions(samples), old)


def _exposure(measured: Measured, samples: list[Sample]) -> tuple[int, int, int]:
    """Requests sent and failed while the new release had traffic, and how many its weight lets fail."""
    looks = measured.timeline.weights  # the first is of the quiet minutes before: later ones may be late
    first = looks[0].percent if looks else {}
    moved = [n for n, w in enumerate(looks) if w.percent != first]
    if not moved:
        return 0, 0, 0
    start, end = looks[moved[0] - 1].asked_at, looks[min(moved[-1] + 1, len(looks) - 1)].at
    share = max(max(abs(w.percent[g] - first.get(g, 0)) for g in w.percent) for w in looks) / 100
    from_real = measured.clock.from_real
    inside = [s for s in samples if start <= from_real(s.intended + s.latency_s) and from_real(s.intended) <= end]
    allowed = share * len(inside) + shares.SIGMAS * math.sqrt(share * (1 - share) * len(inside))
    return len(inside), sum(bool(s.failure) for s in inside), math.ceil(allowed)


def _versions(samples: list[Sample], measured: Measured) -> tuple[str, str]:
    """What answered before the deployment, and what came with it."""
    before = Counter(s.origin[0] for s in samples if measured.clock.from_real(s.intended) < measured.began_s)
    old = before.most_common(1)[0][0] if before else ""
    new = [version for version in Counter(s.origin[0] for s in samples) if version not in ("", old)]
    return old, ", ".join(new)


def _last_versions(samples: list[Sample]) -> str:
    end = max(s.intended for s in samples)
    return ", ".join(sorted({s.origin[0] for s in samples if s.intended >= end - 1.0 and s.origin[0]}))


def _stretches(measured: Measured) -> list[tuple[float, float, float]]:
    looks = measured.timeline.weights
    last = looks[-1].percent if looks else {}
    replacement = max(last, key=lambda group: last[group], default="")
    return shares.steps(looks, replacement)
