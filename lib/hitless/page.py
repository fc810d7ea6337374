"""Self-contained pages that run nothing and load nothing: templates that escape what they get, and a strict policy.

A page's policy lets in one style sheet by its digest and pictures that the page itself holds. So even what slipped
through the cleaning could neither run, nor load, nor send, nor restyle.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib.resources import files

import jinja2
from markupsafe import Markup

from hitless.sanitise import visible
from hitless.theme import THEMES

COLOURS = (
    "card",
    "ink",
    "ink_2",
    "muted",
    "hairline",
    "volume",
    "green_text",
    "alarm",
    "alarm_text",
    "blue_text",
)


def render(template: str, **facts: object) -> str:
    """Fill in a template of `templates/`; every text it is given is escaped."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    page = _environment().get_template(template)
    return page.render(style=Markup(style), policy=policy, **facts)


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )


@functools.cache
def _style() -> str:
    light, dark = (
        "".join(f"--{name.replace('_', '-')}:{getattr(theme, name)};" for name in COLOURS) for theme in THEMES.values()
    )
    palette = f":root{{{light}}}\n@media(prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
    return palette + _read("page.css")


def _read(name: str) -> str:
    return files("hitless").joinpath("templates", name).read_text(encoding="utf-8")


def _finalize(value: object) -> object:
    """Show what would hide itself, in every text but those that were cleaned already."""
    return value if isinstance(value, Markup) else visible(str(value))
