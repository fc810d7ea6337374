"""A lab as a process, for tests that need sockets, Terraform or time that really passes."""

import signal
import threading
import time
from pathlib import Path

import boto3
import psutil
import pytest

from hitless.lab import Lab
from hitless.stop import ASKING

for number in ASKING:  # a shell ignores them for what it starts in the background, and children would inherit that
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


class RunningLab(Lab):
    """A lab process and boto3 clients of it."""

    def client(self, service: str):
        return boto3.Session().client(service)


@pytest.fixture
def lab(tmp_path):
    with RunningLab(tmp_path / "lab", rate=60, seed=1) as running:
        yield running


@pytest.fixture
def keep_signals():
    """The command line takes the signals; the tests get theirs back."""
    before = {number: signal.getsignal(number) for number in ASKING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A browser, where one is installed."""
    notebook_page = pytest.importorskip("tests.browser.notebook_page", reason="selenium is not installed")
    if not (notebook_page.CHROMIUM and notebook_page.CHROMEDRIVER):
        pytest.skip("no Chromium with its driver is installed: apt-get install chromium chromium-driver")
    driver = notebook_page.start_chromium(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def until_gone():
    """Wait until processes and paths are gone; fail, and say which are not, when they take too long."""

    pause = threading.Event()

    def wait(pids=(), paths=(), within_s=60.0):
        until = time.monotonic() + within_s
        while left := [*(pid for pid in pids if not is_gone(pid)), *(path for path in paths if Path(path).exists())]:
            assert time.monotonic() < until, [_describe(one) for one in left]
            pause.wait(0.05)

    return wait


def _describe(one) -> str:
    return f"{one}: {' '.join(psutil.Process(one).cmdline())[:200]}" if isinstance(one, int) else str(one)


# What takes longest first, for a long file begun last ends alone. A worker always holds one file more, which waits till
# its own is done: behind the test that takes minutes stands a short one, the fourth of these with three workers.
FIRST = (
    "terraform/test_gate",
    "workflows/test_flow",
    "release_live",
    "test_lease",
    "crash",
    "turn_round",
    "reproved",
    "browser",
    "nothing_left",
)


def pytest_collection_modifyitems(items):
    def turn(item):
        file = item.nodeid.partition("::")[0]
        place = next((place for place, word in enumerate(FIRST) if word in file), len(FIRST))
        return (place, not item.get_closest_marker("live"))

    items.sort(key=turn)
