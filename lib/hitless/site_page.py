"""How a page of the gallery looks, in light and in dark."""

from __future__ import annotations

from html import escape

from pygments.formatters import HtmlFormatter

POLICY = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
LIGHT_CODE, DARK_CODE = (
    HtmlFormatter(style=style).get_style_defs(".highlight") for style in ("default", "github-dark")
)
STYLE = f"""
:root {{ color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #5b6470; --line: #e3e6ea; --box: #f6f8fa;
  --link: #0a6ba3 }}
{LIGHT_CODE}
@media (prefers-color-scheme: dark) {{
:root {{ --paper: #0d1117; --ink: #e6eaef; --soft: #9aa3ad; --line: #252b33; --box: #161b22; --link: #57a5df }}
{DARK_CODE}
}}
* {{ box-sizing: border-box }}
body {{ margin: 0 auto; max-width: 1000px; padding: 32px 28px 80px; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, sans-serif }}
a {{ color: var(--link) }}
a.anchor-link {{ display: none }}
h1 {{ font-size: 34px; line-height: 1.2; letter-spacing: -.02em; margin: 12px 0 8px }}
h2 {{ font-size: 22px; margin: 44px 0 12px }}
.promise {{ font-size: 19px; color: var(--soft); max-width: 46em; margin: 0 0 24px }}
picture {{ display: block; margin: 32px 0 }}
img {{ max-width: 100%; height: auto; border-radius: 8px }}
pre {{ overflow-x: auto; font: 13px/1.5 ui-monospace, monospace; margin: 0 }}
.highlight {{ background: var(--box); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px }}
.output_area {{ margin: 10px 0 }}
.output_subarea pre {{ padding: 4px 14px; border-left: 3px solid var(--line); white-space: pre-wrap }}
code {{ font: .88em ui-monospace, monospace }}
.prompt {{ display: none }}
.cell {{ margin: 14px 0 }}
table {{ border-collapse: collapse; margin: 12px 0; font-size: 14px; display: block; overflow-x: auto }}
th, td {{ text-align: left; padding: 5px 12px; border-bottom: 1px solid var(--line) }}
caption {{ text-align: left; color: var(--soft) }}
.cards {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 16px }}
.card {{ display: block; border: 1px solid var(--line); border-radius: 12px; padding: 16px; text-decoration: none;
  color: inherit; background: var(--box) }}
.card:hover, .card:focus-visible {{ border-color: var(--link) }}
.card strong {{ display: block; font-size: 17px; color: var(--ink) }}
.card span {{ color: var(--soft); font-size: 14px }}
.card img {{ margin-bottom: 12px; border-radius: 6px }}
nav {{ font-size: 14px }}
"""


def page(title: str, body: str, *, up: str) -> str:
    """A whole page.

    Args:
        title: Of the window.
        body: Markup.
        up: The way to the index's folder; "" is the index itself.
    """
    back = f'<nav><a href="{up}index.html">All notebooks</a></nav>' if up else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
{back}
<main>
{body}
</main>
</body>
</html>
"""


def card(link: str, title: str, when: str, *, has_picture: bool) -> str:
    """A notebook on the index.

    Args:
        link: Its page, without the ending; its picture lies beside it.
        title: Its first line.
        when: What it is for.
        has_picture: Whether there is one.
    """
    image = f'<img src="{link}.png" alt="" loading="lazy">' if has_picture else ""
    said = f"<span>{escape(when[:1].upper() + when[1:])}</span>" if when else ""
    return f'<a class="card" href="{link}.html">{image}<strong>{escape(title)}</strong>{said}</a>'


def picture(name: str, words: str) -> str:
    """A picture of `docs` that follows the reader's light or dark."""
    dark = f'<source media="(prefers-color-scheme: dark)" srcset="docs/{name}-dark.png">'
    return f'<picture>{dark}<img src="docs/{name}-light.png" alt="{escape(words)}"></picture>'
