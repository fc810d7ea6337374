"""Fill in a template's placeholders: all of them, and nothing else.

A placeholder is a whole value, written `<NAME>` in capitals, so a template is valid YAML or JSON before it is filled,
and what is filled in can be text, a number or a list without any quoting.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hitless.errors import Refused

PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]*)>")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A filled template: the same values give the same bytes.

    Attributes:
        content: JSON, as it is sent to AWS.
    """

    content: str

    @classmethod
    def of(cls, value: object) -> Rendered:
        """From plain data, in the order the template has."""
        return cls(json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    @property
    def sha256(self) -> str:
        """Of the content's bytes, 64 hex digits: what CodeDeploy asks for and an approval can be bound to."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def value(self) -> dict:
        """The same as plain data."""
        return json.loads(self.content)

    def __str__(self) -> str:
        return self.content


def fill(name: str, template: object, values: Mapping[str, object]) -> object:
    """Put values where the template names them.

    Args:
        name: The template's, for people.
        template: Plain data, as YAML or JSON gave it.
        values: By placeholder name.

    Raises:
        Refused: The template names a value that is not given, has no place for one that is, or hides a placeholder in
            a longer text or a key.
    """
    asked = {found for text in _texts(template) for found in PLACEHOLDER.findall(text)}
    if unknown := asked - values.keys():
        raise Refused(
            f"{name} has a placeholder that nothing fills.",
            seen={"placeholder": ", ".join(sorted(unknown)), "known": ", ".join(sorted(values))},
            do="correct its name in the template",
        )
    if missing := values.keys() - asked:
        raise Refused(
            f"{name} has no place for something a release needs.",
            seen={"missing placeholder": ", ".join(f"<{each}>" for each in sorted(missing))},
            do="put the placeholder back into the template",
        )
    filled = _fill(template, values)
    left = [text for text in _texts(template) if PLACEHOLDER.search(text) and not PLACEHOLDER.fullmatch(text)]
    if left or _has_placeholder_keys(template):
        seen = {"found in": repr(left[0]) if left else "a key"}
        raise Refused(f"A placeholder of {name} is not a value of its own.", seen=seen, do='write "<NAME>" alone')
    return filled


def _fill(template: object, values: Mapping[str, object]) -> object:
    if isinstance(template, dict):
        return {key: _fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, values) for value in template]
    if isinstance(template, str) and (found := PLACEHOLDER.fullmatch(template)):
        return values[found[1]]
    return template


def _texts(template: object) -> Iterator[str]:
    """Every text among the values."""
    if isinstance(template, dict):
        template = list(template.values())
    if isinstance(template, list):
        for value in template:
            yield from _texts(value)
    elif isinstance(template, str):
        yield template


def _has_placeholder_keys(template: object) -> bool:
    if isinstance(template, dict):
        return any(PLACEHOLDER.search(str(key)) for key in template) or any(
            map(_has_placeholder_keys, template.values())
        )
    return isinstance(template, list) and any(map(_has_placeholder_keys, template))
