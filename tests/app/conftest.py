import asyncio
import http.client
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"


@pytest.fixture(scope="session", autouse=True)
def importable():
    """The app's modules are found as they are in its image: beside main.py."""
    sys.path.insert(0, str(APP))
    yield
    sys.path.remove(str(APP))


class Process:
    """The app as a real process on a free port."""

    def __init__(self, **environment):
        own = {name: value for name, value in os.environ.items() if not name.startswith(("HITLESS_", "AWS_", "ECS_"))}
        self.child = subprocess.Popen(
            [sys.executable, "-u", str(APP / "main.py")],
            env={**own, "HOST": "127.0.0.1", "PORT": "0", **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.log = ""

    def wait_for(self, words, timeout_s=20):
        until = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as ready:
            ready.register(self.child.stdout, selectors.EVENT_READ)
            while not (found := re.search(words, self.log)):
                assert ready.select(max(0, until - time.monotonic())), f"no {words!r} in {self.log!r}"
                line = self.child.stdout.readline()
                assert line, f"it ended: {self.log!r}"
                self.log += line
        return found

    @property
    def port(self):
        return int(self.wait_for(r"port (\d+)").group(1))

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(self, path, connection=None):
        connection = connection or self.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer, answer.read()

    def signal(self, number=signal.SIGTERM):
        self.child.send_signal(number)

    def ended(self, timeout_s=20):
        code = self.child.wait(timeout_s)
        self.log += self.child.stdout.read()
        return code

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()


@pytest.fixture
def start():
    processes = []

    def start(**environment):
        processes.append(Process(**environment))
        return processes[-1]

    yield start
    for process in processes:
        process.close()


@pytest.fixture
def ask():
    """Serve the app in-process and ask it: (status, headers, body)."""
    from aiohttp.test_utils import TestClient, TestServer

    def ask(*paths, environment=(), now=time.monotonic, method="GET", headers=None):
        from drain import Drain
        from faults import Faults
        from identity import read_identity
        from main import Service
        from settings import read_settings

        async def talk():
            variables = dict(environment)
            settings = read_settings(variables)
            identity = await read_identity(variables)
            service = Service(settings, identity, Drain(1, 25, now), Faults(settings, now))
            async with TestClient(TestServer(service.application(), host="127.0.0.1")) as client:
                answers = []
                for path in paths:
                    async with client.request(method, path, headers=headers) as answer:
                        answers.append((answer.status, answer.headers, await answer.text()))
                return answers

        answers = asyncio.run(talk())
        return answers[0] if len(paths) == 1 else answers

    return ask


@pytest.fixture
def facts():
    return lambda answer: json.loads(answer[2])
