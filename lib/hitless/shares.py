"""Did each release answer the share of requests that its weight promised? Judged step by step, from every sample."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hitless.samples import Sample
from hitless.timeline import Weights

SIGMAS = 4.0  # a share this far from its weight by chance: once in 15,000 steps


@dataclass(frozen=True)
class Step:
    """A stretch of time with one weight, and who answered in it."""

    start: float
    end: float
    percent: float
    answered: int
    by_new: int

    @property
    def share_percent(self) -> float:
        """What the new release really answered, percent."""
        return 100 * self.by_new / self.answered if self.answered else 0.0

    @property
    def error_percent(self) -> float:
        """How far the share may be from the weight by chance, percentage points."""
        if not self.answered:
            return 0.0
        p = min(max(self.percent / 100, 0.0), 1.0)
        return 100 * SIGMAS * math.sqrt(p * (1 - p) / self.answered)

    @property
    def holds(self) -> bool:
        """The share is the weight, within what chance allows."""
        return abs(self.share_percent - self.percent) <= self.error_percent


def steps(weights: Iterable[Weights], target_group: str) -> list[tuple[float, float, float]]:
    """Stretches in which the weight was surely the same, each (start, end, percent).

    A stretch lasts from the end of the first look that saw the weight to the start of the last. The time between two
    looks that differ is left out: nobody knows when in it the weight changed. So is the time a look takes, for the
    weight may change before the answer is read.
    """
    found: list[tuple[float, float, float]] = []
    for seen in weights:
        percent = seen.percent.get(target_group, 0.0)
        if found and found[-1][2] == percent:
            found[-1] = (found[-1][0], seen.asked_at, percent)
        else:
            found.append((seen.at, seen.at, percent))
    return [one for one in found if one[1] > one[0]]


def judge(
    stretches: list[tuple[float, float, float]], samples: Iterable[Sample], version: str, from_real
) -> list[Step]:
    """Count who answered in each stretch, of the requests that began and ended in it.

    Args:
        stretches: From `steps`, AWS time.
        samples: Every request of the probe; failed ones with an answer count, since somebody answered.
        version: The new release.
        from_real: Turns a sample's real time into AWS time.
    """
    answers: Counter[tuple[int, bool]] = Counter()
    for sample in samples:
        if not sample.status or not sample.origin[0]:
            continue
        asked_at, answered_at = from_real(sample.intended), from_real(sample.intended + sample.latency_s)
        for number, (start, end, _) in enumerate(stretches):
            if start <= asked_at and answered_at <= end:
                answers[number, sample.origin[0] == version] += 1
                break
    return [
        Step(start, end, percent, answers[n, True] + answers[n, False], answers[n, True])
        for n, (start, end, percent) in enumerate(stretches)
    ]
