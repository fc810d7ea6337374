"""Constant-rate, open-loop traffic in whole requests, counted an interval at a time instead of one by one.

Between two changes of routing everything is constant, so the requests of that interval are a number, shared among
target groups by weight and among endpoints in turn. A request is counted when it ends: until then it is *open* on its
target and is lost with it. Halves round towards open, so the simulation never hides a loss.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from awslab.dataplane.simulated_task import SimulatedTask
from awslab.machines.events import RequestsServed
from awslab.machines.machine import Event

Endpoint = tuple[str, int]  # target id, port
BAD_GATEWAY, UNAVAILABLE, GATEWAY_TIMEOUT = 502, 503, 504  # what an ALB answers itself (C5)


@dataclass(slots=True)
class Tally:
    """What the clients of one listener have seen; `sent` = `ok` + `failed` + open ones."""

    sent: int = 0
    ok: int = 0
    failed: int = 0


@dataclass(slots=True)
class Span:
    """Requests that began evenly spread over [start, end)."""

    start: float
    end: float
    count: int


@dataclass(slots=True)
class Row:
    """One target (or none, "") behind one listener: what is open, and what is not reported yet."""

    listener_arn: str
    target_group_arn: str
    endpoint: Endpoint
    request_s: float = 0.0
    spans: deque[Span] = field(default_factory=deque)
    statuses: Counter[int] = field(default_factory=Counter)
    elb_statuses: Counter[int] = field(default_factory=Counter)
    connection_errors: int = 0

    @property
    def open(self) -> int:
        """Requests without an answer yet."""
        return sum(span.count for span in self.spans)

    def finish(self, now: float) -> int:
        """Take out and count the requests that have ended by `now`."""
        ended, before = 0, now - self.request_s
        while self.spans and self.spans[0].start < before:
            span = self.spans[0]
            if span.end <= before:
                ended += self.spans.popleft().count
                continue
            part = int(span.count * (before - span.start) / (span.end - span.start))
            ended, span.count, span.start = ended + part, span.count - part, before
        return ended

    def report(self) -> RequestsServed:
        """Everything since the last report."""
        answered = self.statuses.total()
        event = RequestsServed(
            listener_arn=self.listener_arn,
            target_group_arn=self.target_group_arn,
            target_id=self.endpoint[0],
            port=self.endpoint[1],
            statuses=tuple(sorted(self.statuses.items())),
            elb_statuses=tuple(sorted(self.elb_statuses.items())),
            connection_errors=self.connection_errors,
            response_times_s=((self.request_s, answered),) if answered else (),
        )
        self.statuses, self.elb_statuses, self.connection_errors = Counter(), Counter(), 0
        return event


@dataclass(slots=True)
class Stream:
    """Clients that send `per_second` requests to one listener, whatever comes back."""

    listener_arn: str
    per_second: float
    since: float
    accounted: float
    credit: dict[str, float] = field(default_factory=dict)

    def due(self, now: float) -> int:
        """Requests whose time came since they were last accounted for."""
        count = _count(now - self.since, self.per_second) - _count(self.accounted - self.since, self.per_second)
        self.accounted = now
        return count


class Traffic:
    """Listeners, weights and endpoints as the load balancer knows them, and the requests through them.

    Args:
        task_at: The process behind an endpoint, None when there is none.
        host_gone: Whether nothing answers at the host's address any more, not even with a reset.
    """

    def __init__(self, task_at: Callable[[Endpoint], SimulatedTask | None], host_gone: Callable[[str], bool]) -> None:
        self._task_at, self._host_gone = task_at, host_gone
        self.listeners: dict[str, int] = {}  # ARN -> port
        self.weights: dict[str, tuple[tuple[str, int], ...]] = {}
        self.endpoints: dict[str, tuple[Endpoint, ...]] = {}
        self.streams: dict[str, Stream] = {}
        self.tallies: dict[str, Tally] = {}
        self._rows: dict[tuple[str, str, Endpoint], Row] = {}
        self._turn: Counter[str] = Counter()

    def send(self, listener_arn: str, per_second: float, now: float) -> None:
        """Send at this constant rate from now on; 0 stops."""
        self.account(now)
        self.tallies.setdefault(listener_arn, Tally())
        self.streams.pop(listener_arn, None)
        if per_second > 0:
            self.streams[listener_arn] = Stream(listener_arn, per_second, now, now)

    def weigh(self, listener_arn: str, weights: tuple[tuple[str, int], ...]) -> None:
        """Forward to these target groups from now on."""
        self.weights[listener_arn] = weights
        if listener_arn in self.streams:
            self.streams[listener_arn].credit.clear()

    def account(self, now: float) -> None:
        """Send what was due until `now`; call before anything about routes or processes changes."""
        for stream in self.streams.values():
            start = stream.accounted
            if now > start and (count := stream.due(now)):
                self._send(stream, count, start, now)

    def finish(self, now: float) -> None:
        """Count every request that has ended by `now`."""
        for row in self._rows.values():
            if row.spans:
                self._finish(row, now)

    def cut(self, endpoint: Endpoint, status: int, now: float, target_group_arn: str | None = None) -> None:
        """Everything still open to an endpoint ends with `status` from the load balancer."""
        for row in self._rows_of(endpoint):
            if target_group_arn in (None, row.target_group_arn):
                self._finish(row, now)
                self._lose(row, row.open, status)
                row.spans.clear()

    def open_at(self, endpoint: Endpoint, now: float) -> int:
        """Requests open to an endpoint."""
        rows = list(self._rows_of(endpoint))
        for row in rows:
            self._finish(row, now)
        return sum(row.open for row in rows)

    def reports(self) -> list[Event]:
        """What was served since the last time, target by target."""
        events: list[Event] = [row.report() for row in self._rows.values() if row.statuses or row.elb_statuses]
        self._rows = {key: row for key, row in self._rows.items() if row.spans}
        return events

    @property
    def busy(self) -> bool:
        """Requests are being sent or are open."""
        return bool(self.streams) or any(row.spans for row in self._rows.values())

    def _rows_of(self, endpoint: Endpoint) -> Iterable[Row]:
        return [row for row in self._rows.values() if row.endpoint == endpoint]

    def _send(self, stream: Stream, count: int, start: float, now: float) -> None:
        tally = self.tallies[stream.listener_arn]
        tally.sent += count
        if stream.listener_arn not in self.listeners:
            tally.failed += count  # connection refused: no load balancer is there to count it
            return
        for group, share in _by_weight(stream, self.weights.get(stream.listener_arn, ()), count):
            self._spread(stream.listener_arn, group, share, start, now)

    def _spread(self, listener_arn: str, group: str, count: int, start: float, now: float) -> None:
        endpoints = self.endpoints.get(group, ()) if group else ()
        if not endpoints:
            self._lose(self._row(listener_arn, "", ("", 0)), count, UNAVAILABLE)
            return
        each, more = divmod(count, len(endpoints))
        first = self._turn[group] % len(endpoints)
        self._turn[group] += more
        for i in range(len(endpoints) if each else more):
            endpoint = endpoints[(first + i) % len(endpoints)]
            self._deliver(self._row(listener_arn, group, endpoint), each + (i < more), start, now)

    def _deliver(self, row: Row, count: int, start: float, now: float) -> None:
        task = self._task_at(row.endpoint)
        if task is not None and task.answers:
            task.last_request_at = now
            row.request_s = task.behaviour.request_s
            row.spans.append(Span(start, now, count))
            return
        row.connection_errors += count
        self._lose(row, count, GATEWAY_TIMEOUT if self._host_gone(row.endpoint[0]) else BAD_GATEWAY)

    def _finish(self, row: Row, now: float) -> None:
        ended, task = row.finish(now), self._task_at(row.endpoint)
        errors = task.answer(ended, now, self.listeners.get(row.listener_arn, 0)) if task else 0
        for status, n in ((200, ended - errors), (500, errors)):
            if n:
                row.statuses[status] += n
        tally = self.tallies[row.listener_arn]
        tally.ok, tally.failed = tally.ok + ended - errors, tally.failed + errors

    def _lose(self, row: Row, count: int, status: int) -> None:
        if count:
            row.elb_statuses[status] += count
            self.tallies[row.listener_arn].failed += count

    def _row(self, listener_arn: str, group: str, endpoint: Endpoint) -> Row:
        key = (listener_arn, group, endpoint)
        if key not in self._rows:
            self._rows[key] = Row(listener_arn, group, endpoint)
        return self._rows[key]


def _count(elapsed_s: float, per_second: float) -> int:
    return math.ceil(elapsed_s * per_second - 1e-6)  # request k is due at k / per_second, the first at once


def _by_weight(stream: Stream, weights: tuple[tuple[str, int], ...], count: int) -> list[tuple[str, int]]:
    """Share `count` among groups in whole requests, so that the shares are exact in the long run."""
    total = sum(weight for _, weight in weights)
    if not total:
        return [("", count)]
    for group, weight in weights:
        stream.credit[group] = stream.credit.get(group, 0.0) + count * weight / total
    shares: dict[str, int] = {}
    first = sorted((group for group, weight in weights if weight), key=lambda group: -stream.credit[group])
    for group in first:
        shares[group] = min(count - sum(shares.values()), max(0, int(stream.credit[group] + 1e-9)))
    for group in sorted(first, key=lambda group: shares[group] - stream.credit[group])[: count - sum(shares.values())]:
        shares[group] += 1
    for group, share in shares.items():
        stream.credit[group] -= share
    return [(group, share) for group, share in shares.items() if share]
