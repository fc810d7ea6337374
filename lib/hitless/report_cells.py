"""The executed cells of a notebook, for people: what was asked, what became of it, what came out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from hitless import sanitise

WIDTH_MAX = 2000
NOTHING = Markup("")
STATES = {"completed": "good", "failed": "alarm", "pending": "gate", "skipped": "gate", "running": "alarm"}


@dataclass
class Output:
    """One output: text, cleaned HTML or a picture; the first that is there is shown."""

    text: str = ""
    html: Markup = NOTHING
    image: str = ""
    width: int = 0
    is_error: bool = False


@dataclass
class Cell:
    """One cell, ready to be shown.

    Attributes:
        tag: Its first tag, e.g. `writes`; "" where it has none.
        state: papermill's word: completed, failed, pending …; "" for text.
        tone: What the state means.
    """

    source: str
    html: Markup = NOTHING
    tag: str = ""
    state: str = ""
    tone: str = ""
    outputs: list[Output] = field(default_factory=list)


def read_cells(notebook: Path) -> list[Cell]:
    """Every cell of an executed notebook.

    Raises:
        ValueError: It is no notebook. Only what looks like one is shown; anything in it may be missing.
    """
    try:
        content = json.loads(notebook.read_bytes())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it has no cells")
    return [_cell(cell) for cell in cells if isinstance(cell, dict)]


def _cell(cell: Mapping[str, Any]) -> Cell:
    source = sanitise.plain(_joined(cell.get("source")))
    if cell.get("cell_type") == "markdown":
        return Cell(source, sanitise.markdown(source))
    metadata = _object(cell.get("metadata"))
    state = str(_object(metadata.get("papermill")).get("status") or "")
    tags = metadata.get("tags")
    tag = str(tags[0]) if isinstance(tags, list) and tags else ""
    outputs = cell.get("outputs")
    shown = [one for raw in outputs if isinstance(raw, dict) for one in _outputs(raw)] if _is_list(outputs) else []
    return Cell(source, tag=tag, state=state, tone=STATES.get(state, ""), outputs=shown)


def _outputs(output: Mapping[str, Any]) -> Iterator[Output]:
    """An output as one thing to show; nothing where it has nothing harmless."""
    kind = output.get("output_type")
    if kind == "stream":
        yield Output(text=sanitise.plain(_joined(output.get("text"))))
    elif kind == "error":
        lines = output.get("traceback")
        said = "\n".join(map(str, lines)) if _is_list(lines) else ""
        said = said or f"{output.get('ename')}: {output.get('evalue')}"
        yield Output(text=sanitise.plain(said), is_error=True)
    else:
        yield from _data(_object(output.get("data")), _object(output.get("metadata")))


def _data(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[Output]:
    text = sanitise.plain(_joined(data.get("text/plain")))
    for kind in sanitise.MAGIC:
        image = sanitise.picture(kind, _joined(data.get(kind))) if kind in data else ""
        if image:
            yield Output(text, image=image, width=_width(_object(metadata.get(kind)).get("width")))
            return
    for kind, clean in (("text/html", sanitise.fragment), ("text/markdown", sanitise.markdown)):
        html = clean(_joined(data.get(kind))) if kind in data else NOTHING
        if html.striptags():
            yield Output(text, html=html)
            return
    if text:
        yield Output(text)


def _joined(lines: object) -> str:
    """A notebook's text: a string, or its lines."""
    return "".join(map(str, lines)) if _is_list(lines) else "" if lines is None else str(lines)


def _width(value: object) -> int:
    return value if type(value) is int and 0 < value <= WIDTH_MAX else 0


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_list(value: object) -> bool:
    return isinstance(value, list)
