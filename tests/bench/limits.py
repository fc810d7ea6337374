"""What a benchmark must hold: each figure is said beside its limit, and the shell is told when one was missed."""

from __future__ import annotations


class Limits:
    """The limits of one benchmark; `code` is what it exits with."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    @property
    def code(self) -> int:
        """0 when everything held, else 1."""
        return int(bool(self.missed))

    def at_most(self, what: str, measured: float, limit: float, unit: str = "") -> None:
        """Hold a figure that may not be above its limit."""
        self._say(what, measured, f"at most {limit:g}", unit, measured <= limit)

    def at_least(self, what: str, measured: float, limit: float, unit: str = "") -> None:
        """Hold a figure that may not be below its limit."""
        self._say(what, measured, f"at least {limit:g}", unit, measured >= limit)

    def _say(self, what: str, measured: float, limit: str, unit: str, holds: bool) -> None:
        print(f"{what}: {measured:.4g}{unit and ' '}{unit} (limit: {limit}){'' if holds else '  MISSED'}", flush=True)
        if not holds:
            self.missed.append(what)
