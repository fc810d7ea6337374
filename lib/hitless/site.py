"""The gallery: every notebook as it was executed and one run's report as a static site: `python -m hitless.site`.

Nothing is executed here, and a page needs nothing from elsewhere: no scripts, no fonts, no styles but its own.
"""

from __future__ import annotations

import argparse
import base64
import posixpath
import re
import shutil
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

import nbformat

from hitless.site_page import card, page, picture

FOLDERS = ("notebooks", "runbooks")
PICTURES = ("story", "control-room")
LINK = re.compile(r' href="([^"#:]+)"')  # relative ones


@dataclass(frozen=True)
class Entry:
    """One notebook of the gallery."""

    source: Path
    title: str
    when: str
    png: bytes


def build(root: Path, out: Path) -> list[Path]:
    """Write the site.

    Args:
        root: The checkout: `notebooks`, `runbooks`, `docs`, `runs`, `README.md`.
        out: The folder of the site; what is in it is replaced.

    Returns:
        The pages written, the index first.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    entries = {folder: [read(path) for path in sorted((root / folder).glob("*.ipynb"))] for folder in FOLDERS}
    known = {f"{folder}/{entry.source.name}" for folder in FOLDERS for entry in entries[folder]}
    pages = [_write(entry, out / folder, known) for folder in FOLDERS for entry in entries[folder]]
    report = newest_report(root / "runs")
    if report is not None:
        pages.append(_write(read(report), out / "report", known, "index"))
    for name in PICTURES:
        for path in sorted((root / "docs").glob(f"{name}-*.png")):
            (out / "docs").mkdir(exist_ok=True)
            shutil.copy(path, out / "docs" / path.name)
    index = out / "index.html"
    index.write_text(_index(root, out, entries, has_report=report is not None), encoding="utf-8")
    return [index, *pages]


def read(path: Path) -> Entry:
    """A notebook's title, what it is for, and its last picture, which is the one with the end in it."""
    notebook = nbformat.read(path, as_version=4)
    first = notebook.cells[0].source
    when = re.search(r"\*\*Use when\*\* (.*?)\.(?:\s|$)", first, re.DOTALL)
    pictures = [o.data["image/png"] for c in notebook.cells for o in c.get("outputs", []) if "image/png" in _data(o)]
    return Entry(
        path,
        first.splitlines()[0].removeprefix("# "),
        " ".join(when.group(1).split()) if when else "",
        base64.b64decode(pictures[-1]) if pictures else b"",
    )


def newest_report(runs: Path) -> Path | None:
    """The executed notebook of the newest run that has a report; one with a picture rather than one without."""
    reports = sorted(runs.glob("**/report.html"), key=lambda path: path.stat().st_mtime)
    found = [notebook for report in reports for notebook in report.parent.glob("*.ipynb")]
    return next((one for one in reversed(found) if read(one).png), found[-1] if found else None)


def _data(output) -> dict:
    return output.get("data", {})


def _write(entry: Entry, folder: Path, known: set[str], name: str = "") -> Path:
    from nbconvert import HTMLExporter  # a second to import

    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    body, _ = exporter.from_filename(str(entry.source))
    folder.mkdir(exist_ok=True)
    file = folder / f"{name or entry.source.stem}.html"
    file.write_text(
        page(entry.title, LINK.sub(lambda link: _relinked(link.group(1), folder.name, known), body), up="../"),
        encoding="utf-8",
    )
    if entry.png and not name:
        file.with_suffix(".png").write_bytes(entry.png)
    return file


def _relinked(link: str, folder: str, known: set[str]) -> str:
    """A link to another notebook leads to its page; one to anything else of the checkout is plain text here."""
    target = posixpath.normpath(posixpath.join(folder, link))
    return f' href="../{target.removesuffix(".ipynb")}.html"' if target in known else ""


def _index(root: Path, out: Path, entries: dict[str, list[Entry]], *, has_report: bool) -> str:
    title, promise = _promise(root / "README.md")
    parts = [f'<header><h1>{escape(title)}</h1><p class="promise">{promise}</p></header>']
    parts += [picture(name, words) for name, words in ALT.items() if (out / "docs" / f"{name}-light.png").exists()][:1]
    for folder, heading in (("notebooks", "Read and run"), ("runbooks", "Operate")):
        cards = "".join(
            card(f"{folder}/{e.source.stem}", e.title, e.when, has_picture=bool(e.png)) for e in entries[folder]
        )
        parts.append(f'<h2>{heading}</h2><div class="cards">{cards}</div>' if cards else "")
    if has_report:
        parts.append('<h2>Audit</h2><p><a href="report/index.html">A whole run, as its record has it</a></p>')
    parts += [picture(name, words) for name, words in ALT.items() if (out / "docs" / f"{name}-light.png").exists()][1:]
    return page(title, "".join(parts), up="")


def _promise(readme: Path) -> tuple[str, str]:
    """The README's title and first paragraph; its stars make bold."""
    title, paragraph, *_ = readme.read_text(encoding="utf-8").split("\n\n")
    words = escape(" ".join(paragraph.split()))
    return title.removeprefix("# "), re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", words)


ALT = {
    "story": "A timeline of four changes under load; healthy capacity never below the floor",
    "control-room": "The control room in JupyterLab: buttons, a live chart, and the app in the colour of its release",
}


def main(arguments: list[str]) -> int:
    """Build the site of this checkout."""
    parser = argparse.ArgumentParser(prog="python -m hitless.site", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("site"))
    settings = parser.parse_args(arguments)
    pages = build(Path(), settings.out)
    print(f"{len(pages)} pages; open {pages[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
