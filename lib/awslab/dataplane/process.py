"""Turns a process into a task: its own variables, folder, log and signals, and nothing of the lab's.

Runs after a fork, or as a script of its own (`python process.py '{…}'`) where forking is not safe; so it imports the
standard library only.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import threading
import types
from dataclasses import asdict, dataclass
from pathlib import Path

PYTHONS = ("python", "python3")
PR_SET_PDEATHSIG = 1  # linux/prctl.h
EXIT_NOT_FOUND = 127  # as a shell says it
_libc = ctypes.CDLL(None, use_errno=True)  # made before a fork, not in each task
_out_of_sight: list[types.ModuleType] = []  # not freed: that would write into pages that tasks share


@dataclass(frozen=True)
class Setup:
    """What a task is made of.

    Attributes:
        folder: The image's content, its working directory.
        command: What to run; `python <script> …` runs in this very process.
        parent_pid: Dies with it.
        hidden: Folders of the lab's own packages, which a task must not be able to import.
        environment: All its variables; None leaves them as they are.
        log_fd: Where its output goes; None leaves it as it is.
    """

    folder: str
    command: tuple[str, ...]
    parent_pid: int
    hidden: tuple[str, ...] = ()
    environment: dict[str, str] | None = None
    log_fd: int | None = None


def script_of(setup: Setup) -> list[str]:
    """The command line that becomes this task without a fork; variables and output are the spawner's business."""
    content = {**asdict(setup), "environment": None, "log_fd": None}
    return [sys.executable, "-P", __file__, json.dumps(content)]


def become(setup: Setup) -> None:
    """Run the task in this process; returns when its script has come to its end.

    Raises:
        SystemExit: The script's own, or 127 when the program does not exist.
    """
    os.setpgid(0, 0)
    _die_with(setup.parent_pid)
    _reset_signals()
    if setup.log_fd is not None:
        _redirect(setup.log_fd)
    if setup.environment is not None:
        os.environ.clear()
        os.environ.update(setup.environment)
    os.chdir(setup.folder)
    program, *arguments = setup.command
    if program in PYTHONS and arguments and not arguments[0].startswith("-"):
        _run_script(arguments, setup)
    else:
        _execute(sys.executable if program in PYTHONS else program, setup.command)


def _die_with(parent_pid: int) -> None:
    """A task must not outlive the lab, however that ends."""
    if sys.platform == "linux":
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_kill_after, args=(parent_pid,), daemon=True).start()
    if os.getppid() != parent_pid:  # it died before we could ask
        os._exit(128 + signal.SIGKILL)


def _kill_after(parent_pid: int) -> None:
    ended = select.kevent(parent_pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
    select.kqueue().control([ended], 1, None)
    os.killpg(0, signal.SIGKILL)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _redirect(log_fd: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    os.close(nothing)
    os.close(log_fd)
    sys.stdout.reconfigure(line_buffering=True)  # else what it said last is lost with SIGKILL


def _run_script(arguments: list[str], setup: Setup) -> None:
    script = Path(arguments[0])
    if not script.is_file():
        print(f"python: can't open file {arguments[0]!r}", file=sys.stderr)
        raise SystemExit(2)
    ours = [name for name in sys.modules if name.partition(".")[0] in ("awslab", "hitless")]
    _out_of_sight.extend(map(sys.modules.pop, ours))
    hidden = [Path(folder).resolve() for folder in setup.hidden]
    sys.path[:] = [str(script.parent.resolve()), *(p for p in sys.path if Path(p).resolve() not in hidden)]
    sys.argv[:] = arguments
    sys.dont_write_bytecode = True  # the folder is the image's content: it must stay what its digest says
    module = types.ModuleType("__main__")
    module.__file__ = str(script)
    sys.modules["__main__"] = module
    exec(compile(script.read_bytes(), script, "exec"), module.__dict__)


def _execute(program: str, command: tuple[str, ...]) -> None:
    try:
        os.execvp(program, command)
    except OSError as why:
        print(f"{program}: {why.strerror}", file=sys.stderr)
        raise SystemExit(EXIT_NOT_FOUND) from None


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    become(Setup(**{**told, "command": tuple(told["command"]), "hidden": tuple(told["hidden"])}))
