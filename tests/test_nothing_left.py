"""However the lab, a demo or JupyterLab ends, and whenever: no process, no port and no folder of it stays.

Everything a command starts inherits a variable with a name nobody else uses, whatever sessions it moves to; that is how
its processes are found again.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.hitless.notebooks import write_runbook

pytestmark = pytest.mark.live

CHECKOUT = Path(__file__).parents[1]
FOLDERS = ("awslab-*", "hitless-*")
LEAVE_S = 60.0  # on a machine that is busy with other things
INT, TERM, KILL, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP


class Command:
    """A command with its own temporary folder, and every process that comes of it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._mark, self._temporary = f"HITLESS_TEST_{secrets.token_hex(8)}", folder
        environment = {**os.environ, self._mark: "1", "TMPDIR": str(folder)}
        self._said = (folder / "said.txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def said(self) -> str:
        return Path(self._said.name).read_text()

    def processes(self) -> dict[int, str]:
        """{pid: command line} of all that live."""
        found = {}
        for process in psutil.process_iter():
            try:
                if self._mark in process.environ() and process.status() != psutil.STATUS_ZOMBIE:
                    found[process.pid] = " ".join(process.cmdline())[:300]
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def folders(self) -> list[Path]:
        return [path for pattern in FOLDERS for path in self._temporary.glob(pattern)]

    def ports(self) -> list[int]:
        return [int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)", self.said())]

    def until(self, moment, within_s: float = 60.0) -> None:
        """Wait until `moment(self)`; the command must live until then."""
        end, pause = time.monotonic() + within_s, threading.Event()
        while not moment(self):
            assert time.monotonic() < end and self.process.poll() is None, self.said()
            pause.wait(0.02)

    def assert_nothing_left(self) -> None:
        end, pause = time.monotonic() + LEAVE_S, threading.Event()
        while left := [*self.processes().items(), *self.folders()]:
            assert time.monotonic() < end, (left, self.said())
            pause.wait(0.05)
        for port in self.ports():
            with socket.socket() as one:
                assert one.connect_ex(("127.0.0.1", port)) != 0, port

    def end(self) -> None:
        for pid in self.processes():
            os.kill(pid, KILL)
        self.process.wait()
        self.process.stdin.close()
        self._said.close()


@pytest.fixture
def command(tmp_path):
    commands = []

    def start(*arguments):
        folder = tmp_path / f"tmp{len(commands)}"
        folder.mkdir()
        commands.append(Command(folder, *arguments))
        return commands[-1]

    yield start
    for one in commands:
        one.end()


def says(text):
    return lambda command: text in command.said()


def runs(text):
    return lambda command: any(text in line for line in command.processes().values())


def has_folder(command):
    return bool(command.folders())


READY = says("listeners appear")


@pytest.mark.parametrize(
    ("moment", "number", "code"),
    [(has_folder, TERM, 0), (has_folder, KILL, -KILL), (READY, INT, 0), (READY, HUP, 0), (READY, KILL, -KILL)],
    ids=["starting-term", "starting-kill", "ready-int", "ready-hup", "ready-kill"],
)
def test_a_lab_leaves_nothing(command, moment, number, code):
    lab = command("-m", "awslab")
    lab.until(moment)
    lab.process.send_signal(number)
    assert lab.process.wait(LEAVE_S) == code
    lab.assert_nothing_left()


def test_a_lab_goes_when_its_leash_is_let_go(command):
    lab = command("-m", "awslab", "--leash")
    lab.until(READY)
    lab.process.stdin.close()
    assert lab.process.wait(LEAVE_S) == 0
    lab.assert_nothing_left()


STARTS_A_LAB = """
import subprocess, sys
command = [sys.executable, "-m", "awslab"]
subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
sys.stdin.read()
"""


def test_without_a_leash_a_lab_outlives_who_started_it(command):
    starter = command("-c", STARTS_A_LAB)
    starter.until(READY)
    starter.process.kill()
    starter.process.wait()
    (lab,) = [pid for pid, line in starter.processes().items() if line.endswith("-m awslab")]
    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", starter.ports()[0])) == 0
    os.kill(lab, TERM)
    starter.assert_nothing_left()


TERRAFORM = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "exec sleep 60"
  }
}
"""
APPLIES = """
from hitless.terraform import Terraform
terraform = Terraform({root!r}, {state!r})
terraform.init()
terraform.apply(terraform.plan({{}}))
"""


def test_jupyterlab_ends_with_its_lab_and_its_kernels(command):
    moments = [(TERM, 0), (KILL, -KILL)]
    labs = [command("-m", "hitless", "lab", "--no-provision", "--no-browser", "--port", "0") for _ in moments]
    try:
        for lab, (number, _) in zip(labs, moments, strict=True):
            lab.until(says("token="))
            _start_kernel(lab)
            lab.until(runs("ipykernel_launcher"))
            lab.process.send_signal(number)
        for lab, (_, code) in zip(labs, moments, strict=True):
            assert lab.process.wait(LEAVE_S) == code, lab.said()
            lab.assert_nothing_left()
    finally:
        for lab in labs:
            shutil.rmtree(CHECKOUT / re.search(r"JupyterLab on (\S+)/", lab.said()).group(1))


def _start_kernel(lab):
    """As a page does that opens the notebook the printed address names."""
    base, path, token = re.search(r"(http://127.0.0.1:\d+)/lab/tree/(\S+)\?token=(\w+)", lab.said()).groups()
    session = {"path": path, "type": "notebook", "name": path, "kernel": {"name": "python3"}}
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{base}/api/sessions", json.dumps(session).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201
    (kernel,) = [psutil.Process(pid) for pid, line in lab.processes().items() if "ipykernel_launcher" in line]
    assert Path(kernel.cwd()) == CHECKOUT and kernel.environ()["AWS_ENDPOINT_URL"] in lab.said()


@pytest.mark.terraform
def test_a_demo_leaves_nothing_whenever_it_is_stopped(command, tmp_path):
    moments = [(has_folder, INT, 130), (runs("ipykernel_launcher"), TERM, 143), (runs("terraform init"), KILL, -KILL)]
    demos = [command("-m", "hitless", "demo", "--out", str(tmp_path / f"out{n}")) for n in range(len(moments))]
    for demo, (moment, number, _) in zip(demos, moments, strict=True):
        demo.until(moment)
        demo.process.send_signal(number)
    for demo, (_, _, code) in zip(demos, moments, strict=True):
        assert demo.process.wait(LEAVE_S) == code, demo.said()
        demo.assert_nothing_left()


@pytest.mark.terraform
def test_a_run_leaves_no_terraform_whenever_it_is_stopped(command, tmp_path):
    ends = [(INT, 130), (TERM, 143), (KILL, -KILL)]
    runs_ = [_run_terraform(command, tmp_path / f"run{n}") for n in range(len(ends))]
    for run, (number, _) in zip(runs_, ends, strict=True):
        run.until(runs("sleep 60"))
        assert any("terraform apply" in line for line in run.processes().values())
        run.process.send_signal(number)
    for run, (_, code) in zip(runs_, ends, strict=True):
        assert run.process.wait(LEAVE_S) == code, run.said()
        run.assert_nothing_left()
    for n in range(len(ends)):  # Terraform was asked, not torn out: it saved its state and let go of the lock
        assert sorted(path.name for path in (tmp_path / f"run{n}" / "state").glob("*.tfstate*")) == [
            "terraform.tfstate"
        ]
        assert not list((tmp_path / f"run{n}" / "state").glob(".*.lock.info"))


def _run_terraform(command, folder):
    root = folder / "terraform" / "envs" / "small"
    root.mkdir(parents=True)
    (root / "main.tf").write_text(TERRAFORM)
    source = APPLIES.format(root=str(root), state=str(folder / "state"))
    runbook = write_runbook(folder / "05-apply.ipynb", source)
    return command("-m", "hitless", "run", str(runbook), "--run-dir", str(folder / "record"))
