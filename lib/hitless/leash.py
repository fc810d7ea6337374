"""Run a command that cannot outlive whoever started it, however that ends.

The starter holds the other end of our standard input. When that closes, the command is asked to end once, and its whole
process group is killed when it does not. Works where a parent-death signal does not exist.

A pipe for its output ends here, too: a command that writes to nobody dies at once of SIGPIPE, and a Terraform that does
has saved no state.

Standard library only: this file is run as a script, without site-packages, so that it costs a hundredth of a second.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence


def leashed(command: Sequence[str], *, ask: signal.Signals = signal.SIGINT, grace_s: float) -> list[str]:
    """The command line to start with a pipe as standard input, in a session of its own.

    SIGINT, SIGTERM and SIGHUP are handed on; the exit code is the command's.

    Args:
        command: What to run; its own standard input is empty.
        ask: What asks it to end.
        grace_s: Real seconds it may then take before it is killed.
    """
    return [sys.executable, "-I", "-S", __file__, str(int(ask)), f"{grace_s:g}", *command]


class _Keeper:
    """One running command."""

    def __init__(self, ask: int, grace_s: float, command: list[str]) -> None:
        self._ask, self._grace_s, self._command = ask, grace_s, command
        self._child: subprocess.Popen[bytes] | None = None
        self._asked: list[int] = []
        self._starter = os.getppid()

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: self._hand_on(number))
        pipe = subprocess.PIPE if stat.S_ISFIFO(os.fstat(1).st_mode) else None
        self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=pipe)
        for number in self._asked:  # it came while the command was starting
            self._child.send_signal(number)
        threading.Thread(target=self._watch, daemon=True).start()
        if pipe:
            _pass_on(self._child.stdout.fileno())
        code = self._child.wait()
        if os.getppid() != self._starter:
            os.killpg(0, signal.SIGKILL)  # what it left behind, and us: nobody asks for the code
        return code if code >= 0 else 128 - code

    def _hand_on(self, number: int) -> None:
        self._asked.append(number)
        if self._child is not None:
            self._child.send_signal(number)

    def _watch(self) -> None:
        while os.read(0, 4096):
            pass
        if not self._asked:  # to be asked twice means to drop everything, for Terraform
            self._hand_on(self._ask)
        end = threading.Timer(self._grace_s, os.killpg, (0, signal.SIGKILL))
        end.daemon = True
        end.start()


def _pass_on(source: int) -> None:
    """Copy to standard output until the end; when nobody reads there any more, read on all the same."""
    is_heard = True
    while chunk := os.read(source, 65_536):
        while chunk and is_heard:
            try:
                chunk = chunk[os.write(1, chunk) :]
            except BrokenPipeError:
                is_heard = False


if __name__ == "__main__":
    sys.exit(_Keeper(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]).run())
