"""A run ends as it says: exit code, record and report, also when it is interrupted."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from hitless import pack, runner
from hitless.ending import read_past
from hitless.errors import Refused
from tests.hitless.notebooks import write_runbook

pytestmark = pytest.mark.live

WAITS = """
import asyncio, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
try:
    print("waiting", flush=True)
    for _ in range(400):
        await asyncio.sleep(0.1)
finally:
    print("way back ran", flush=True)
"""
BLOCKS = "import time\nprint('waiting', flush=True)\ntime.sleep(60)"
STUBBORN = (
    "import time\nprint('waiting', flush=True)\nwhile True:\n"
    "    try:\n        time.sleep(60)\n    except KeyboardInterrupt:\n        print('no', flush=True)"
)
REPLIES_LATE = """
import time
session = get_ipython().kernel.session
send = session.send

def send_late(stream, what, *args, **kwargs):
    if what == "execute_reply":
        print("waiting", flush=True)
        time.sleep(60)
    return send(stream, what, *args, **kwargs)

session.send = send_late
"""
SWALLOWS = "import time\nprint('waiting', flush=True)\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    pass"


def states(folder):
    """What the executed notebook says of its cells; papermill's own error banners left out."""
    cells = json.loads((folder / "05-try.ipynb").read_text())["cells"]
    return [cell["metadata"]["papermill"]["status"] for cell in cells if "papermill" in cell["metadata"]]


class Run:
    """`hitless run` as a process, in a folder of its own."""

    def __init__(self, folder, *sources):
        self.folder = folder / "run"
        runbook = write_runbook(folder / "05-try.ipynb", *sources)
        command = [sys.executable, "-m", "hitless", "run", str(runbook), "--run-dir", str(self.folder)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, cwd=folder
        )

    def until(self, word):
        for line in self.process.stdout:
            if word in line:
                return
        raise AssertionError(f"never said {word}")

    def tree(self):
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def end(self):
        """Exit code, what was still said."""
        said = self.process.stdout.read()
        return self.process.wait(120), said

    def record(self):
        return states(self.folder)


@pytest.fixture
def run(tmp_path):
    runs = []

    def start(*sources):
        runs.append(Run(tmp_path, *sources))
        return runs[-1]

    yield start
    for one in runs:
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()
        one.process.stdout.close()


def execute(folder, *sources):
    """Run a runbook in this process: exit code, states of its cells."""
    code = runner.run(write_runbook(folder / "05-try.ipynb", *sources), {}, folder / "run")
    return code, states(folder / "run")


@pytest.mark.parametrize(
    ("source", "code", "says"),
    [
        ("print('well')", 0, "after"),
        ("from hitless.errors import NotReady\nraise NotReady('No.', do='wait')", 3, "NotReady: No.\n    -> wait"),
        ("from hitless.errors import RolledBack\nraise RolledBack('Undone.')", 4, "RolledBack: Undone."),
        ("1 / 0", 4, "ZeroDivisionError"),
    ],
)
def test_the_exit_code_says_whether_anything_was_changed(tmp_path, capsys, source, code, says):
    ended, record = execute(tmp_path, source, "print('after')")
    said = capsys.readouterr().out
    assert (ended, record[-1]) == (code, "pending" if code else "completed")
    assert says in said and ("after" in said) is (code == 0) and (tmp_path / "run" / "report.html").exists()


def test_a_kernel_that_dies_is_a_failure_and_the_rest_never_ran(tmp_path):
    code, record = execute(tmp_path, "import os\nos._exit(0)", "print('never')")
    assert (code, record[-2:]) == (4, ["failed", "pending"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_runs_the_way_back_and_keeps_a_true_record(run, until_gone, number):
    one = run(WAITS, "print('never')")
    one.until("waiting")
    children = one.tree()
    one.process.send_signal(number)
    code, said = one.end()
    assert code == 128 + number and "way back ran" in said and "never" not in said
    assert one.record()[-2:] == ["failed", "pending"] and (one.folder / "report.html").exists()
    assert len(children) >= 3  # kernel, its child, the janitor
    until_gone(pids=children)


def test_a_cell_that_swallows_the_interrupt_is_the_last(run):
    one = run(SWALLOWS, "print('never')")
    one.until("waiting")
    one.process.send_signal(signal.SIGINT)
    code, said = one.end()
    assert code == 130 and "never" not in said and one.record()[-2:] == ["completed", "pending"]


def test_an_interrupt_as_a_cell_ends_is_heard_though_the_kernel_drops_its_reply(run):
    one = run(REPLIES_LATE, "print('never')")
    one.until("waiting")
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(20) == 143 and one.record()[-2:] == ["failed", "pending"]


def test_a_run_goes_on_when_nobody_listens_any_more(run):
    one = run("print('first', flush=True)\nimport time\ntime.sleep(0.5)\nprint('more', flush=True)", "print('last')")
    one.until("first")
    one.process.stdout.close()
    assert one.process.wait(120) == 0 and one.record()[-1] == "completed"


def test_a_second_signal_ends_what_does_not_stop(run, until_gone):
    one = run(STUBBORN, "print('never')")
    one.until("waiting")
    children = one.tree()
    one.process.send_signal(signal.SIGINT)
    one.until("no")
    one.process.send_signal(signal.SIGINT)
    code, _ = one.end()
    assert code == 130 and one.record()[-2:] == ["failed", "pending"]
    until_gone(pids=children)


def test_who_is_killed_takes_everything_along(run, until_gone):
    one = run(BLOCKS)
    one.until("waiting")
    children = one.tree()
    one.process.kill()
    until_gone(pids=children)


def outcome(folder):
    """How the run ended, by its journal and by its notebook."""
    notebook = json.loads((folder / "05-try.ipynb").read_text())
    return read_past(folder).outcome, notebook["metadata"]["hitless"]["run"]["outcome"]


@pytest.mark.parametrize(
    ("source", "ended", "code"),
    [
        ("print('well')", "done", 0),
        ("1 / 0", "failed", 4),
        ("from hitless.errors import NotReady\nraise NotReady('No.')", "refused", 3),
        ("from hitless.errors import RolledBack\nraise RolledBack('Undone.')", "rolled back", 4),
        ("import sys\nsys.exit(0)", "stopped early", 4),
        ("import os\nos._exit(0)", "kernel died", 4),
        (WAITS, "timeout", 4),
    ],
)
def test_every_ending_has_its_word_in_journal_and_notebook(tmp_path, source, ended, code):
    runbook = write_runbook(tmp_path / "05-try.ipynb", source, "print('after')")
    limited = runner.Settings(cell_timeout_s=3.0)
    assert runner.run(runbook, {}, tmp_path / "run", limited) == code
    assert outcome(tmp_path / "run") == (ended, ended)
    assert not pack.first_wrong(pack.verify(tmp_path / "run"))
    if ended == "timeout":
        assert "way back ran" in (tmp_path / "run" / "05-try.ipynb").read_text()


def test_a_run_is_gone_on_with_as_it_was_asked_for(tmp_path):
    flag = tmp_path / "flag"
    source = f"from pathlib import Path\nassert Path({str(flag)!r}).exists(), COUNT"
    runbook = write_runbook(tmp_path / "05-try.ipynb", source)
    assert runner.run(runbook, {"COUNT": 7}, tmp_path / "run") == 4
    with pytest.raises(Refused, match="holds a run already"):
        runner.run(runbook, {"COUNT": 7}, tmp_path / "run")
    flag.touch()
    assert runner.resume(tmp_path / "run") == 0
    assert "COUNT = 7" in (tmp_path / "run" / "05-try.attempt-2.ipynb").read_text()
    with pytest.raises(Refused, match="is done"):
        runner.resume(tmp_path / "run")


def test_what_was_changed_since_is_not_gone_on_with(tmp_path):
    runbook = write_runbook(tmp_path / "05-try.ipynb", "1 / 0")
    runner.run(runbook, {}, tmp_path / "run")
    write_runbook(tmp_path / "run" / "runbook.source.ipynb", "print('something else')")
    with pytest.raises(Refused, match="was changed"):
        runner.resume(tmp_path / "run")
    with pytest.raises(Refused, match="no run"):
        runner.resume(tmp_path / "elsewhere")
