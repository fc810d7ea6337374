"""python-terraform, kept in one place, with what its last release (0.10.1, 2019) gets wrong put right.

It builds the command lines. Running them is ours: streamed, with a time limit, and interruptible without a torn state.
What it would do else: `destroy` passes a flag that Terraform no longer knows, `output` returns wrong things, variables
stay behind in the temporary folder, a misspelt method runs a command of that name, and nothing ever times out.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

import python_terraform
from python_terraform import IsFlagged

from hitless.leash import leashed

__all__ = ["Cli", "Flag", "TookTooLong"]

Flag = IsFlagged
INTERRUPT_GRACE_S = 180.0  # an interrupted Terraform finishes what is in flight, then saves its state
AMBIENT = ("TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR")  # would change a run behind its record's back


class TookTooLong(Exception):
    """The command passed its time limit and was interrupted; Terraform ended by itself and saved its state."""


class Cli(python_terraform.Terraform):
    """Terraform's command line in one folder.

    Args:
        folder: The root module.
        binary: The Terraform to run.
        environment: All of the child's environment.
        timeout_s: Real seconds a command may take before it is interrupted.
    """

    def __init__(self, folder: Path, *, binary: Path, environment: Mapping[str, str], timeout_s: float) -> None:
        self._environment, self._timeout_s = dict(environment), timeout_s
        self._child: subprocess.Popen[str] | None = None
        super().__init__(working_dir=str(folder), terraform_bin_path=str(binary))

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def read_state_file(self, file_path: str | None = None) -> None:
        """Nothing: state may lie on S3, and only Terraform reads it."""

    def cmd(self, cmd: str, *args: object, on_line: Callable[[str], None] | None = None, **options: object):
        """Run one command.

        Args:
            cmd: Terraform's sub-command.
            args: What follows the options.
            on_line: Called with each line of output as it comes; collected and returned if None.
            options: Terraform's options, `_` for `-`, `Flag` for those without a value, None for those left out.

        Returns:
            Exit code, standard output (empty when it went to `on_line`), standard error.

        Raises:
            TookTooLong: The time limit passed.
            KeyboardInterrupt: The caller was interrupted; Terraform has ended and saved its state.
        """
        command = self.generate_cmd_string(cmd, *map(str, args), **options)
        collected: list[str] = []
        with tempfile.TemporaryFile("w+") as errors, self._started(command, errors) as child:
            for line in child.stdout:
                (on_line or collected.append)(line)
            code = child.wait()
            errors.seek(0)
            return code, "".join(collected), errors.read()

    def interrupt(self) -> None:
        """Ask the running command, if there is one, to save its state and end. For another thread than it runs in."""
        if (child := self._child) is not None:
            _interrupt(child)

    @contextmanager
    def _started(self, command: list[str], errors: IO[str]) -> Iterator[subprocess.Popen[str]]:
        """The running command; leaving the block by any way but its end interrupts it and waits for it."""
        child = subprocess.Popen(
            leashed(command, ask=signal.SIGINT, grace_s=INTERRUPT_GRACE_S),  # it ends even when we are killed
            cwd=self.working_dir,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # a Ctrl-C reaches us alone; Terraform and its plugins get one signal, from us
        )
        self._child, late = child, threading.Event()
        interrupt = _after(self._timeout_s, late.set, lambda: _interrupt(child))
        kill = _after(self._timeout_s + INTERRUPT_GRACE_S, lambda: _kill(child))
        with interrupt, kill:
            try:
                yield child
            except BaseException:
                _end(child)
                raise
            finally:
                self._child = None
                child.stdin.close()
                child.stdout.close()
        if late.is_set():
            raise TookTooLong(f"terraform was interrupted after {self._timeout_s:g} s")


@contextmanager
def _after(seconds: float, *actions: Callable[[], object]) -> Iterator[None]:
    timer = threading.Timer(seconds, lambda: [action() for action in actions])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _interrupt(child: subprocess.Popen[str]) -> None:
    """One SIGINT to Terraform alone: it tells its plugins itself. A second would make it drop everything.

    The leash hands it on, and asks no more when its end of the pipe closes.
    """
    if child.poll() is None:
        child.send_signal(signal.SIGINT)


def _kill(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        os.killpg(child.pid, signal.SIGKILL)


def _end(child: subprocess.Popen[str]) -> None:
    """Interrupt it and read on until it ends, so that it never blocks on a full pipe."""
    _interrupt(child)
    try:
        with _after(INTERRUPT_GRACE_S, lambda: _kill(child)):
            child.communicate()
    except BaseException:  # interrupted once more: somebody cannot wait
        _kill(child)
        child.wait()
        raise


def child_environment(base: Mapping[str, str], data_dir: Path) -> dict[str, str]:
    """`base` without anything that would change a run unseen, told to ask nobody and to keep its data in `data_dir`.

    The provider's schema is large and never let go; Go's collector, left as it is, walks it again and again: a fifth of
    the processor time of a plan.
    """
    kept = {name: value for name, value in base.items() if not name.startswith(AMBIENT)}
    return {
        "GOGC": "400",
        **kept,
        "TF_DATA_DIR": str(data_dir),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
    }


@contextmanager
def variables_file(folder: Path, variables: Mapping[str, object]) -> Iterator[Path]:
    """The variables in a file only we can read, gone afterwards."""
    descriptor, name = tempfile.mkstemp(suffix=".tfvars.json", dir=folder)  # mkstemp: mode 0600
    with os.fdopen(descriptor, "w") as file:
        json.dump(dict(variables), file)
    try:
        yield Path(name)
    finally:
        Path(name).unlink()
