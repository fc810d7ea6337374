"""How far an instance refresh may take a group's capacity down and up.

Percentages are of the desired capacity; the floor rounds up, the ceiling rounds down. Three rules follow:

* No maximum given: an instance is terminated and its replacement launched together, and **one is always taken, even
  when the floor cannot hold then**. "90 % of 4" is therefore 3 of 4.
* Maximum given, and it rounds to no room at all: one is launched first, and the group exceeds its maximum by it.
* Maximum given with room: capacity moves between floor and ceiling.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits for one desired capacity, in whole instances."""

    desired: int
    floor: int
    ceiling: int
    takes_one_anyway: bool

    def may_terminate(self, available: int) -> int:
        """How many of the `available` instances (in service, healthy and warm) may leave now."""
        room = available - self.floor
        if self.takes_one_anyway and available >= self.desired:
            room = max(room, 1)
        return max(0, min(room, available))


@functools.lru_cache(64)  # a refresh asks at every step
def bounds(desired: int, min_healthy_percent: int, max_healthy_percent: int | None) -> Bounds:
    """The limits of a refresh.

    Args:
        desired: Desired capacity, instances.
        min_healthy_percent: 0-100.
        max_healthy_percent: 100-200, or None when it was not sent, which is *not* the same as 100.
    """
    floor = -(-desired * min_healthy_percent // 100)
    if max_healthy_percent is None:
        return Bounds(desired, floor, desired, takes_one_anyway=True)
    ceiling = max(desired, desired * max_healthy_percent // 100)
    if floor == ceiling == desired:
        ceiling += 1
    return Bounds(desired, floor, ceiling, takes_one_anyway=False)
