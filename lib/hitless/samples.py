"""Every request of a probe, and the exact figures made of them.

The file is JSON lines: a header, then one batch a second, by columns, of the requests that ended in it. Times are whole
microseconds from the header's `start` (real epoch seconds). A batch also says how many requests were `sent` so far, so
a file whose prober was killed tells how many are unaccounted for. A line `note` says what else happened: another rate.
The reader ignores a last line without an end.
"""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

QUANTILES = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}
ORIGINS = ("version", "task", "instance", "az")
"""Where an answer came from, by the headers the app sends: `x-hitless-version` and so on."""
COLUMNS = ("intended_us", "late_us", "latency_us", "status", "failure", "origin")


@dataclass(slots=True)
class Sample:
    """One request. It succeeded when `failure` is "" (a 2xx or 3xx came in time).

    Attributes:
        intended: When it was meant to leave, real epoch seconds.
        late_s: How much later it left: the prober's own fault, yet part of `latency_s`.
        latency_s: From `intended` to the last byte of the answer, or to the failure.
        status: HTTP status; 0 when none came.
        failure: "", "refused", "reset", "closed", "timeout", "4xx", "5xx", "invalid" (not HTTP), "dns", "tls",
            "connect" or "unsent" (the prober could not send it in time; nothing is known of the service).
        origin: The answer's version, task, instance and availability zone; "" where it did not say.
    """

    intended: float
    late_s: float = 0.0
    latency_s: float = 0.0
    status: int = 0
    failure: str = ""
    origin: tuple[str, str, str, str] = ("", "", "", "")


@dataclass(frozen=True)
class ProbeSummary:
    """What a whole probe saw; exact, over every sample.

    Latencies are of the requests that succeeded, by nearest rank; a failed one is counted, not timed. `longest_gap_s`
    is the longest time in which no answer of success arrived, the edges of the run included.
    """

    sent: int
    failed: int
    failed_by_kind: dict[str, int]
    longest_gap_s: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    lag_ms: float
    seconds: float
    by_status: dict[str, int] = field(default_factory=dict)
    by_version: dict[str, int] = field(default_factory=dict)
    by_task: dict[str, int] = field(default_factory=dict)
    by_instance: dict[str, int] = field(default_factory=dict)
    by_az: dict[str, int] = field(default_factory=dict)
    unaccounted: int = 0


def quantile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed (nearest rank): one that was measured."""
    return ascending[max(0, math.ceil(round(share * len(ascending), 9)) - 1)]


def latencies_ms(samples: Iterable[Sample]) -> dict[str, float | None]:
    """Exact quantiles and maximum of the requests that succeeded; None where none did."""
    ascending = sorted(1e3 * s.latency_s for s in samples if not s.failure)
    if not ascending:
        return dict.fromkeys([*QUANTILES, "max_ms"])
    values = {name: round(quantile(ascending, share), 3) for name, share in QUANTILES.items()}
    return {**values, "max_ms": round(ascending[-1], 3)}


def counts(samples: Sequence[Sample]) -> dict[str, dict[str, int]]:
    """How many by status class, by failure and by origin; what no answer told is left out."""
    found: dict[str, Counter[str]] = {name: Counter() for name in ("status", "failed", *ORIGINS)}
    for (status, failure, origin), count in Counter((s.status, s.failure, s.origin) for s in samples).items():
        told = (f"{status // 100}xx" if status else "", failure, *origin)
        for name, value in zip(found, told, strict=True):
            if value:
                found[name][value] += count
    return {name: dict(sorted(counter.items())) for name, counter in found.items()}


def window(start: float, seconds: float, samples: Sequence[Sample]) -> dict[str, Any]:
    """Say what became of the requests meant to leave in `seconds` from `start` (real epoch seconds)."""
    found = counts(samples)
    lag_ms = round(1e3 * max((s.late_s for s in samples), default=0.0), 3)
    sent = {
        "start": round(start, 6),
        "seconds": seconds,
        "sent": len(samples),
        "ok": sum(not s.failure for s in samples),
    }
    return {**sent, "lag_ms": lag_ms, **latencies_ms(samples), **found}


def summarise(samples: Sequence[Sample], unaccounted: int = 0) -> ProbeSummary:
    """Say what a whole probe saw.

    Args:
        samples: All of them, in any order.
        unaccounted: Requests that were sent and of which nothing is known, for the prober died.
    """
    found = counts(samples)
    starts = [s.intended for s in samples]
    return ProbeSummary(
        sent=len(samples),
        failed=sum(found["failed"].values()),
        failed_by_kind=found["failed"],
        longest_gap_s=round(longest_gap_s(samples), 6),
        **latencies_ms(samples),
        lag_ms=round(1e3 * max((s.late_s for s in samples), default=0.0), 3),
        seconds=round(max(starts) - min(starts), 6) if starts else 0.0,
        by_status=found["status"],
        **{f"by_{name}": found[name] for name in ORIGINS},
        unaccounted=unaccounted,
    )


def longest_gap_s(samples: Sequence[Sample]) -> float:
    """The longest time without an answer of success, from the first intended start to the last end."""
    if not samples:
        return 0.0
    answers = sorted(s.intended + s.latency_s for s in samples if not s.failure)
    edges = [min(s.intended for s in samples), *answers, max(s.intended + s.latency_s for s in samples)]
    return max(later - earlier for earlier, later in itertools.pairwise(edges))


class SampleWriter:
    """Writes batches; each is handed to the operating system whole, so it survives the death of this process."""

    def __init__(self, path: Path, start: float, about: dict[str, Any]) -> None:
        self._start = start
        self._file: BinaryIO = path.open("wb", buffering=0)
        self._line({"format": "hitless-samples-1", "start": start, "origins": ORIGINS, **about})
        self._begin()

    def add(self, samples: Sequence[Sample]) -> None:
        """Take requests that ended into the next batch: little by little, so that no request waits for long."""
        batch, names = self._batch, self._names
        batch["intended_us"] += [round(1e6 * (s.intended - self._start)) for s in samples]
        batch["late_us"] += [round(1e6 * s.late_s) for s in samples]
        batch["latency_us"] += [round(1e6 * s.latency_s) for s in samples]
        batch["status"] += [s.status for s in samples]
        batch["failure"] += [s.failure for s in samples]
        batch["origin"] += [names.setdefault(s.origin, len(names)) for s in samples]

    def write(self, sent: int) -> None:
        """Write the batch, and how many were sent in all."""
        self._line({"sent": sent, "names": list(self._names), **self._batch})
        self._begin()

    def _begin(self) -> None:
        self._names: dict[tuple[str, ...], int] = {}
        self._batch: dict[str, list] = {name: [] for name in COLUMNS}

    def note(self, **facts: float) -> None:
        """Write what else happened: `rate_per_s` from `at` on (real epoch seconds)."""
        self._line({"note": facts})

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def _line(self, value: dict[str, Any]) -> None:
        line = json.dumps(value, separators=(",", ":")).encode() + b"\n"
        while line:
            line = line[self._file.write(line) :]


def read_samples(path: str | Path) -> tuple[list[Sample], int]:
    """Read a samples file: the samples, and how many more were sent of which nothing is known.

    Raises:
        ValueError: It is no samples file, or a whole line in it is damaged.
    """
    *lines, _torn = Path(path).read_bytes().split(b"\n")
    header = json.loads(lines[0]) if lines else {}
    if header.get("format") != "hitless-samples-1":
        raise ValueError(f"{path} is not a samples file")
    batches = [batch for line in lines[1:] if "note" not in (batch := json.loads(line))]
    samples = [sample for batch in batches for sample in _batch(header["start"], batch)]
    return samples, max((b["sent"] for b in batches), default=0) - len(samples)


def _batch(start: float, batch: dict[str, Any]) -> Iterable[Sample]:
    names = [tuple(origin) for origin in batch["names"]]
    for intended, late, latency, status, failure, origin in zip(*(batch[name] for name in COLUMNS), strict=True):
        yield Sample(start + intended / 1e6, late / 1e6, latency / 1e6, status, failure, names[origin])
