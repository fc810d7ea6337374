"""One lab with a service, one JupyterLab and one Chromium for all tests of the browser."""

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from hitless.clock import monotonic_s
from hitless.jupyter import LEAVE_S, Session
from hitless.lab import Lab
from hitless.leash import leashed
from tests.hitless.web import Web

TOKEN = "browser"  # of a server that listens on loopback for a minute
SHOTS = Path("runs/browser")


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    notebook_page = pytest.importorskip("tests.browser.notebook_page", reason="selenium is not installed")
    if not (notebook_page.CHROMIUM and notebook_page.CHROMEDRIVER):
        pytest.skip("no Chromium with its driver is installed: apt-get install chromium chromium-driver")
    driver = notebook_page.start_chromium(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")  # not longer: the lab's environment is that of all tests meanwhile
def web(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    with Lab(folder / "lab", rate=60, seed=1):
        yield Web(folder)


@pytest.fixture(scope="module")
def jupyter(web, tmp_path_factory):
    """Where JupyterLab answers, and the folder of its notebooks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    session, home = Session(60, 1, port=port, browser=False), tmp_path_factory.mktemp("jupyter")
    folder = session.copy({"NAME": "web", "REASON": "a browser test", "DRY_RUN": False})
    own = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    command = [*session.command(folder), f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True"]
    settings = {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "spaces")}
    quiet = home / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false"}')
    server = subprocess.Popen(
        leashed(command, ask=signal.SIGTERM, grace_s=LEAVE_S),
        stdin=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **own, **settings},
    )
    try:
        _until_up(f"http://127.0.0.1:{port}/api", server)
        yield f"http://127.0.0.1:{port}/lab/tree/{folder}/{{}}?token={TOKEN}&reset"
    finally:
        server.stdin.close()
        server.wait()


@pytest.fixture
def opened(chromium, jupyter, web):
    from tests.browser.notebook_page import NotebookPage

    SHOTS.mkdir(parents=True, exist_ok=True)
    return lambda name: NotebookPage(chromium, jupyter.format(name), SHOTS)


def _until_up(url, server):
    until = monotonic_s() + 60
    while monotonic_s() < until:
        assert server.poll() is None, "JupyterLab ended"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.URLError:
            os.sched_yield()
    raise AssertionError("JupyterLab did not come up")
