"""The picture of an architecture: users at the top, the load balancer, target groups, zones with hosts and tasks."""

from __future__ import annotations

from matplotlib.patches import FancyBboxPatch

from hitless.architecture import Architecture
from hitless.figure import Card
from hitless.font import font

SIDE = 70.0  # x from which the things that act on the service stand
HOST_HEIGHT = 12.0


def draw_architecture(seen: Architecture, theme: str = "light") -> Card:
    """Draw what was read.

    Args:
        seen: From `read_architecture`.
        theme: "light" or "dark".
    """
    tasks, zones = sum(seen.tasks.values()), len(seen.zones)
    headline = f"{tasks} tasks on {len(seen.hosts)} hosts in {zones} zones, one load balancer, two target groups"
    subtitle = f"read from Terraform's state and AWS's API  ·  {seen.place}"
    card = Card(headline, subtitle, height_in=5.6, theme=theme, left=0.066, right=0.972)
    card.axes.set(xlim=(-0.3, 100.3), ylim=(0, 100), xticks=[], yticks=[])
    _Picture(card, seen).draw()
    return card


class _Picture:
    def __init__(self, card: Card, seen: Architecture) -> None:
        self._card, self._seen, self._theme, self._axes = card, seen, card.theme, card.axes

    def draw(self) -> None:
        self._balancer()
        self._groups()
        self._zones()
        self._side()

    def _balancer(self) -> None:
        t, ports = self._theme, self._seen.ports
        self._text(33, 101, "users", t.muted, ha="center")
        self._arrow((33, 99), (33, 93))
        self._box(0, 80, 66, 12, "Application Load Balancer")
        tests = f", test listener {ports[1]}" if ports[1:] else ", no test listener"
        self._text(2, 83, f"listener {ports[0]}{tests}", t.ink_2)

    def _groups(self) -> None:
        for number, (name, weight) in enumerate(self._seen.weights.items()):
            left, serves = 34.5 * number, weight > 0
            self._arrow((left + 15.5, 80), (left + 15.5, 73), self._theme.blue if serves else self._theme.hairline)
            self._box(left, 60, 31.5, 12, name, edge=self._theme.blue if serves else self._theme.hairline)
            healthy = self._seen.healthy.get(name, 0)
            self._text(left + 2, 63, f"{weight} % of users, {healthy} healthy targets", self._theme.ink_2)

    def _zones(self) -> None:
        zones = self._seen.zones
        width = (66 - 3 * (len(zones) - 1)) / max(1, len(zones))
        for number, (zone, hosts) in enumerate(zones.items()):
            left = number * (width + 3)
            self._box(left, 2, width, 52, zone, dashed=True)
            for row, host in enumerate(hosts):
                self._host(left + 2, 32 - row * (HOST_HEIGHT + 2.5), width - 4, host)

    def _host(self, left: float, bottom: float, width: float, host) -> None:
        self._box(left, bottom, width, HOST_HEIGHT, f"{host.instance_type}  {host.instance_id[:12]}…", size=8.5)
        self._text(left + 2, bottom + 2.7, host.image_id, self._theme.muted, size=8.0)
        for number in range(self._seen.tasks.get(host.instance_id, 0)):
            dot = left + width - 3 - 3.2 * number
            self._axes.scatter([dot], [bottom + 3.6], s=70, color=self._theme.blue, zorder=4)

    def _side(self) -> None:
        bottom = 92.0 - 12
        for what, how in [*self._seen.facts, ("Image", f"{self._seen.image.partition('@')[2][7:19]}…, by digest")]:
            self._box(SIDE, bottom, 100 - SIDE, 12, what)
            self._text(SIDE + 2, bottom + 3, how, self._theme.ink_2, size=8.2)
            bottom -= 14
        modules = self._seen.modules
        self._text(
            SIDE, 6.5, f"Terraform: {sum(modules.values())} resources in {len(modules)} modules", self._theme.ink
        )
        self._text(SIDE, 2.5, "a dot is one healthy task", self._theme.muted)

    def _box(
        self,
        left: float,
        bottom: float,
        width: float,
        height: float,
        title: str,
        *,
        edge: str | None = None,
        dashed: bool = False,
        size: float = 9.0,
    ) -> None:
        style = {"fc": "none", "ec": edge or self._theme.ink_3, "lw": 1.1, "ls": (0, (3, 2)) if dashed else "-"}
        shape = "round,pad=0,rounding_size=1.2"
        self._axes.add_patch(
            FancyBboxPatch((left, bottom), width, height, boxstyle=shape, mutation_aspect=1.6, **style)
        )
        self._text(left + 2, bottom + height - 3.6, title, self._theme.ink, bold=True, size=size)

    def _text(
        self, x: float, y: float, words: str, colour: str, *, bold: bool = False, size: float = 8.8, ha: str = "left"
    ) -> None:
        self._axes.text(x, y, words, color=colour, font=font(size, bold), ha=ha, va="center", clip_on=False)

    def _arrow(self, start: tuple[float, float], end: tuple[float, float], colour: str = "") -> None:
        style = {"arrowstyle": "-|>", "color": colour or self._theme.ink_3, "lw": 1.3}
        self._axes.annotate("", end, start, arrowprops=style)
