"""Look at hosts and targets again and again while they change, and remember who was ever fit to answer."""

from __future__ import annotations

from collections.abc import Callable

from hitless.capacity import Capacity, count
from hitless.connect import Connection
from hitless.hosts import read_hosts
from hitless.refresh import read_refresh
from hitless.service import read_targets
from hitless.stack import Stack


class Lookout:
    """What was seen of one service while a refresh ran.

    Args:
        here: Whose account.
        stack: The service's parts.
        new_version: Launch template version that counts as new; "" when no hosts change.
    """

    def __init__(self, here: Connection, stack: Stack, new_version: str = "") -> None:
        self._here, self._stack, self._new_version = here, stack, new_version
        self.tasks_seen_healthy: set[str] = set()
        self._percent = 0

    def look_at_targets(self) -> None:
        """Note which tasks are registered and healthy now."""
        targets = read_targets(self._here, self._stack)
        self.tasks_seen_healthy |= {target.task_id for target in targets if target.state == "healthy"}

    def capacity(self) -> Capacity:
        """Healthy hosts now; looks at the targets on the way."""
        self.look_at_targets()
        return count(read_hosts(self._here, self._stack), self._new_version)

    def refresh(self, refresh_id: str, note: Callable[[str], object]) -> dict:
        """The refresh now; notes each step of its progress for the chart."""
        refresh = read_refresh(self._here, self._stack.group_name, refresh_id)
        percent = refresh.get("PercentageComplete", 0)
        if percent != self._percent and 0 < percent < 100:
            note(f"{percent} %")
        self._percent = percent
        return refresh
