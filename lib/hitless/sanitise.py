"""Somebody else's text, HTML, Markdown and pictures, made harmless: nothing runs, loads, links or disguises itself."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

import mistune
import nh3
from markupsafe import Markup

TAGS = {
    *("b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5"),
    *("h6", "hr", "i", "li", "ol", "p", "pre", "small", "span", "strong", "sub", "sup", "table", "tbody", "td"),
    *("tfoot", "th", "thead", "tr", "ul"),
}
"""All that is left of HTML: text and tables. No link, picture, form, style, class or id: those are the page's own."""
SPANS = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
DROPPED_WHOLE = {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title", "textarea"}
CHARACTERS_MAX = 200_000
IMAGE_BYTES_MAX = 8 << 20
MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_PLAIN_CONTROLS = frozenset("\n\t")
_DISGUISES = frozenset("\u061c\u200e\u200f\u2028\u2029")
_UNUSUAL = re.compile(r"[^ -~\n\t]")
_HEADING = re.compile(r"<(/?)h([1-6])>")


def visible(text: str) -> str:
    """The text with every character shown that would move, hide or reverse its neighbours."""
    return _UNUSUAL.sub(lambda found: _shown(found[0]) if _is_hidden(found[0]) else found[0], text)


def plain(text: str, characters_max: int = CHARACTERS_MAX) -> str:
    """A terminal's output as plain text: no colours, and no longer than somebody will read."""
    text = visible(_ANSI.sub("", text).replace("\r\n", "\n"))
    left = len(text) - characters_max
    return text if left <= 0 else f"{text[:characters_max]}\n… {left} more characters are in the notebook"


def fragment(html: str) -> Markup:
    """A piece of HTML with text and tables left, and nothing else."""
    cleaned = nh3.clean(
        visible(html[:CHARACTERS_MAX]),
        tags=TAGS,
        clean_content_tags=DROPPED_WHOLE,
        attributes=SPANS,
        attribute_filter=_span,
        url_schemes=set(),
        link_rel=None,
    )
    return Markup(visible(cleaned))  # again: what hid in entities is out now


def markdown(text: str) -> Markup:
    """Markdown as HTML, its headings two levels down, below the page's own."""
    html = fragment(str(_markdown(text[:CHARACTERS_MAX])))
    return Markup(_HEADING.sub(lambda m: f"<{m[1]}h{min(int(m[2]) + 2, 6)}>", html))


def picture(kind: str, data: object) -> str:
    """A picture as a data URI; "" unless it is one of a kind that cannot hold anything active.

    Args:
        kind: "image/png" or "image/jpeg"; SVG is a program.
        data: Base64, as notebooks keep it, or bytes.
    """
    try:
        content = data if isinstance(data, bytes) else base64.b64decode(re.sub(r"\s", "", str(data)), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if kind not in MAGIC or not content.startswith(MAGIC[kind]) or len(content) > IMAGE_BYTES_MAX:
        return ""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


_markdown = mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])


def _span(_tag: str, _name: str, value: str) -> str | None:
    return value if re.fullmatch(r"[1-9][0-9]?", value) else None


def _is_hidden(c: str) -> bool:
    kind = unicodedata.category(c)
    bidi = unicodedata.bidirectional(c)
    moves = bidi in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    return (kind in ("Cc", "Cs") and c not in _PLAIN_CONTROLS) or moves or c in _DISGUISES or c >= "\U000e0000"


def _shown(c: str) -> str:
    return f"⟨U+{ord(c):04X}⟩"
