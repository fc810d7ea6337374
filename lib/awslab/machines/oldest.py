"""Instances in lines, the oldest of each line first."""

from __future__ import annotations

import heapq
from collections.abc import Hashable

from awslab.machines.instances import Instance

STALE_MAX = 64  # in a line, beside twice those that stand somewhere


class OldestFirst:
    """Each instance stands in one line or in none; to move one costs the logarithm of how many there are."""

    def __init__(self) -> None:
        self._line_of: dict[str, Hashable] = {}
        self._lines: dict[Hashable, list[tuple[float, str, Instance]]] = {}  # heaps; who stands elsewhere now is stale

    def put(self, one: Instance, line: Hashable | None) -> None:
        """Let an instance stand in a line from now on; None for nowhere."""
        if line is None:
            self._line_of.pop(one.instance_id, None)
        elif self._line_of.get(one.instance_id) != line:
            self._line_of[one.instance_id] = line
            heap = self._lines.setdefault(line, [])
            heapq.heappush(heap, (one.launched_at, one.instance_id, one))
            if len(heap) > STALE_MAX + 2 * len(self._line_of):
                heap[:] = [entry for entry in heap if self._line_of.get(entry[1]) == line]
                heapq.heapify(heap)

    def firsts(self) -> list[Instance]:
        """The oldest of each line that is not empty."""
        return [heap[0][2] for line, heap in self._lines.items() if self._drop_stale(line, heap)]

    def clear(self) -> None:
        """Nobody stands anywhere."""
        self._line_of.clear()
        self._lines.clear()

    def __bool__(self) -> bool:
        return bool(self._line_of)

    def _drop_stale(self, line: Hashable, heap: list[tuple[float, str, Instance]]) -> bool:
        while heap and self._line_of.get(heap[0][1]) != line:
            heapq.heappop(heap)
        return bool(heap)
