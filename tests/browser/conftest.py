"""One lab with a service, one JupyterLab and one Chromium for all tests of the browser."""

from pathlib import Path

import pytest

from hitless.lab import Lab
from tests.browser.jupyter_server import jupyter_lab
from tests.hitless.web import Web

SHOTS = Path("runs/browser")


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="module")  # not longer: the lab's environment is that of all tests meanwhile
def web(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    with Lab(folder / "lab", rate=60, seed=1):
        yield Web(folder)


@pytest.fixture(scope="module")
def jupyter(web, tmp_path_factory):
    given = {"NAME": "web", "REASON": "a browser test", "DRY_RUN": False}
    with jupyter_lab(tmp_path_factory.mktemp("jupyter"), given) as address:
        yield address


@pytest.fixture
def opened(chromium, jupyter):
    from tests.browser.notebook_page import NotebookPage

    SHOTS.mkdir(parents=True, exist_ok=True)
    return lambda name: NotebookPage(chromium, jupyter.format(name), SHOTS)
