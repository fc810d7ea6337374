"""Every notebook to its end, as it is run by nbval, by papermill, and the walkthrough by a person in a browser.

They share one lab and one service, which Terraform makes first, as in `make lab`; those on virtual time need none. The
control room in the browser, and what nbval says of those on virtual time, is in the tests of every day.
"""

import asyncio
import os
from pathlib import Path

import papermill
import pytest

from hitless.jupyter import NAME, REHEARSED
from hitless.lab import Lab
from hitless.stage import LAB_ACCOUNT_ID, RATE, SEED, open_stage
from tests.browser.jupyter_server import jupyter_lab
from tests.notebooks.test_reproved import reprove

pytestmark = [
    pytest.mark.live,
    pytest.mark.terraform,
    pytest.mark.skipif("HITLESS_NOTEBOOKS" not in os.environ, reason="part of make reprove: ten minutes"),
]
ALL = sorted(Path("notebooks").glob("*.ipynb"))
ON_STAGE = [path for path in ALL if REHEARSED not in path.read_text()]
SHOTS = Path("runs/browser")
WALK_S_MAX = 400.0
AGAIN = {  # what is not so yet when they are run a second time
    "01": {"VERSION": "6.0.0"},
    "03": {"INSTANCE_TYPE": "t3.medium"},
    "04": {"VERSION": "7.0.0", "NEXT_VERSION": "8.0.0"},
    "05": {"VERSION": "9.0.0"},
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("stage"), RATE, SEED):
        yield asyncio.run(open_stage(LAB_ACCOUNT_ID, "us-east-1", NAME, reason="three ways"))


def named(path):
    return path.stem


@pytest.mark.parametrize("path", ON_STAGE, ids=named)
def test_by_nbval(stage, path):
    ended = reprove(path)
    assert ended.returncode == 0, ended.stdout[-4000:]


@pytest.mark.parametrize("path", ALL, ids=named)
def test_by_papermill(stage, path, tmp_path):
    given = AGAIN.get(path.name[:2], {})
    executed = papermill.execute_notebook(path, tmp_path / path.name, given, progress_bar=False)
    assert {cell.metadata.papermill.status for cell in executed.cells if cell.cell_type == "code"} == {"completed"}


def test_the_walkthrough_as_a_person_sees_it(stage, chromium, tmp_path):
    from tests.browser.notebook_page import NotebookPage

    SHOTS.mkdir(parents=True, exist_ok=True)
    [walkthrough] = [path for path in ALL if path.name.startswith("01-")]
    with jupyter_lab(tmp_path, {"VERSION": "10.0.0"}) as address:
        page = NotebookPage(chromium, address.format(walkthrough.name), SHOTS)
        page.run_all()
        first = page.until(page.frame, "a chart", WALK_S_MAX)
        page.until(lambda: page.frame() not in ("", first), "a chart that moves", WALK_S_MAX)
        page.show("img.widget-image")
        page.shoot("walkthrough-live")
        assert page.until(page.ended, "end of the notebook", WALK_S_MAX) == "ran"
        assert "FAILS" not in page.text()
        page.shoot("walkthrough-end")
