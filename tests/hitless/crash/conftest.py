"""A runbook as a process on a lab, and hands that end it at a moment of its journal."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from hitless.ending import read_past
from hitless.journal import read
from hitless.lab import Lab
from tests.hitless.web import Web

CHECKOUT = Path(__file__).parents[3]
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
WAIT_S = 600.0  # real seconds; nothing takes longer, a whole environment on a busy machine included
GRACE_S = 20.0  # what is blocked in a cell that awaits hears no interrupt, and is ended
FROM_WITHIN = ("failed cell", "sys.exit(0)", "cell time-out")


def pytest_terminal_summary(terminalreporter):
    """Say how many cases passed: one test may end a run at many moments."""
    passed = terminalreporter.getreports("passed")
    cases = sum(count for report in passed for name, count in report.user_properties if name == "cases")
    if cases:
        terminalreporter.write_line(f"{cases} times a run was ended, and its record told the truth")


class Operator:
    """Somebody who types `hitless …` for one run."""

    def __init__(self, folder, runbook, **parameters):
        self.folder, self.runbook = folder, runbook
        self.given = [f"-p={name}={value}" for name, value in parameters.items()]

    def start(self, *words, env=None):
        command = [sys.executable, "-m", "hitless", *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process = subprocess.Popen(command, cwd=CHECKOUT, env=env, start_new_session=True, **pipes)
        self.said = []
        threading.Thread(target=lambda: self.said.extend(process.stdout), daemon=True).start()
        return process

    def run(self, *options, env=None):
        """Run it, or go on with it."""
        if self.folder.exists():
            return self.start("run", "--resume", self.folder, *options, env=env)
        path = f"runbooks/{self.runbook}.ipynb"
        return self.start("run", path, "--run-dir", self.folder, "--approve", "lab", *options, *self.given, env=env)

    def run_and_end_within(self, kind, facts, way, cell_timeout_s):
        """A run whose kernel ends it by itself, right after an entry of this kind that says this.

        With the way "from without" it only stands still for some seconds, to be ended at that very moment.
        """
        profile = self.folder.parent / f"ipython-{self.runbook}"
        startup = profile / "profile_default" / "startup"
        startup.mkdir(parents=True, exist_ok=True)
        self.mark.unlink(missing_ok=True)
        shutil.copy(Path(__file__).with_name("from_within.py"), startup)
        told = {"IPYTHONDIR": profile, "END_AT": kind, "END_FACTS": json.dumps(facts), "END_BY": way}
        env = {**os.environ, **{name: str(value) for name, value in told.items()}, "END_MARK": str(self.mark)}
        return self.run("--cell-timeout", str(cell_timeout_s), "--stop-grace", str(GRACE_S), env=env)

    @property
    def mark(self):
        return self.folder.with_name(f"{self.folder.name}-ended-from-within")

    def do(self, *words):
        """Type it and wait: exit code, what was said."""
        code = self.wait(self.start(*words))
        return code, "".join(self.said)

    def wait(self, process):
        """The exit code; what was said when there is none."""
        try:
            return process.wait(WAIT_S)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise AssertionError("".join(self.said)) from error

    def entries(self):
        path = self.folder / "journal.jsonl"
        return read(path, torn_tail_ok=True) if path.exists() else []

    def until(self, process, is_there):
        """Wait until something is there; the run may be over before."""
        end, pause = time.monotonic() + WAIT_S, threading.Event()
        while process.poll() is None and not is_there():
            assert time.monotonic() < end, "".join(self.said)
            pause.wait(0.005)

    def has_said(self, moment):
        """Whether the journal says so; it is read again only when it has grown."""
        size = -1

        def look():
            nonlocal size
            before, size = size, self._journal_size()
            return size != before and any(map(moment, self.entries()))

        return look

    def _journal_size(self):
        path = self.folder / "journal.jsonl"
        return path.stat().st_size if path.exists() else 0

    @property
    def past(self):
        return read_past(self.folder)

    @property
    def notebook(self):
        """The last attempt's, readable and valid."""
        (*_, newest) = sorted(self.folder.glob(f"{self.runbook}*.ipynb"), key=lambda path: path.stat().st_mtime)
        notebook = nbformat.read(newest, as_version=4)
        nbformat.validate(notebook)
        return notebook


def kill_kernel(process):
    for child in psutil.Process(process.pid).children(recursive=True):
        if "ipykernel_launcher" in " ".join(child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)


def send(number):
    return lambda process: process.send_signal(number)


WAYS = {
    "kernel killed": kill_kernel,
    "SIGINT": send(signal.SIGINT),
    "SIGTERM": send(signal.SIGTERM),
    "runner killed": send(signal.SIGKILL),
}


def of_kind(kind, **facts):
    return lambda entry: entry.kind == kind and facts.items() <= entry.facts.items()


class Kept:
    """One lab with its service for many cases; a case that did not end well leaves the next a new one."""

    def __init__(self, make_folder):
        self._make_folder, self._running, self.is_clean = make_folder, None, False
        self.web = None

    def take(self, records):
        if not self.is_clean:
            self.close()
            folder = self._make_folder("kept")
            self._running = Lab(folder / "lab", 60, 1)
            self._running.__enter__()
            self.web = Web(folder)
            self.web.new_template_version()
        self.is_clean, self.web.tmp_path = False, records
        self.web.until_quiet()
        return self.web

    def close(self):
        if self._running is not None:
            self._running.__exit__(None, None, None)
            self._running = None


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    kept = Kept(tmp_path_factory.mktemp)
    yield kept
    kept.close()


@pytest.fixture
def web(lab, tmp_path):
    return Web(tmp_path)


@pytest.fixture
def operator(tmp_path):
    return lambda runbook, **parameters: Operator(tmp_path / "run", runbook, **parameters)
