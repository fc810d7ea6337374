"""Every form in which a secret value may turn up in text."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

FORM_MIN = 5  # characters; what is shorter is found everywhere
LONG_LINE = 16  # characters from which a line of a longer secret is one by itself


def forms(value: str) -> set[str]:
    """The value as it is, and encoded: base64 at each alignment, hex, percent, JSON, HTML and Python escapes.

    Args:
        value: The secret. A line break in it may be missing, or a line of it stand alone.
    """
    return {form for one in _parts(value) for form in _encoded(one) if len(form) >= FORM_MIN}


def _parts(value: str) -> Iterator[str]:
    yield value
    yield value.strip()
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= LONG_LINE)
        yield re.sub(r"\r?\n[ \t]*", "", value)


def _encoded(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogatepass")
    yield value
    yield from _base64(data)
    yield from _base64(value.encode("utf-16-le", "surrogatepass"))
    for digits in (data.hex(), data.hex().upper()):
        pairs = re.findall("..", digits)
        yield from (digits, " ".join(pairs), ":".join(pairs), "".join(f"%{pair}" for pair in pairs))
        yield "".join(f"\\x{pair}" for pair in pairs)
    for one in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield from (one, re.sub("%..", lambda found: found.group().lower(), one))
    yield from _escaped(value)


def _base64(data: bytes) -> Iterator[str]:
    """What is the same in base64 wherever the value begins, and whatever stands around it."""
    for before, skip in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(data)) * 8 // 6
        text = base64.b64encode(b"\0" * before + data).decode()[skip:whole]
        yield from (text, text.replace("+", "-").replace("/", "_"), text.replace("/", "\\/"), quote(text, safe=""))


def _escaped(value: str) -> Iterator[str]:
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield from (once, once.replace("/", "\\/"), json.dumps(once, ensure_ascii=ascii_only)[1:-1])
    yield "".join(f"\\u{ord(character):04x}" for character in value)
    yield "".join(f"\\u{ord(character):04X}" for character in value)
    yield from (repr(value)[1:-1], repr(value)[1:-1].replace("'", "\\'"), ascii(value)[1:-1])
    yield from (repr(value.encode("utf-8", "surrogatepass"))[2:-1], shlex.quote(value)[1:-1])
    as_html = html.escape(value)
    yield from (as_html, html.escape(value, quote=False), as_html.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"))
    yield as_html.replace("&#x27;", "&apos;")
    for number in ("&#{};", "&#x{:x};", "&#x{:X};"):
        yield "".join(number.format(ord(character)) for character in value)
