"""Nothing of the lab outlives it, however it ends; and a lab that lost a part of itself says so and stops."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from awslab.dataplane.child import Child
from awslab.machines.events import TaskStarted
from hitless.errors import Failed

pytestmark = pytest.mark.live

HOLDS_A_LAB = """
import asyncio, importlib.util, sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("stage", sys.argv[1])
conftest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(conftest)

async def main():
    async with conftest.Stage(Path(sys.argv[2])) as stage:
        port = await stage.listen()
        endpoints = [await stage.run_task(f"t{n}") for n in range(2)]
        pids = [stage.plane.balancer.pid, stage.plane.fork_server.pid]
        pids += [task.pid for task in stage.plane.tasks.values()]
        print(*pids, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def hold_a_lab(data):
    """A process with a lab and two tasks: (process, pids of all it started)."""
    command = [sys.executable, "-c", HOLDS_A_LAB, Path(__file__).with_name("conftest.py"), data]
    control = subprocess.Popen(command, stdout=subprocess.PIPE)
    return control, [int(pid) for pid in control.stdout.readline().split()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_when_the_control_process_dies_everything_dies(tmp_path, until, number):
    control, pids = hold_a_lab(tmp_path)
    with control:
        assert len(pids) == 4 and not any(map(gone, pids))
        control.send_signal(number)
        asyncio.run(until(lambda: all(map(gone, pids))))


def test_a_clean_stop_leaves_no_process_and_no_port(stage, ask):
    async def body():
        async with stage:
            port = await stage.listen()
            await stage.run_task("t")
            pids = [stage.plane.balancer.pid, stage.plane.fork_server.pid, stage.plane.tasks["t"].pid]
        assert all(map(gone, pids))
        with pytest.raises(ConnectionRefusedError):
            await ask(port)
        assert stage.losses == [] and not stage.plane.was_lost

    asyncio.run(body())


@pytest.mark.parametrize("which", ["balancer", "fork_server"])
def test_when_a_child_dies_the_lab_says_so_and_stops(stage, until, which, caplog):
    async def body():
        async with stage:
            await stage.run_task("t")
            pids = [stage.plane.balancer.pid, stage.plane.fork_server.pid, stage.plane.tasks["t"].pid]
            os.kill(getattr(stage.plane, which).pid, signal.SIGKILL)
            await until(lambda: all(map(gone, pids)))
            assert stage.plane.was_lost and stage.losses == [1]
            assert "exit code  -9" in caplog.text and "-> Start the lab again" in caplog.text
            with pytest.raises(AssertionError, match="data plane is gone"):
                stage.route()

    asyncio.run(body())


def test_a_child_that_cannot_start_says_so_and_is_not_left_behind(capfd):
    async def body():
        child = Child("tasks", {"no": "logs"}, hear=print, lost=print)
        with pytest.raises(Failed, match="ended while it started"):
            await child.start()
        await child.stop()
        assert child.exit_code == 1

    asyncio.run(body())
    assert "KeyError: 'logs'" in capfd.readouterr().err


def test_a_stop_in_the_middle_of_everything_leaves_nothing(stage, until):
    async def body():
        others = {child.pid for child in psutil.Process().children(recursive=True)}
        async with stage:
            for n in range(5):
                stage.request_task(f"t{n}")
            await stage.ear.first(TaskStarted)
            pids = {child.pid for child in psutil.Process().children(recursive=True)} - others
        await until(lambda: all(map(gone, pids)))

    asyncio.run(body())
