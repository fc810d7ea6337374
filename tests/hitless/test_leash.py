"""What is on a leash ends with its starter; what is not, does not."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hitless.leash import leashed
from hitless.scratch import Scratch

pytestmark = pytest.mark.live

STUBBORN = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
COUNTING = """
import signal, time
asked = []
signal.signal(signal.SIGINT, lambda *_: (asked.append(1), print('asked', flush=True)))
print('up', flush=True)
while not asked:
    time.sleep(0.01)
time.sleep(0.2)  # for a second one to come
"""
OBEDIENT = """
import sys, time
try:
    print('up', flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(7)
"""


def start(code, grace_s=5.0, leash=True):
    command = [sys.executable, "-c", code]
    child = subprocess.Popen(
        leashed(command, grace_s=grace_s) if leash else command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout.readline() == "up\n"
    return child


def test_it_is_asked_when_the_pipe_closes_and_its_exit_code_is_passed_on():
    with start(OBEDIENT) as child:
        child.stdin.close()
        assert child.wait(5) == 7


def test_who_does_not_go_is_killed():
    with start(STUBBORN, grace_s=0.2) as child:
        child.stdin.close()
        assert child.wait(5) == -signal.SIGKILL


def test_without_a_leash_it_stays():
    child = start(STUBBORN, leash=False)
    child.stdin.close()
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.5)
    child.kill()
    child.wait()
    child.stdout.close()


def test_a_signal_is_handed_on_once_and_not_asked_again_by_the_end_of_the_pipe():
    with start(COUNTING) as child:
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "asked\n"
        child.stdin.close()
        assert child.stdout.read() == "" and child.wait(5) == 0


HOLDS = """
import sys
from hitless.scratch import Scratch
with Scratch("hitless-test-") as path:
    (path / "x").mkdir()
    print(path, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_scratch_folder_goes_with_its_process(until_gone, number):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with child:
        path = child.stdout.readline().strip()
        janitors = psutil.Process(child.pid).children(recursive=True)
        assert Path(path).stat().st_mode & 0o777 == 0o700 and janitors
        child.send_signal(number)
        until_gone(paths=[path], pids=[janitor.pid for janitor in janitors])


def test_a_scratch_folder_is_gone_after_its_block():
    with Scratch("hitless-test-") as path:
        (path / "deep" / "er").mkdir(parents=True)
    assert not path.exists()


def test_a_signal_and_the_end_of_the_pipe_at_once_ask_once():
    for _ in range(20):
        with start(COUNTING) as child:
            child.send_signal(signal.SIGINT)
            child.stdin.close()
            assert child.stdout.read() == "asked\n" and child.wait(5) == 0
