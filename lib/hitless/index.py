"""The README's index of notebooks and runbooks, made from their own first cells: `python -m hitless.index`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat

START, END = "<!-- index -->", "<!-- end of index -->"
FOLDERS = {"runbooks": "Runbooks: operations on a named target", "notebooks": "Notebooks: demos that prove a claim"}


def make(root: Path = Path()) -> str:
    """The index as Markdown: one table a folder that has notebooks."""
    return "\n\n".join(text for folder, title in FOLDERS.items() if (text := _table(root, folder, title)))


def _table(root: Path, folder: str, title: str) -> str:
    rows = [_row(path.relative_to(root), path) for path in sorted((root / folder).glob("*.ipynb"))]
    return "\n".join([f"**{title}**", "", "| | does | use when |", "|---|---|---|", *rows]) if rows else ""


def _row(link: Path, path: Path) -> str:
    first = nbformat.read(path, as_version=4).cells[0].source
    head = first.splitlines()[0].removeprefix("# ")
    when = re.search(r"\*\*Use when\*\* (.*?)\.(?:\s|$)", first, re.DOTALL)
    return f"| [{path.stem}]({link.as_posix()}) | {head} | {' '.join(when.group(1).split()) if when else ''} |"


def put_into(readme: str, index: str) -> str:
    """The README with everything between the markers replaced."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{index}\n{END}{after}"


if __name__ == "__main__":
    file = Path("README.md")
    file.write_text(put_into(file.read_text(), make()))
    sys.stdout.write(f"wrote the index into {file}\n")
