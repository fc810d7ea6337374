"""A card with one finding and one chart below it, for essays; the picture of a run is `hitless.charts`."""

from __future__ import annotations

import base64
import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from hitless.charts import CSS_WIDTH_PX, FINAL_DPI, PALETTE_COLOURS, WIDTH_IN
from hitless.font import font
from hitless.theme import THEMES, Theme

HEAD_IN, FOOT_IN = 0.85, 0.55


class Card:
    """A picture with its finding in words; a notebook shows it when it is a cell's last expression.

    Args:
        headline: The finding, in one line.
        subtitle: What is shown, with units.
        height_in: Of the whole card.
        theme: "light" or "dark".
        left: Where the axes begin, as a share of the width.
        right: Where they end; direct labels go beyond.
    """

    def __init__(
        self,
        headline: str,
        subtitle: str,
        *,
        height_in: float = 4.2,
        theme: str = "light",
        left: float = 0.066,
        right: float = 0.862,
    ) -> None:
        self.theme: Theme = THEMES[theme]
        self.words = f"{headline}\n{subtitle}"
        self.figure = Figure((WIDTH_IN, height_in), facecolor=self.theme.card)
        FigureCanvasAgg(self.figure)
        at = {"x": 0.066 if left > 0.066 else left, "va": "center"}
        self.figure.text(y=1 - 0.335 / height_in, s=headline, color=self.theme.ink, font=font(14.0, True), **at)
        self.figure.text(y=1 - 0.57 / height_in, s=subtitle, color=self.theme.muted, font=font(9.5), **at)
        self.axes = self._axes(left, right, height_in)

    def _axes(self, left: float, right: float, height_in: float) -> Axes:
        bottom = FOOT_IN / height_in
        axes = self.figure.add_axes((left, bottom, right - left, 1 - HEAD_IN / height_in - bottom))
        axes.set_facecolor("none")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, colors=self.theme.muted)
        axes.set_axisbelow(True)
        return axes

    def type(self) -> None:
        """Set the ticks in the card's type; call it when they are in place."""
        for label in [*self.axes.get_xticklabels(), *self.axes.get_yticklabels()]:
            label.set_font(font(9.0))
            label.set_color(self.theme.muted)

    def png(self, dpi: int = FINAL_DPI) -> bytes:
        """The picture, in few colours."""
        self.figure.set_dpi(dpi)
        canvas = self.figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        canvas.draw()
        image = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")
        few = image.quantize(PALETTE_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        out = io.BytesIO()
        few.save(out, "png", optimize=True, dpi=(dpi, dpi))
        return out.getvalue()

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, **_wanted: object) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
        image = base64.b64encode(self.png()).decode()
        return {"image/png": image, "text/plain": self.words}, {"image/png": {"width": CSS_WIDTH_PX}}
