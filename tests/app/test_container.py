import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def test_the_container_has_the_versions_the_tests_ran_with():
    locked = dict(PIN.findall((ROOT / "requirements.lock").read_text()))
    pinned = dict(PIN.findall((APP / "requirements.txt").read_text()))
    assert "aiohttp" in pinned
    assert pinned.items() <= locked.items()


def test_every_package_is_pinned_by_hash():
    lines = (APP / "requirements.txt").read_text().splitlines()
    starts = [number for number, line in enumerate(lines) if not line.startswith((" ", "#"))]
    assert all(lines[number + 1].strip().startswith("--hash=sha256:") for number in starts)


def test_the_base_is_named_by_digest_and_nothing_runs_as_root():
    text = (APP / "Dockerfile").read_text()
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.\d+\S*@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    [user] = re.findall(r"^USER (\d+):\d+$", text, re.MULTILINE)
    assert int(user) > 0
    assert re.search(r'^ENTRYPOINT \["python", "main\.py"\]$', text, re.MULTILINE)  # exec form: signals arrive
    assert re.search(r'^HEALTHCHECK .*CMD \["python", "healthcheck\.py"\]$', text, re.MULTILINE)


def test_the_app_writes_nothing_so_its_root_may_be_read_only():
    for path in APP.glob("*.py"):
        assert not re.search(r"open\(|write_|mkdir|tempfile", path.read_text()), path


@pytest.mark.live
@pytest.mark.parametrize(("environment", "exit_code"), [({}, 0), ({"FAIL_HEALTH_AFTER_S": "0"}, 1)])
def test_the_health_check_says_what_the_app_says(start, environment, exit_code):
    app = start(**environment)
    command = [sys.executable, str(APP / "healthcheck.py")]
    assert subprocess.run(command, env={"PORT": str(app.port)}, check=False).returncode == exit_code


@pytest.mark.live
def test_the_health_check_fails_when_nobody_listens(start):
    app = start(DRAIN_QUIET_S="0")
    port = app.port
    app.signal()
    app.ended()
    command = [sys.executable, str(APP / "healthcheck.py")]
    assert subprocess.run(command, env={"PORT": str(port)}, check=False).returncode == 1
