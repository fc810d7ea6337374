"""Hears everything that happens, and says what should not have: it changes nothing itself."""

from __future__ import annotations

from contextlib import contextmanager

from botocore.exceptions import ClientError

from awslab.dataplane import simulated
from awslab.machines.events import (
    InstanceDied,
    InstanceHealthChanged,
    InstanceStateChanged,
    RefreshChanged,
    RequestsServed,
    TargetHealthChanged,
)
from awslab.machines.machine import Machine
from hitless.floor import true_floor

ACTIVE = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")
NOW = float("inf")
IN_FLIGHT_S = 2.0  # a request that was sent while its target was healthy has its answer by then


class Witness(Machine):
    """Judges capacity at the end of every instant, and every answer by the target it came from.

    Args:
        desired: Hosts in service now.
        healthy: (target group, target, port) that are healthy now.
    """

    name = "witness"
    hears = (
        InstanceStateChanged,
        InstanceDied,
        InstanceHealthChanged,
        RefreshChanged,
        RequestsServed,
        TargetHealthChanged,
    )

    def __init__(self, desired: int, healthy: set[tuple[str, str, int]]) -> None:
        self.wrong: list[str] = []
        self.disturbed = False  # somebody did what costs requests on AWS as well
        self._desired, self._limits, self._refreshing = desired, (100, 100), False
        self._states: dict[str, str] = {}
        self._in_service = desired
        self._excused = False  # until capacity is back: a host died, or more were asked for
        self._at = 0.0
        self._healthy_until: dict[tuple[str, str, int], float] = dict.fromkeys(healthy, NOW)
        self._failed_open_until: dict[str, float] = {}

    # ---- what was promised

    @contextmanager
    def promising(self, low: int, high: int | None):
        """A refresh that keeps to these percentages begins in here, or is refused."""
        before = self._limits, self._refreshing
        self._limits, self._refreshing = (low, high), True
        try:
            yield
        except ClientError:
            self._limits, self._refreshing = before
            raise

    def resized(self, desired: int) -> None:
        """The operator wants another number of hosts."""
        self._excused = self._excused or desired > self._in_service
        self._desired = desired

    @property
    def floor(self) -> int:
        """Hosts that must be in service now."""
        return true_floor(self._desired, *self._limits).fewest if self._refreshing else self._desired

    # ---- what happened

    def on_event(self, event, now):
        if now > self._at:
            self._judge()
            self._at = now
        match event:
            case InstanceStateChanged(old_state=old, new_state=new):
                self._in_service += (new == "InService") - (old == "InService")
            case InstanceDied() | InstanceHealthChanged(health_status="Unhealthy"):
                self._excused = True
            case RefreshChanged(status=status):
                if status not in ACTIVE:
                    self._excused = True  # what it had taken out is still to be replaced
                    self._refreshing = False
            case TargetHealthChanged():
                self._health(event, now)
            case RequestsServed(target_id=target_id) if target_id and event.statuses:
                self._served(event, now)
        return ()

    def _judge(self) -> None:
        if self._in_service >= self._desired:
            self._excused = False
        elif not self._excused and self._in_service < self.floor:
            self.wrong.append(f"{self._at}: {self._in_service} hosts in service, {self.floor} were promised")

    def _health(self, event: TargetHealthChanged, now: float) -> None:
        group, key = event.target_group_arn, (event.target_group_arn, event.target_id, event.port)
        if not self._has_healthy(group):
            self._failed_open_until[group] = now
        if event.state == "healthy":
            self._healthy_until[key] = NOW
        elif self._healthy_until.get(key) == NOW:
            self._healthy_until[key] = now

    def _has_healthy(self, group: str) -> bool:
        return any(key[0] == group and until == NOW for key, until in self._healthy_until.items())

    def _served(self, event: RequestsServed, now: float) -> None:
        group, key = event.target_group_arn, (event.target_group_arn, event.target_id, event.port)
        since = now - simulated.REPORT_S - IN_FLIGHT_S
        well = self._healthy_until.get(key, 0.0) >= since
        # A group without a healthy target fails open: all that are registered may answer.
        if not well and self._has_healthy(group) and self._failed_open_until.get(group, 0.0) < since:
            self.wrong.append(f"{now}: {key} answered {event.statuses} and was not healthy")
