"""Counts what was answered, for the load balancer's metrics."""

from __future__ import annotations

from awslab.machines.events import RequestsServed

Key = tuple[str, str, str, int]  # listener ARN, target group ARN, target id, port
NOBODY = ("", "", 0)  # no target was chosen
TIMES_A_SECOND = 10_000  # response times are told to 0.1 ms, which is all that a metric keeps of them


class Row:
    """What one listener did for one target since the last report."""

    __slots__ = ("connection_errors", "elb_statuses", "response_times", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.elb_statuses: dict[int, int] = {}
        self.connection_errors = 0
        self.response_times: dict[int, int] = {}

    def answered(self, status: int, response_time_s: float) -> None:
        """A target's answer went through; the time is until its head came, real seconds."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        time = int(response_time_s * TIMES_A_SECOND + 0.5)
        self.response_times[time] = self.response_times.get(time, 0) + 1


class Tally:
    """Counts since the last report; health checks are not counted."""

    def __init__(self) -> None:
        self._rows: dict[Key, Row] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def balancer_answered(self, key: Key, status: int, *, connection_error: bool = False) -> None:
        """The load balancer answered itself, or gave up an answer under way."""
        row = self.row(key)
        row.elb_statuses[status] = row.elb_statuses.get(status, 0) + 1
        row.connection_errors += connection_error

    def take(self) -> list[RequestsServed]:
        """Everything since the last call."""
        rows, self._rows = self._rows, {}
        return [_report(key, row) for key, row in rows.items()]

    def row(self, key: Key) -> Row:
        """Where what this listener does for this target is counted."""
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Row()
        return row


def _report(key: Key, row: Row) -> RequestsServed:
    listener_arn, target_group_arn, target_id, port = key
    return RequestsServed(
        listener_arn=listener_arn,
        target_group_arn=target_group_arn,
        target_id=target_id,
        port=port,
        statuses=tuple(sorted(row.statuses.items())),
        elb_statuses=tuple(sorted(row.elb_statuses.items())),
        connection_errors=row.connection_errors,
        response_times_s=tuple([(time / TIMES_A_SECOND, n) for time, n in sorted(row.response_times.items())]),
    )
