"""Tasks are real processes of exactly their image, with exactly their variables."""

import asyncio
import json
import os
import socket

import pytest

from awslab.machines.events import InstanceDied, TaskExited, TaskKilled, TaskSignalled, TaskStarted, TaskStartFailed

pytestmark = pytest.mark.live

SAYS_ENVIRONMENT = """
    import json, os, sys
    print(json.dumps({"environment": dict(os.environ), "arguments": sys.argv, "folder": os.getcwd(),
                      "modules": [m for m in sys.modules if m.startswith(("awslab", "hitless"))],
                      "files": sorted(os.listdir("/proc/self/fd")) if os.path.exists("/proc") else []}))
    try:
        import awslab
    except ImportError:
        print("no lab here")
    raise SystemExit(int(os.environ.get("CODE", 0)))
"""
SAYS_MUCH = """
    for number in range(300_000):
        print(f"{number:09d}")
"""


@pytest.fixture(params=[False, True], ids=["fork", "spawn"])
def either_stage(make_stage, request):
    return make_stage(spawn=request.param)


def log_of(stage, task_id):
    return (stage.data / "tasks" / f"{task_id}.log").read_text()


async def ended(stage, task_id):
    return (await stage.ear.first(TaskExited, task_id=task_id)).exit_code


def test_a_task_has_the_variables_it_was_given_and_none_of_the_labs(either_stage, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the lab's own")

    async def body():
        async with either_stage as stage:
            stage.images.add("says", SAYS_ENVIRONMENT, APP_VERSION="baked", APP_COLOUR="baked", HOST="0.0.0.0")
            stage.request_task("t", image="says", APP_COLOUR="given", PORT="8080", CODE="3")
            assert await ended(stage, "t") == 3
            said, rest = log_of(stage, "t").split("\n", 1)
            assert rest == "no lab here\n"
            told = json.loads(said)
            port = (await stage.ear.first(TaskStarted, task_id="t")).host_port
            told["environment"].pop("LC_CTYPE", None)  # Python's own, where the locale is C
            assert told["environment"] == {
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "APP_VERSION": "baked",
                "APP_COLOUR": "given",
                "CODE": "3",
                "HOST": "127.0.0.1",
                "PORT": str(port),
                "HITLESS_TASK_ID": "t",
                "HITLESS_INSTANCE_ID": "i-1",
                "HITLESS_AZ": "us-east-1a",
                "HITLESS_CLOCK_RATE": "60",
            }
            assert told["arguments"] == ["main.py"]
            assert told["folder"] == str(stage.images.path_of("says"))
            assert told["modules"] == []
            assert len(told["files"]) <= 4  # 0, 1, 2 and the listing itself
            assert [file.name for file in stage.images.path_of("says").iterdir()] == ["main.py"]

    asyncio.run(body())


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("raise SystemExit('no')", 1, "no\n"),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("import os; os._exit(7)", 7, ""),
        ("import atexit; atexit.register(print, 'bye')", 0, "bye\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 139, ""),
    ],
)
def test_exit_codes_and_last_words_are_the_processs_own(either_stage, script, code, said):
    async def body():
        async with either_stage as stage:
            stage.images.add("ends", script)
            stage.request_task("t", image="ends")
            assert await ended(stage, "t") == code
            assert said in log_of(stage, "t")

    asyncio.run(body())


def test_sigterm_ends_with_143_unless_it_is_handled_and_sigkill_with_137(either_stage, until):
    waits = "import signal; print('up', flush=True); signal.pause()"

    async def body():
        async with either_stage as stage:
            stage.images.add("waits", waits)
            assert await _told(stage, "handled", "app", TaskSignalled) == 0
            assert log_of(stage, "handled") == "listening\ndrained\n"
            assert await _told(stage, "unhandled", "waits", TaskSignalled) == 143
            assert await _told(stage, "killed", "waits", TaskKilled) == 137

    async def _told(stage, task_id, image, how):
        stage.request_task(task_id, image=image)
        await stage.ear.first(TaskStarted, task_id=task_id)
        await until(lambda: log_of(stage, task_id))
        stage.say(how(task_id=task_id))
        return await ended(stage, task_id)

    asyncio.run(body())


def exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_task_started_itself_ends_with_it(stage, until):
    waits = "import signal; signal.pause()"
    script = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', '{waits}']).pid)"

    async def body():
        async with stage:
            stage.images.add("parent", script)
            stage.request_task("t", image="parent")
            await ended(stage, "t")
            await until(lambda: not exists(int(log_of(stage, "t"))))

    asyncio.run(body())


def test_an_image_that_cannot_be_pulled_and_a_command_that_is_not_there_fail_as_on_ecs(stage):
    async def body():
        async with stage:
            stage.request_task("t1", image="nowhere")
            failed = await stage.ear.first(TaskStartFailed, task_id="t1")
            assert failed.reason.startswith("CannotPullContainerError: ")
            stage.request_task("t2", command=("/no/such/program",))
            assert await ended(stage, "t2") == 127
            stage.request_task("t3", command=("python", "missing.py"))
            assert await ended(stage, "t3") == 2
            stage.request_task("t4", command=("python", "-c", "print('said')"))
            assert await ended(stage, "t4") == 0
            assert log_of(stage, "t4") == "said\n"

    asyncio.run(body())


def test_a_tasks_port_is_its_own_until_it_listens(stage):
    listens_late = "import signal; signal.pause()"

    async def body():
        async with stage:
            stage.images.add("late", listens_late)
            stage.request_task("t", image="late")
            port = (await stage.ear.first(TaskStarted, task_id="t")).host_port
            with socket.socket() as other, pytest.raises(OSError):
                other.bind(("127.0.0.1", port))

    asyncio.run(body())


def test_a_fixed_host_port_is_taken_once_a_host(stage):
    async def body():
        async with stage:
            port = await stage.listen()
            one = await stage.run_task("t1", host="i-1", host_port=8080)
            two = await stage.run_task("t2", host="i-2", host_port=8080)
            assert (one, two) == (("i-1", 8080), ("i-2", 8080))
            stage.request_task("t3", host="i-1", host_port=8080)
            assert "already allocated" in (await stage.ear.first(TaskStartFailed, task_id="t3")).reason
            stage.route(one, two)
            assert port != 8080

    asyncio.run(body())


def test_when_a_host_dies_its_tasks_die_and_nothing_answers_there(stage, ask):
    async def body():
        async with stage:
            port = await stage.listen()
            endpoint = await stage.run_task("t", host="i-1")
            stage.route(endpoint)
            stage.say(InstanceDied(instance_id="i-1"))
            assert await ended(stage, "t") == 137
            assert (await stage.check(endpoint, timeout_s=5.0)).error == "timeout"
            assert (await ask(port))[0] == 504
            stage.request_task("late", host="i-1")
            assert await ended(stage, "late") == 137

    asyncio.run(body())


def test_a_log_is_bounded(stage):
    async def body():
        async with stage:
            stage.images.add("chatty", SAYS_MUCH)
            stage.request_task("t", image="chatty")
            assert await ended(stage, "t") == 0
            assert log_of(stage, "t").endswith("000299999\n")
            assert sum(file.stat().st_size for file in (stage.data / "tasks").iterdir()) <= 2 * 2**20

    asyncio.run(body())
