"""A JupyterLab of one's own on a lab that runs, for a browser."""

import contextlib
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from hitless.clock import monotonic_s
from hitless.jupyter import LEAVE_S, Session
from hitless.leash import leashed

TOKEN = "browser"  # of a server that listens on loopback for a minute


@contextlib.contextmanager
def jupyter_lab(home, given):
    """Serve copies of all notebooks with these parameters; yields the address of one, with a gap for its file name."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    session = Session(60, 1, port=port, browser=False)
    folder = session.copy(given)
    command = [*session.command(folder), f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True"]
    server = subprocess.Popen(
        leashed(command, ask=signal.SIGTERM, grace_s=LEAVE_S),
        stdin=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **_own_settings(home)},
    )
    try:
        _until_up(f"http://127.0.0.1:{port}/api", server)
        yield f"http://127.0.0.1:{port}/lab/tree/{folder}/{{}}?token={TOKEN}&reset"
    finally:
        server.stdin.close()
        server.wait()


def _own_settings(home):
    own = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    quiet = home / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false"}')
    places = {"JUPYTERLAB_SETTINGS_DIR": home / "settings", "JUPYTERLAB_WORKSPACES_DIR": home / "spaces"}
    return own | {name: str(place) for name, place in places.items()}


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
