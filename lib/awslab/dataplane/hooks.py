"""Runs the functions that CodeDeploy invokes, each as a process of its own, of exactly the code Lambda was given.

A process gets its function's variables, the lab's endpoint and nothing else of the lab. What it says about a deployment
it says itself, by PutLifecycleEventHookExecutionStatus; one that crashes says nothing, and CodeDeploy waits an hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from awslab.clock import ScaledClock
from awslab.dataplane import function_process
from awslab.dataplane.child import LIB
from awslab.dataplane.log_file import LogFile
from awslab.dataplane.process import Setup, script_of
from awslab.functions import Function, FunctionNotFound, FunctionStore
from awslab.machines.events import (
    FunctionStarted,
    HookInvoked,
    HookRefused,
    ListenerBound,
    ListenerClosed,
    ListenerOpened,
)
from awslab.machines.machine import Event, Machine, new_uuid
from awslab.world import World

READ_BYTES = 64 * 1024
LATE_S = 2.0  # real seconds after which a function that does not end itself in time is killed
LISTENER_URL = re.compile(r"https?://(?:127\.0\.0\.1|localhost):(\d+)")
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")


class Lab(Protocol):
    """What running functions takes of a lab."""

    clock: ScaledClock
    world: World
    data: Path


class HookRunner(Machine):
    """Starts a process for each hook CodeDeploy invokes.

    Args:
        lab: The lab it serves, on one event loop.

    Attributes:
        environment: What a client of the lab exports (endpoint, credentials, region); set it before the first hook.
    """

    name = "hook functions"

    def __init__(self, lab: Lab) -> None:
        self._store, self._rate = FunctionStore(lab.data), lab.clock.rate
        self._rng = lab.world.random("hook functions")
        self._running: dict[subprocess.Popen, asyncio.Task] = {}
        self._now = lab.clock.now
        self._ports: dict[str, int] = {}  # listener ARN -> the port it was made with
        self._loopback_ports: dict[str, int] = {}  # listener ARN -> the port it has here
        self.environment: Mapping[str, str] = {}
        self._on = {
            HookInvoked: self._invoke,
            ListenerOpened: self._open,
            ListenerBound: self._bind,
            ListenerClosed: self._close,
        }
        self.hears = tuple(self._on)

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Run a function, or learn where a listener is."""
        return self._on[type(event)](event)

    async def stop(self) -> None:
        """End every function that still runs; returns when they have ended."""
        for process in self._running:
            _kill(process)
        await self.idle()

    async def idle(self) -> None:
        """Return when no function runs any more."""
        await asyncio.gather(*self._running.values())

    def _open(self, event: ListenerOpened) -> Iterable[Event]:
        self._ports[event.listener_arn] = event.port
        return ()

    def _bind(self, event: ListenerBound) -> Iterable[Event]:
        self._loopback_ports[event.listener_arn] = event.host_port
        return ()

    def _close(self, event: ListenerClosed) -> Iterable[Event]:
        self._ports.pop(event.listener_arn, None)
        self._loopback_ports.pop(event.listener_arn, None)
        return ()

    def _invoke(self, event: HookInvoked) -> Iterable[Event]:
        try:
            function = self._store.read(event.function_name)
        except FunctionNotFound as why:
            return [HookRefused(hook_execution_id=event.hook_execution_id, reason=str(why))]
        payload = {
            "DeploymentId": event.deployment_id,
            "LifecycleEventHookExecutionId": event.hook_execution_id,
        }
        request_id = new_uuid(self._rng)
        self._watch(self._start(function, request_id, payload), function, request_id)
        return [FunctionStarted(function_name=function.name, request_id=request_id)]

    def _start(self, function: Function, request_id: str, payload: dict[str, str]) -> subprocess.Popen:
        timeout_s = function.timeout_s / self._rate
        arguments = [function.handler, json.dumps(payload), request_id, repr(timeout_s), repr(function.timeout_s)]
        setup = Setup(
            folder=str(self._store.folder_of(function)),
            command=("python", str(Path(function_process.__file__)), *arguments),
            parent_pid=os.getpid(),
            hidden=(str(LIB),),
        )
        return subprocess.Popen(
            script_of(setup),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment(function),
            process_group=0,
        )

    def _environment(self, function: Function) -> dict[str, str]:
        """All variables of a function: the lab's and Lambda's own can't be overridden."""
        return {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **{name: self._mapped(value) for name, value in function.environment},
            **self.environment,
            "PYTHONUNBUFFERED": "1",  # else what it said last is lost with SIGKILL
            "AWS_CONFIG_FILE": os.devnull,  # nobody's own account
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "LAMBDA_TASK_ROOT": str(self._store.folder_of(function)),
        }

    def _mapped(self, text: str) -> str:
        """Text with addresses of listeners, as AWS would serve them, turned into where the lab serves them."""
        here = {port: self._loopback_ports.get(arn) for arn, port in self._ports.items()}

        def replace(found: re.Match[str]) -> str:
            port = here.get(int(found[1]))
            return f"http://127.0.0.1:{port}" if port else found[0]

        return LISTENER_URL.sub(replace, text)

    def _watch(self, process: subprocess.Popen, function: Function, request_id: str) -> None:
        loop = asyncio.get_running_loop()
        log = LogFile(self._store.log_of(function.name, request_id), now=self._now)
        limit_s = function_process.INIT_S_MAX + function.timeout_s / self._rate + LATE_S
        alarm = loop.call_later(limit_s, _kill, process)
        self._running[process] = loop.create_task(self._follow(process, log, alarm))

    async def _follow(self, process: subprocess.Popen, log: LogFile, alarm: asyncio.TimerHandle) -> None:
        """Keep what it prints until it has ended, and all it started with it."""
        loop, output = asyncio.get_running_loop(), process.stdout.fileno()
        os.set_blocking(output, False)
        loop.add_reader(output, _copy, output, log, loop)
        await loop.run_in_executor(None, process.wait)
        alarm.cancel()
        _kill(process)
        _copy(output, log, loop)
        loop.remove_reader(output)
        log.end()
        process.stdout.close()
        del self._running[process]


def _copy(output: int, log: LogFile, loop: asyncio.AbstractEventLoop) -> None:
    with contextlib.suppress(BlockingIOError):
        while data := os.read(output, READ_BYTES):
            log.write(data)
        loop.remove_reader(output)  # it has closed its output, and would be found readable for ever


def _kill(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: macOS, when all are zombies
        os.killpg(process.pid, signal.SIGKILL)
