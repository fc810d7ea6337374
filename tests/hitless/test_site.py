"""The gallery is made of what is there, executes nothing, and its pages need nothing from elsewhere."""

import base64
import re
import shutil

import nbformat
import pytest

from hitless.site import build
from tests.hitless.notebooks import write_runbook

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SHOWN = {"image/png": base64.b64encode(PIXEL).decode(), "text/plain": "a chart"}


def notebook(path, title, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = nbformat.v4.new_notebook()
    first = nbformat.v4.new_markdown_cell(
        f"# {title}\n\n**Use when** you\nwant to. See [it](../runbooks/10-do.ipynb), [that](../docs/that.md)."
    )
    made.cells = [first, *cells]
    nbformat.write(made, path)


@pytest.fixture
def site(tmp_path):
    shown = nbformat.v4.new_code_cell("raise SystemExit('executed')", execution_count=1)
    shown.outputs = [nbformat.v4.new_output("display_data", SHOWN, metadata={"image/png": {"alt": "A <chart>"}})]
    notebook(tmp_path / "notebooks/01-show.ipynb", "Show <it>", shown)
    notebook(tmp_path / "runs/demo/30/30-deploy.ipynb", "Release the app", shown)
    (tmp_path / "runs/demo/30/report.html").write_text("")
    (tmp_path / "runbooks").mkdir()
    write_runbook(tmp_path / "runbooks/10-do.ipynb", "print(1)")
    (tmp_path / "docs").mkdir()
    for name in ("story-light", "story-dark"):
        (tmp_path / f"docs/{name}.png").write_bytes(PIXEL)
    (tmp_path / "README.md").write_text("# Hitless\n\nRuns **without one failed\nrequest**.\n\nMore.\n")
    build(tmp_path, tmp_path / "site")
    return tmp_path / "site"


def links(page):
    return re.findall(r'(?:href|src|srcset)="([^"#]+)"', page.read_text())


def test_the_index_names_every_notebook_by_its_title_and_every_link_leads_somewhere(site):
    index = (site / "index.html").read_text()
    assert (
        "Show &lt;it&gt;" in index and "You want to" in index and "<strong>without one failed request</strong>" in index
    )
    pages = sorted(site.rglob("*.html"))
    assert [p.relative_to(site).as_posix() for p in pages] == [
        "index.html",
        "notebooks/01-show.html",
        "report/index.html",
        "runbooks/10-do.html",
    ]
    for page in pages:
        for link in links(page):
            assert link.startswith("data:") or (page.parent / link).exists(), (page, link)


def test_no_page_runs_or_fetches_anything(site):
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert "<script" not in text and "default-src 'none'" in text
        assert not re.findall(r'(?:src|srcset|href)="(?:https?:)?//', text), page
        assert "prefers-color-scheme: dark" in text


def test_a_picture_keeps_its_words(site):
    assert 'alt="A &lt;chart&gt;"' in (site / "notebooks/01-show.html").read_text()
    assert (site / "notebooks/01-show.png").read_bytes() == PIXEL


def test_a_checkout_without_runs_has_no_report(site, tmp_path):
    shutil.rmtree(tmp_path / "runs")
    pages = build(tmp_path, site)
    assert "report" not in (site / "index.html").read_text()
    assert not (site / "report").exists() and len(pages) == 3
