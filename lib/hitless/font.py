"""The type of the charts."""

from __future__ import annotations

import functools
from pathlib import Path

from matplotlib.font_manager import FontProperties

FONTS = Path(__file__).parent / "fonts"


@functools.cache
def font(size_pt: float, bold: bool = False) -> FontProperties:
    """The vendored Inter, named by its file: no search, no fallback, the same picture everywhere."""
    return FontProperties(fname=FONTS / f"Inter-{'SemiBold' if bold else 'Regular'}.otf", size=size_pt)
