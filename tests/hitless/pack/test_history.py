"""The index of all runs says of each what its record is worth, and links to its report."""

import re
import shutil

import pytest

from hitless import history, pack
from hitless.__main__ import main
from hitless.history import BROKEN, NOT_SEALED, SELF_SIGNED, VERIFIED
from tests.hitless.pack import hostile
from tests.hitless.pack.test_report import make_hostile


@pytest.fixture(autouse=True)
def _signals_as_before(keep_signals):
    pass


@pytest.fixture
def runs(sealed_once, executed, key, tmp_path):
    """Four runs of two runbooks: whole, broken, not sealed, sealed by somebody else."""
    runs = tmp_path / "runs"
    for name in ("whole", "broken"):
        shutil.copytree(sealed_once, runs / "05-try" / name / sealed_once.name)
    (runs / "05-try" / "broken" / sealed_once.name / "plan.json").write_text("{}")
    shutil.copytree(executed, runs / "06-other" / "bare")
    pack.seal(shutil.copytree(executed, runs / "06-other" / "others"), tmp_path / "others.pem")
    return runs


def badges(page):
    return sorted(re.findall(r'class="badge \w+">([^<]+)<', page.read_text()))


def test_each_run_has_the_badge_it_earned(runs, key):
    page = runs / "index.html"
    history.write(runs, page)
    assert badges(page) == sorted([BROKEN, NOT_SEALED, SELF_SIGNED, SELF_SIGNED])
    history.write(runs, page, key.with_name(key.name + ".pub"))
    assert badges(page) == sorted([BROKEN, BROKEN, NOT_SEALED, VERIFIED])
    assert "files: &#39;plan.json&#39; was changed" in page.read_text()


def test_every_link_leads_to_a_report(runs, tmp_path):
    page = tmp_path / "elsewhere" / "index.html"
    assert main(["history", "--runs", str(runs), "--out", str(page)]) == 0
    links = re.findall(r'href="([^"]+)"', page.read_text())
    assert len(links) == 3 and all((page.parent / link).resolve().is_file() for link in links)


def test_no_runs_are_no_failure(tmp_path):
    assert main(["history", "--runs", str(tmp_path), "--out", str(tmp_path / "index.html")]) == 0
    assert "0 runs" in (tmp_path / "index.html").read_text()


def test_nothing_hostile_is_left_in_the_index(tmp_path):
    make_hostile(tmp_path / "<script>document.title=1", hostile.payloads())
    history.write(tmp_path, tmp_path / "index.html")
    content = (tmp_path / "index.html").read_text()
    assert "<script" not in content.lower() and "<img" not in content and "default-src" in content
