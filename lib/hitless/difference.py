"""What became different between two snapshots: for people, for the report, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

APART = ("taken_at",)  # not a section
GONE, NEW, CHANGED = "gone", "new", "changed"


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is different, thing by thing.

    Returns:
        `{"section", "name", "change", "facts"}`; `change` is "gone", "new" or "changed", and `facts` are `[was, is]` by
        name, None on the side where the thing is not.
    """
    return [
        {"section": section, "name": name, "change": _kind(was, now), "facts": facts}
        for section in dict.fromkeys([*before, *after])
        if section not in APART
        for name, was, now in _pairs(before.get(section), after.get(section))
        if (facts := {fact: [old, new] for fact, old, new in _pairs(was, now) if old != new})
    ]


def text(changes: list[dict[str, Any]]) -> str:
    """A diff for people, a line a thing."""
    return "\n".join(f"{one['section']} {one['name']}: {words(one)}" for one in changes) or "nothing is different"


def words(change: Mapping[str, Any]) -> str:
    """One change: "new, ami-…, t3.small", "gone", or "desired 2 → 4"."""
    facts = change["facts"]
    if change["change"] == GONE:
        return GONE
    if change["change"] == NEW:
        return ", ".join([NEW, *(f"{name} {now}" for name, (_, now) in facts.items() if now not in (None, ""))])
    return ", ".join(f"{name} {was} → {now}" for name, (was, now) in facts.items())


def _pairs(before: object, after: object) -> Iterator[tuple[str, Any, Any]]:
    """Both sides of every name; None where one has it not."""
    was, now = (side if isinstance(side, Mapping) else {} for side in (before, after))
    for name in dict.fromkeys([*was, *now]):
        yield name, was.get(name), now.get(name)


def _kind(was: object, now: object) -> str:
    return NEW if was is None else GONE if now is None else CHANGED
