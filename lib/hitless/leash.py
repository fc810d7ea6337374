"""Run a command that cannot outlive whoever started it, however that ends.

The starter holds the other end of our standard input. When that closes, the command is asked to end once, and its whole
process group is killed when it does not. Works where a parent-death signal does not exist.

A pipe for its output ends here, too: a command that writes to nobody dies at once of SIGPIPE, and a Terraform that does
has saved no state.

Standard library only: this file is run as a script, without site-packages, so that it costs a hundredth of a second.
"""

from __future__ import annotations

import os
import queue
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence

LET_GO = 0  # no signal


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
    """One running command. Signals and the end of the pipe are taken in turn, by one thread."""

    def __init__(self, ask: int, grace_s: float, command: list[str]) -> None:
        self._ask, self._grace_s, self._command = ask, grace_s, command
        self._starter = os.getppid()
        self._told: queue.SimpleQueue[int] = queue.SimpleQueue()  # signals; LET_GO when the pipe has closed

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: self._told.put(number))
        pipe = subprocess.PIPE if stat.S_ISFIFO(os.fstat(1).st_mode) else None
        child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=pipe)
        threading.Thread(target=self._watch, daemon=True).start()
        threading.Thread(target=self._steer, args=(child,), daemon=True).start()
        if pipe:
            _pass_on(child.stdout.fileno())
        code = child.wait()
        if os.getppid() != self._starter:
            os.killpg(0, signal.SIGKILL)  # what it left behind, and us: nobody asks for the code
        return code if code >= 0 else 128 - code

    def _watch(self) -> None:
        while os.read(0, 4096):
            pass
        self._told.put(LET_GO)

    def _steer(self, child: subprocess.Popen[bytes]) -> None:
        """Hand signals on; after the end of the pipe none but the first, for Terraform drops everything at a second."""
        is_asked = is_let_go = False
        while True:
            number = self._told.get()
            if number == LET_GO:
                is_let_go, number = True, self._ask
                _kill_after(self._grace_s)
            if not (is_asked and is_let_go):
                is_asked = True
                child.send_signal(number)


def _kill_after(seconds: float) -> None:
    end = threading.Timer(seconds, os.killpg, (0, signal.SIGKILL))
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
