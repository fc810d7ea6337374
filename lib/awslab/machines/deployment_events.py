"""The eight lifecycle events of a deployment to ECS: always these, in this order, listed from the start."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NAMES = (
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
)
HOOKABLE = tuple(name for name in NAMES if name not in ("Install", "AllowTestTraffic", "AllowTraffic"))


class EventStatus(StrEnum):
    """AWS's LifecycleEventStatus."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"


E = EventStatus
TRANSITIONS: dict[EventStatus, tuple[EventStatus, ...]] = {
    E.PENDING: (E.IN_PROGRESS, E.SKIPPED),
    E.IN_PROGRESS: (E.SUCCEEDED, E.FAILED),
    E.SUCCEEDED: (),
    E.FAILED: (),
    E.SKIPPED: (),
}


@dataclass(slots=True, eq=False)
class LifecycleEvent:
    """One of the eight.

    Attributes:
        name: One of `NAMES`.
        status: Where it is.
        started_at: Lab time; None while Pending, and when Skipped.
        ended_at: Lab time; None until it has ended.
        trouble: What `diagnostics` say of a failure; "" for nothing.
    """

    name: str
    status: EventStatus = E.PENDING
    started_at: float | None = None
    ended_at: float | None = None
    trouble: str = ""

    def move(self, status: EventStatus, now: float) -> None:
        """Change status; an illegal change is a bug in the lab and changes nothing."""
        assert status in TRANSITIONS[self.status], f"{self.name}: {self.status} -> {status}"
        self.status = status
        if status is E.IN_PROGRESS:
            self.started_at = now
        elif status is not E.SKIPPED:
            self.ended_at = now


def all_pending() -> tuple[LifecycleEvent, ...]:
    """The eight of a new deployment."""
    return tuple(LifecycleEvent(name) for name in NAMES)
