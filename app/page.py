"""The page: a card in the colour of the release that answered, and a strip of the latest answers.

Everything it needs is in it. The style and script never change, so the content policy names them by their hash; what
does change is escaped on the server and set as text, never as markup, in the browser.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping

from settings import COLOURS, FRAMERS

_COLOUR_RULES = "\n".join(f".{name} {{ --accent: {accent}; --ink: {ink} }}" for name, (accent, ink) in COLOURS.items())
STYLE = f"""
:root {{ color-scheme: light dark; --paper: #f1f5f9; --text: #0f172a; --soft: #64748b }}
@media (prefers-color-scheme: dark) {{ :root {{ --paper: #0b1120; --text: #e2e8f0; --soft: #94a3b8 }} }}
{_COLOUR_RULES}
.failed {{ --accent: #000; --ink: #f87171 }}
* {{ box-sizing: border-box }}
body {{ margin: 0; min-height: 100vh; padding: 5vmin; background: var(--paper); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; display: grid; align-content: center; justify-items: center; gap: 28px }}
main {{ width: min(680px, 100%); padding: clamp(28px, 7vmin, 60px); border-radius: 26px; background: var(--accent);
  color: var(--ink); box-shadow: 0 24px 60px -24px var(--accent); transition: background .25s }}
p {{ margin: 0; opacity: .85; letter-spacing: .02em }}
h1 {{ margin: 4px 0 30px; font-size: clamp(52px, 13vmin, 108px); line-height: 1; letter-spacing: -.03em;
  overflow-wrap: anywhere }}
dl {{ margin: 0; display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px }}
dt {{ opacity: .75 }}
dd {{ margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }}
section {{ width: min(680px, 100%) }}
#strip {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(18px, 1fr)); gap: 4px; margin: 10px 0 }}
#strip i {{ aspect-ratio: 1; border-radius: 5px; background: var(--accent); color: var(--ink);
  font: 700 11px/1 system-ui; display: grid; place-items: center }}
small {{ color: var(--soft); font-size: 14px }}
"""
SCRIPT = """
"use strict";
const KEPT = 120, EVERY_MS = 500, PATIENCE_MS = 5000;
const at = id => document.getElementById(id), answers = [];
function note(answer) {
  answers.push(answer);
  if (answers.length > KEPT) answers.shift();
  at("strip").replaceChildren(...answers.map(a => {
    const square = document.createElement("i");
    square.className = a.colour;
    square.title = a.label;
    square.textContent = a.colour === "failed" ? "\\u00d7" : "";
    return square;
  }));
  const counts = new Map();
  for (const a of answers) counts.set(a.label.split(" on ")[0], (counts.get(a.label.split(" on ")[0]) || 0) + 1);
  at("counts").textContent = [...counts].map(([label, n]) => label + " \\u00d7 " + n).join("   \\u00b7   ");
}
async function look() {
  try {
    const answer = await fetch("/version", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error("HTTP " + answer.status);
    const now = await answer.json();
    document.body.className = now.colour;
    document.title = now.version + " " + now.colour;
    for (const name of ["version", "colour", "task_id", "instance_id", "availability_zone"])
      at(name).textContent = now[name];
    note({ colour: now.colour, label: now.version + " " + now.colour + " on " + now.instance_id });
  } catch (why) {
    note({ colour: "failed", label: "failed: " + why.message });
  }
  setTimeout(look, EVERY_MS);
}
look();
"""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_POLICY = (
    f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors "
)


def protection(framed_by: str) -> dict[str, str]:
    """The headers that say what the page may do, and who may frame it."""
    old = {} if framed_by != "nobody" else {"X-Frame-Options": "DENY"}  # it knows no list; browsers read it first
    return {"Content-Security-Policy": _POLICY + FRAMERS[framed_by], **old}


def render(facts: Mapping[str, object]) -> str:
    """The page of the process that answers.

    Args:
        facts: As `/version` says them.
    """
    text = {name: html.escape(str(fact)) for name, fact in facts.items()}
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="1"></noscript>
<title>{text["version"]} {text["colour"]}</title>
<style>{STYLE}</style>
</head>
<body class="{text["colour"]}">
<main>
<p>This answer came from version</p>
<h1 id="version">{text["version"]}</h1>
<dl>
<dt>Colour</dt><dd id="colour">{text["colour"]}</dd>
<dt>Task</dt><dd id="task_id">{text["task_id"]}</dd>
<dt>Host</dt><dd id="instance_id">{text["instance_id"]}</dd>
<dt>Zone</dt><dd id="availability_zone">{text["availability_zone"]}</dd>
</dl>
</main>
<section>
<small>The latest answers to this page, two a second, oldest first</small>
<div id="strip"></div>
<small id="counts"></small>
</section>
<script>{SCRIPT}</script>
</body>
</html>
"""
