"""What happened in a run, on one clock: a view of the journal, and of nothing else.

All times are AWS time. The prober counts in real seconds; its windows are placed on the AWS axis as they are journaled
(`Recorder.window`), and in a lab that runs at 60x a one-second window covers a minute of the axis. Requests are counted
as they are: nobody multiplies them.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hitless.clock import Clock
from hitless.columns import Columns
from hitless.journal import Entry, Journal, read
from hitless.samples import ProbeSummary

TONES = ("info", "good", "gate", "alarm")
"""What an event or phase means: progress, a success, a decision, a failure; in the order of their weight."""


@dataclass(frozen=True)
class Window:
    """What became of the requests meant to leave from `at` on, for `width_s` of AWS time and `seconds` of real time."""

    at: float
    width_s: float
    seconds: float
    sent: int
    ok: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    lag_ms: float
    failed: Mapping[str, int]
    by_version: Mapping[str, int]

    @property
    def end(self) -> float:
        """Where it ends on the axis."""
        return self.at + self.width_s

    @property
    def failures(self) -> int:
        """Requests that failed, of any kind."""
        return sum(self.failed.values())


@dataclass(frozen=True)
class Capacity:
    """Hosts from `at` on, until the next sample: a step, never an average."""

    at: float
    healthy: int
    old: int
    new: int
    desired: int

    @property
    def percent(self) -> float:
        """Healthy hosts, percent of desired; 100 when none is desired."""
        return 100.0 * self.healthy / self.desired if self.desired else 100.0


@dataclass(frozen=True)
class Weights:
    """Percent of the traffic by target group, at some moment from `asked_at`, when the look began, to `at`, its end."""

    asked_at: float
    at: float
    percent: Mapping[str, float]


@dataclass(frozen=True)
class Event:
    """Something that happened at one moment."""

    at: float
    label: str
    tone: str = "info"


@dataclass
class Phase:
    """A stretch of the run with a name; `end` is None while it goes on."""

    start: float
    name: str
    tone: str = "info"
    end: float | None = None


@dataclass(frozen=True)
class Breach:
    """A limit that was passed: when that was first seen, and by what."""

    at: float
    limit: str
    value: float
    allowed: float


@dataclass
class Timeline:
    """A run, as far as its journal goes.

    Attributes:
        title: What was done, as a verb phrase: "Replace every host".
        place: Where: "prod-web, us-east-1", or "lab, 60x".
        synthetic: The data is made up; the picture says so.
        limits: What each figure must keep to, by name: `p99_ms`, `floor_percent`, `failed_max`.
        columns: The windows' figures again, for whoever wants all of one kind.
        probe: What the whole probe saw, once it was stopped.
    """

    title: str = "Run"
    place: str = ""
    synthetic: bool = False
    start: float | None = None
    end: float | None = None
    windows: list[Window] = field(default_factory=list)
    columns: Columns = field(default_factory=Columns)
    capacity: list[Capacity] = field(default_factory=list)
    weights: list[Weights] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    probe: ProbeSummary | None = None

    @classmethod
    def load(cls, path: str | Path) -> Timeline:
        """Read a run from its journal; one whose writer was killed shows what had happened by then.

        Raises:
            BadJournal: The file is not as it was written.
        """
        return cls.of(read(path, torn_tail_ok=True))

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Timeline:
        """Make a timeline of entries, in their order."""
        timeline = cls()
        for entry in entries:
            timeline.apply(entry)
        return timeline

    def apply(self, entry: Entry) -> None:
        """Take one more entry; kinds that do not concern the picture are passed over."""
        take = getattr(self, f"_take_{entry.kind}", None)
        if take is not None:
            take(entry.at, entry.facts)
            self.start = entry.at if self.start is None else min(self.start, entry.at)
            self.end = max(self.end or 0.0, entry.at, *(w.end for w in self.windows[-1:]))

    def snapshot(self) -> Timeline:
        """A copy for another thread to draw, while this one goes on."""
        lists = ("windows", "capacity", "weights", "events", "breaches")
        copies: dict[str, Any] = {name: list(getattr(self, name)) for name in lists}
        copies |= {"phases": [replace(phase) for phase in self.phases], "columns": self.columns.copy()}
        return replace(self, **copies, limits=dict(self.limits))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        from hitless.charts import bundle  # only a notebook needs matplotlib

        return bundle(self)

    @property
    def seconds(self) -> float:
        """How much AWS time it covers."""
        return (self.end or 0.0) - (self.start or 0.0)

    @property
    def sent(self) -> int:
        """Requests of all windows."""
        return int(self.columns["sent"].sum())

    @property
    def failures(self) -> int:
        """Failed requests of all windows."""
        return int(self.columns["failed"].sum())

    @property
    def failed_at(self) -> float | None:
        """The end of the last window in which a request failed; None when none did."""
        columns = self.columns.copy()  # which another thread may be adding to
        ends = (columns["at"] + columns["width_s"])[columns["failed"] > 0]
        return float(ends.max()) if len(ends) else None

    @property
    def lowest_percent(self) -> float | None:
        """The lowest healthy capacity, percent of desired; None when nobody looked."""
        return min((c.percent for c in self.capacity), default=None)

    @property
    def floor_percent(self) -> float | None:
        """The limit of healthy capacity, percent of desired."""
        return self.limits.get("floor_percent")

    def _take_run(self, at: float, facts: Mapping[str, Any]) -> None:
        self.title = facts.get("title", self.title)
        self.place = facts.get("place", self.place)
        self.synthetic = facts.get("synthetic", self.synthetic)

    def _take_limit(self, at: float, facts: Mapping[str, Any]) -> None:
        self.limits[facts["name"]] = facts["value"]

    def _take_window(self, at: float, facts: Mapping[str, Any]) -> None:
        figures = {
            name: facts[name] for name in ("sent", "ok", "p50_ms", "p95_ms", "p99_ms", "max_ms", "lag_ms", "failed")
        }
        window = Window(at, facts["width_s"], facts["seconds"], by_version=facts["version"], **figures)
        insort(self.windows, window, key=lambda w: w.at)  # one that waited for a slow answer comes late
        self.columns.add({**facts, "at": at, "failed": window.failures})

    def _take_capacity(self, at: float, facts: Mapping[str, Any]) -> None:
        self.capacity.append(Capacity(at, **{name: facts[name] for name in ("healthy", "old", "new", "desired")}))

    def _take_weights(self, at: float, facts: Mapping[str, Any]) -> None:
        self.weights.append(Weights(facts.get("asked_at", at), at, facts["percent"]))

    def _take_event(self, at: float, facts: Mapping[str, Any]) -> None:
        self.events.append(Event(at, facts["label"], facts.get("tone", "info")))

    def _take_breach(self, at: float, facts: Mapping[str, Any]) -> None:
        self.breaches.append(Breach(at, **{name: facts[name] for name in ("limit", "value", "allowed")}))

    def _take_probe(self, at: float, facts: Mapping[str, Any]) -> None:
        self.probe = ProbeSummary(**facts)

    def _take_phase(self, at: float, facts: Mapping[str, Any]) -> None:
        if facts["edge"] == "start":
            self.phases.append(Phase(at, facts["name"], facts.get("tone", "info")))
        else:
            next(p for p in reversed(self.phases) if p.name == facts["name"] and p.end is None).end = at


class Recorder:
    """Writes a run's facts to its journal, and keeps the timeline of them: evidence first, picture second."""

    def __init__(self, journal: Journal, timeline: Timeline | None = None) -> None:
        self.journal, self.timeline = journal, timeline if timeline is not None else Timeline()
        self._beyond: set[str] = set()

    def run(self, title: str, place: str, **facts: Any) -> None:
        """Say what this run is and where."""
        self._put("run", title=title, place=place, **facts)

    def limit(self, name: str, value: float) -> None:
        """Say what a figure must keep to: `p99_ms`, `floor_percent`, or `failed_max` failures from now on."""
        self._put("limit", name=name, value=value)

    def window(self, facts: Mapping[str, Any], clock: Clock) -> None:
        """Place one window of the prober on the AWS axis."""
        at = clock.from_real(facts["start"])
        self._put("window", at=at, width_s=facts["seconds"] * clock.rate, **facts)
        self._hold("p99_ms", facts["p99_ms"], at)
        self._hold("failed_max", self.timeline.failures, at)

    def counted(self, at: float, width_s: float, facts: Mapping[str, Any]) -> None:
        """Note one window of requests that were counted on AWS time, as a rehearsal counts them."""
        self._put("window", at=at, width_s=width_s, seconds=width_s, **facts)

    def capacity(self, *, healthy: int, old: int, new: int, desired: int, at: float | None = None) -> None:
        """Note how many hosts serve; equal samples are written too, for they show that somebody looked."""
        self._put("capacity", at=at, healthy=healthy, old=old, new=new, desired=desired)
        self._hold("floor_percent", self.timeline.capacity[-1].percent, self.timeline.capacity[-1].at)

    def weights(self, percent: Mapping[str, float], asked_at: float, at: float | None = None) -> None:
        """Note how the traffic is split, percent by target group, and when that was asked."""
        self._put("weights", at=at, asked_at=asked_at, percent=dict(percent))

    def rate(self, rate_per_s: float, at: float) -> None:
        """Note that the probe sends at another rate from then on."""
        self._put("rate", at=at, rate_per_s=rate_per_s)

    def probe(self, summary: ProbeSummary) -> None:
        """Note what the whole probe saw, over every sample."""
        self._put("probe", **asdict(summary))

    def event(self, label: str, tone: str = "info", at: float | None = None) -> None:
        """Note something that happened."""
        assert tone in TONES, tone
        self._put("event", at=at, label=label, tone=tone)

    def phase(self, name: str, edge: str, tone: str = "info", at: float | None = None) -> None:
        """Note where a phase starts or ends (`edge`)."""
        assert tone in TONES and edge in ("start", "end"), (tone, edge)
        self._put("phase", at=at, name=name, edge=edge, tone=tone)

    def _hold(self, limit: str, value: float | None, at: float) -> None:
        """Hold a figure to its limit; the moment it passes it is a fact of its own, once until it has come back."""
        allowed = self.timeline.limits.get(limit)
        if allowed is None or value is None:
            return
        is_beyond = value < allowed if limit == "floor_percent" else value > allowed
        if is_beyond and limit not in self._beyond:
            self._put("breach", at=at, limit=limit, value=value, allowed=allowed)
        (self._beyond.add if is_beyond else self._beyond.discard)(limit)

    def _put(self, kind: str, *, at: float | None = None, **facts: Any) -> None:
        self.timeline.apply(self.journal.append(kind, at=at, **facts))
