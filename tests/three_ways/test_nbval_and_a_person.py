"""The essays that change a service, one after the other by nbval; then the walkthrough by a person in a browser.

What nbval says of those on virtual time is in the tests of every day.
"""

from pathlib import Path

import pytest

from tests.browser.jupyter_server import jupyter_lab
from tests.three_ways.notebooks import ON_STAGE, by_nbval, named

SHOTS = Path("runs/browser")
WALK_S_MAX = 400.0


@pytest.mark.parametrize("path", ON_STAGE, ids=named)
def test_by_nbval(stage, path):
    by_nbval(path)


def test_the_walkthrough_as_a_person_sees_it(stage, chromium, tmp_path):
    from tests.browser.notebook_page import NotebookPage

    SHOTS.mkdir(parents=True, exist_ok=True)
    with jupyter_lab(tmp_path, {"VERSION": "10.0.0"}) as address:  # higher than any the others released
        page = NotebookPage(chromium, address.format(ON_STAGE[0].name), SHOTS)
        page.run_all()
        first = page.until(page.frame, "a chart", WALK_S_MAX)
        page.until(lambda: page.frame() not in ("", first), "a chart that moves", WALK_S_MAX)
        page.show("img.widget-image")
        page.shoot("walkthrough-live")
        assert page.until(page.ended, "end of the notebook", WALK_S_MAX) == "ran"
        assert "FAILS" not in page.text()
        page.shoot("walkthrough-end")
