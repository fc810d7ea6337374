"""The figures of a run's windows as columns: a chart of an hour reads them at once, not window by window."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping

import numpy as np

NAMES = ("at", "width_s", "seconds", "sent", "failed", "p50_ms", "p95_ms", "p99_ms", "lag_ms")


class Columns:
    """Rows of figures in the order of their time; NaN where a window has none, since nothing succeeded in it.

    One thread adds while others read. So NumPy is given copies only: an array whose memory it looks at cannot grow.
    """

    def __init__(self, rows: array[float] | None = None) -> None:
        self._rows = rows if rows is not None else array("d")

    def add(self, figures: Mapping[str, float | None]) -> None:
        """Put a window where its time belongs: one that waited for a slow answer comes late."""
        row = array("d", (math.nan if (v := figures[name]) is None else v for name in NAMES))
        end = len(self._rows)
        while end and self._rows[end - len(NAMES)] > row[0]:
            end -= len(NAMES)
        self._rows[end:end] = row

    def copy(self) -> Columns:
        """For another thread to draw, while this one grows."""
        return Columns(array("d", self._rows))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Columns) and self._rows.tobytes() == other._rows.tobytes()  # NaN is NaN here

    def __len__(self) -> int:
        return len(self._rows) // len(NAMES)

    def __getitem__(self, name: str) -> np.ndarray:
        return np.array(self._rows[NAMES.index(name) :: len(NAMES)])


def outline(values: np.ndarray, most: int) -> np.ndarray:
    """Which of many points to draw so that it looks the same: of each pixel's the lowest, the highest and a gap.

    Args:
        values: In their order; NaN is a gap.
        most: Points that may be drawn; up to three more are.

    Returns:
        Ascending indices; all of them when there are no more than `most`.
    """
    if len(values) <= most:
        return np.arange(len(values))
    size = math.ceil(3 * len(values) / most)
    whole = len(values) - len(values) % size
    rows = values[:whole].reshape(-1, size)
    rest = [_marks(values[np.newaxis, whole:]) + whole] if whole < len(values) else []
    return np.unique(np.concatenate([_marks(rows), *rest]))


def _marks(rows: np.ndarray) -> np.ndarray:
    """The lowest, the highest and a gap of each row; where there is none, its first."""
    gap = np.isnan(rows)
    picks = [np.where(gap, np.inf, rows).argmin(1), np.where(gap, -np.inf, rows).argmax(1), gap.argmax(1)]
    return np.concatenate([np.arange(len(rows)) * rows.shape[1] + pick for pick in picks])
