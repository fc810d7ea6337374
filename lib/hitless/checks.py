"""What is looked at before anything is changed: a table of OK, NG and SKIP, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from hitless.errors import NotReady

OK, WARN, NG, SKIP = "OK", "WARN", "NG", "SKIP"


@dataclass(frozen=True)
class Check:
    """One thing looked at: what it is, how it stands, what was seen, what to do about it."""

    name: str
    state: str
    seen: str
    do: str = ""


@dataclass
class Checks:
    """All of them, in the order they were looked at."""

    title: str
    rows: list[Check] = field(default_factory=list)

    def add(self, name: str, holds: bool, seen: object, do: str = "", *, otherwise: str = NG) -> None:
        """Note one check; `otherwise` says whether not holding forbids going on (NG) or only warns (WARN)."""
        self.rows.append(Check(name, OK if holds else otherwise, str(seen), "" if holds else do))

    def skip(self, name: str, why: str) -> None:
        """Note that something could not be looked at, and why; it is never taken for OK."""
        self.rows.append(Check(name, SKIP, why))

    @property
    def failed(self) -> list[Check]:
        """Those that forbid going on."""
        return [row for row in self.rows if row.state == NG]

    def require(self) -> Checks:
        """Return these checks, or refuse.

        Raises:
            NotReady: At least one is NG; it names each with what was seen, and the first remedy.
        """
        if self.failed:
            raise NotReady(
                f"{self.title}: {len(self.failed)} of {len(self.rows)} checks say no; nothing was changed.",
                seen={row.name: row.seen for row in self.failed},
                do=next((row.do for row in self.failed if row.do), ""),
            )
        return self

    def __str__(self) -> str:
        width = max((len(row.name) for row in self.rows), default=0)
        lines = [f"{row.state:<4}  {row.name:<{width}}  {row.seen}" + _remedy(row, width) for row in self.rows]
        return "\n".join([self.title, *lines])

    def _repr_html_(self) -> str:
        colour = {OK: "#00785a", WARN: "#b34700", NG: "#b3001b", SKIP: "#666"}
        cell = "<td style='text-align:left'>{}</td>".format
        rows = "".join(
            f"<tr><td style='color:{colour[row.state]}'><b>{row.state}</b></td>"
            + "".join(cell(escape(text)) for text in (row.name, row.seen, row.do))
            + "</tr>"
            for row in self.rows
        )
        return f"<table><caption>{escape(self.title)}</caption>{rows}</table>"


def _remedy(row: Check, width: int) -> str:
    return f"\n{'':<4}  {'':<{width}}  -> {row.do}" if row.do else ""
