"""Colours of the charts and pages: colour is for state only, everything else is ink."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """One palette (Okabe and Ito's, which survives colour blindness); `*_text` variants read at 4.5:1 or better."""

    name: str
    card: str
    ink: str
    ink_2: str
    ink_3: str
    muted: str
    hairline: str
    volume: str
    old: str
    new: str
    blue: str
    blue_pale: str
    green: str
    alarm: str
    new_text: str
    blue_text: str
    green_text: str
    alarm_text: str
    on_bar: str

    def of_tone(self, tone: str) -> str:
        """The line colour of an event."""
        return {"info": self.muted, "gate": self.ink, "good": self.green, "alarm": self.alarm}[tone]

    def text_of_tone(self, tone: str) -> str:
        """The text colour of an event."""
        return {"info": self.muted, "gate": self.ink, "good": self.green_text, "alarm": self.alarm_text}[tone]

    def bar_of_tone(self, tone: str) -> str:
        """The colour of a phase."""
        return {"info": self.new, "gate": self.alarm, "good": self.green, "alarm": self.alarm}[tone]


LIGHT = Theme(
    name="light",
    card="#ffffff",
    ink="#1b1f24",
    ink_2="#5f6670",
    ink_3="#8d949e",
    muted="#646b75",
    hairline="#e3e6ea",
    volume="#e6e9ec",
    old="#d2d8e0",
    new="#7fc4ee",
    blue="#0072b2",
    blue_pale="#b8d7e8",
    green="#009e73",
    alarm="#d55e00",
    new_text="#1a6fa8",
    blue_text="#0a6ba3",
    green_text="#00785a",
    alarm_text="#b34700",
    on_bar="#10151b",
)

DARK = Theme(
    name="dark",
    card="#0d1117",
    ink="#f2f5f8",
    ink_2="#a3abb6",
    ink_3="#7d8590",
    muted="#9aa3ad",
    hairline="#252b33",
    volume="#2b323b",
    old="#4d5561",
    new="#3f8cba",
    blue="#56a3d9",
    blue_pale="#1b3a50",
    green="#1fae84",
    alarm="#f5853f",
    new_text="#6bb8ef",
    blue_text="#57a5df",
    green_text="#34c596",
    alarm_text="#ff9350",
    on_bar="#0d1117",
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}
