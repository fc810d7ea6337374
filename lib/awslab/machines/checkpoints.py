"""The percentages at which an instance refresh pauses."""

from __future__ import annotations

from collections.abc import Iterable


class Checkpoints:
    """Those still ahead of one refresh.

    Args:
        percents: CheckpointPercentages, rising, 1-100 each.

    Attributes:
        holds: It stands at one, until whoever set it says it is over.
    """

    def __init__(self, percents: Iterable[int] = ()) -> None:
        self._ahead = list(percents)
        self.holds = False

    @property
    def any_ahead(self) -> bool:
        """One is still to come."""
        return bool(self._ahead)

    def budget(self, total: int, remaining: int) -> int:
        """How many of the `remaining` of `total` instances may be replaced before the next one."""
        if not self._ahead:
            return remaining
        wanted = -(-total * self._ahead[0] // 100)
        return max(0, min(remaining, wanted - (total - remaining)))

    def reach(self, percentage_complete: int) -> int | None:
        """Leave behind what has been reached: the last of it, or None; holds when there is more to come."""
        reached = [p for p in self._ahead if p <= percentage_complete] if percentage_complete else []
        if not reached:
            return None
        del self._ahead[: len(reached)]
        self.holds = percentage_complete < 100 and self.any_ahead
        return reached[-1]
