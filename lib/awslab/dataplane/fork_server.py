"""Starts tasks by forking: what every task imports is loaded once, so a task costs milliseconds and few megabytes.

One thread, no event loop: both would not survive a fork. Tasks are process groups of their own; what a task leaves
behind ends with it. When the control process is gone, every task ends at once.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from awslab.dataplane.log_file import LogFile
from awslab.dataplane.messages import ChildReady, TaskForked, TaskForkRequested
from awslab.dataplane.ports import Ports
from awslab.dataplane.process import Setup, script_of
from awslab.dataplane.wire import Lines, encode
from awslab.machines.events import TaskExited, TaskKilled, TaskSignalled, TaskStartFailed
from awslab.machines.machine import Event

PRELOADED = ("aiohttp.web", "asyncio", "json", "logging", "html", "uuid")
READ_BYTES = 64 * 1024


@dataclass(slots=True)
class Task:
    """A process that runs."""

    task_id: str
    pid: int
    loopback_port: int
    log_fd: int  # -1 once its output has ended
    log: LogFile


class ForkServer:
    """Starts, signals and buries tasks.

    Args:
        control: The control process's end is the other one.
        logs: Folder for `<task id>.log`.
        now: Lab time, for the lines of those logs.
        hidden: Folders of the lab's packages.
        spawn: Start a fresh interpreter for each task instead of forking: slow, but safe everywhere.
    """

    def __init__(
        self,
        control: socket.socket,
        logs: Path,
        *,
        now: Callable[[], float],
        hidden: tuple[str, ...] = (),
        spawn: bool,
    ) -> None:
        self._control, self._logs, self._hidden, self._spawn = control, logs, hidden, spawn
        self._now = now
        self._lines, self._ports, self._unsent = Lines(), Ports(), b""
        self._tasks: dict[str, Task] = {}
        self._by_pid: dict[int, Task] = {}
        self._wakeup, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._open = True
        self._setup: Setup | None = None  # in a forked child: what it is to become

    def serve(self) -> Setup | None:
        """Work until the control process is gone; every task is gone then, too.

        Returns:
            None in the server; in each process forked from it, the task to become.
        """
        self._prepare()
        self._tell(ChildReady(pid=os.getpid()))
        while self._open:
            for key, _ in self._selector.select():
                key.data()
                if self._setup is not None:
                    return self._setup
        self._end_all()
        return None

    def _prepare(self) -> None:
        if not self._spawn:
            for name in PRELOADED:
                importlib.import_module(name)
        for end in (self._control, self._wakeup, self._waker):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken up
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._bury)
        self._selector.register(self._control, selectors.EVENT_READ, self._listen)
        gc.collect()
        gc.freeze()  # the collector would otherwise touch, and so copy, every page in every task

    # ---- the control process

    def _listen(self) -> None:
        if self._unsent:
            self._send()
        try:
            data = self._control.recv(READ_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._open = False
        for event in self._lines.feed(data):
            self._hear(event)
            if self._setup is not None:
                return

    def _hear(self, event: Event) -> None:
        match event:
            case TaskForkRequested():
                self._start(event)
            case TaskSignalled(task_id=task_id):
                self._kill(task_id, os.kill, signal.SIGTERM)
            case TaskKilled(task_id=task_id):
                self._kill(task_id, os.killpg, signal.SIGKILL)
            case _:
                raise AssertionError(event)

    def _tell(self, event: Event) -> None:
        self._unsent += encode(event)
        self._send()

    def _send(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):  # gone: the next read says so
            self._unsent = self._unsent[self._control.send(self._unsent) :]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._selector.modify(self._control, wanted, self._listen)

    # ---- tasks

    def _start(self, wanted: TaskForkRequested) -> None:
        port = log_end = reader = None
        try:
            port = self._ports.take()
            reader, log_end = os.pipe()
            log = LogFile(self._logs / f"{wanted.task_id}.log", now=self._now)
            setup = Setup(
                folder=wanted.folder,
                command=wanted.command,
                parent_pid=os.getpid(),
                hidden=self._hidden,
                environment={**dict(wanted.environment), "PORT": str(port)},
                log_fd=log_end,
            )
            pid = _spawned(setup) if self._spawn else os.fork()
        except OSError as why:
            self._give_up(wanted.task_id, why, port, (reader, log_end))
            return
        if pid == 0:
            self._let_go(reader)
            self._setup = setup
            return
        os.close(log_end)
        self._add(Task(wanted.task_id, pid, port, reader, log))

    def _add(self, task: Task) -> None:
        with contextlib.suppress(PermissionError, ProcessLookupError):  # it has done so itself and gone on
            os.setpgid(task.pid, task.pid)
        os.set_blocking(task.log_fd, False)
        self._tasks[task.task_id] = self._by_pid[task.pid] = task
        self._selector.register(task.log_fd, selectors.EVENT_READ, lambda: self._copy_output(task))
        self._tell(TaskForked(task_id=task.task_id, pid=task.pid, loopback_port=task.loopback_port))

    def _give_up(self, task_id: str, why: OSError, port: int | None, ends: tuple[int | None, ...]) -> None:
        if port is not None:
            self._ports.give_back(port)
        for end in ends:
            if end is not None:
                os.close(end)
        self._tell(TaskStartFailed(task_id=task_id, reason=f"CannotStartContainerError: {why}"))

    def _let_go(self, reader: int) -> None:
        """In a child: close what is the server's."""
        os.close(reader)
        for task in self._tasks.values():
            task.log.close()
            if task.log_fd >= 0:
                os.close(task.log_fd)
        self._selector.close()
        self._ports.close()
        signal.set_wakeup_fd(-1)
        for end in (self._control, self._wakeup, self._waker):
            end.close()

    def _kill(self, task_id: str, how: Callable[[int, int], None], number: int) -> None:
        task = self._tasks.get(task_id)
        if task is not None:  # else it has ended by itself; its pid is not ours any more
            how(task.pid, number)

    def _copy_output(self, task: Task) -> None:
        while task.log_fd >= 0:
            try:
                data = os.read(task.log_fd, READ_BYTES)
            except BlockingIOError:
                return
            if data:
                task.log.write(data)
            else:
                self._close_output(task)

    def _close_output(self, task: Task) -> None:
        if task.log_fd >= 0:
            self._selector.unregister(task.log_fd)
            os.close(task.log_fd)
            task.log_fd = -1
        task.log.end()

    def _bury(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wakeup.recv(READ_BYTES)
        while self._by_pid:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._ended(self._by_pid.pop(pid), os.waitstatus_to_exitcode(status))

    def _ended(self, task: Task, code: int) -> None:
        del self._tasks[task.task_id]
        _kill_group(task.pid)  # what it started ends with it, as everything in a container does
        self._copy_output(task)
        self._close_output(task)
        self._ports.give_back(task.loopback_port)
        self._tell(TaskExited(task_id=task.task_id, exit_code=code if code >= 0 else 128 - code))

    def _end_all(self) -> None:
        for task in self._tasks.values():
            _kill_group(task.pid)
        while self._by_pid:
            pid, _ = os.waitpid(-1, 0)
            self._by_pid.pop(pid).log.end()
        self._ports.close()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: macOS, when all are zombies
        os.killpg(pid, signal.SIGKILL)


def _spawned(setup: Setup) -> int:
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, setup.log_fd, 1),
        (os.POSIX_SPAWN_DUP2, setup.log_fd, 2),
    ]
    command = script_of(setup)
    return os.posix_spawn(command[0], command, setup.environment, file_actions=actions, setpgroup=0)
