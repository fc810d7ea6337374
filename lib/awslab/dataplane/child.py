"""One child of a live plane, as the control process sees it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from awslab.dataplane.messages import ChildReady
from awslab.dataplane.wire import Lines, encode
from awslab.machines.machine import Event
from hitless.errors import Failed

LIB = Path(__file__).parents[2]
START_S_MAX = 30.0  # real seconds; half a second is usual
SEND_S_MAX = 5.0  # real seconds; a child that reads nothing for so long is as good as dead
STOP_S_MAX = 5.0
READ_BYTES = 256 * 1024


class Child:
    """Started, spoken to, and never left behind.

    Args:
        role: `balancer` or `tasks`.
        options: See `awslab.dataplane.__main__`.
        hear: Takes what it says.
        lost: Called once when it has ended unasked.
    """

    def __init__(
        self, role: str, options: dict, *, hear: Callable[[Event], None], lost: Callable[[Child], None]
    ) -> None:
        self.role, self._options = role, options
        self._hear, self._lost = hear, lost
        self._lines = Lines()
        self._link: socket.socket | None = None
        self._process: subprocess.Popen | None = None
        self._ready: asyncio.Future[int] | None = None

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            Failed: It ended, or said nothing for `START_S_MAX`.
        """
        self._loop = asyncio.get_running_loop()
        self._ready = self._loop.create_future()
        self._spawn()
        self._loop.add_reader(self._link, self._readable)
        try:
            async with asyncio.timeout(START_S_MAX):
                await self._ready
        except TimeoutError:
            raise Failed(
                f"The lab's {self.role} process did not start.",
                seen={"waited": f"{START_S_MAX:g} s", "pid": self.pid},
                do="Look at what it printed above; start the lab again.",
            ) from None

    def send(self, event: Event) -> None:
        """Tell it something. When it reads nothing for seconds, it counts as lost."""
        if self._link is None:
            return
        try:
            self._link.sendall(encode(event))
        except OSError:
            self._gone()

    def end(self) -> None:
        """End it and whatever it started, and wait until it has ended."""
        if self._process is None:
            return
        self._hang_up()  # which it hears, ends its own children and then itself
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def stop(self) -> None:
        """As `end`, and let others work meanwhile."""
        self._hang_up()
        await asyncio.to_thread(self.end)

    def _spawn(self) -> None:
        self._link, theirs = socket.socketpair()
        self._link.settimeout(SEND_S_MAX)
        with theirs:
            self._process = subprocess.Popen(
                self._command(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )

    def _command(self, descriptor: int) -> list[str]:
        # PR_SET_PDEATHSIG counts the death of the *thread* that started it: only the main one lives long enough.
        main = threading.current_thread() is threading.main_thread()
        options = {**self._options, "parent_pid": os.getpid() if main else 0}
        module = ["-P", "-m", "awslab.dataplane"]
        return [sys.executable, *module, self.role, str(descriptor), json.dumps(options)]

    def _readable(self) -> None:
        try:
            data = self._link.recv(READ_BYTES)
        except ConnectionError:
            data = b""
        if not data:
            self._gone()
            return
        for event in self._lines.feed(data):
            if isinstance(event, ChildReady):
                self._ready.set_result(event.pid)
            else:
                self._hear(event)

    def _gone(self) -> None:
        self._hang_up()
        if not self._ready.done():
            self._ready.set_exception(
                Failed(
                    f"The lab's {self.role} process ended while it started.",
                    seen={"exit code": self._process.wait()},
                    do="Look at what it printed above.",
                )
            )
        else:
            self._lost(self)

    def _hang_up(self) -> None:
        if self._link is not None:
            self._loop.remove_reader(self._link)
            self._link.close()
            self._link = None


def _environment() -> dict[str, str]:
    """Nothing of the lab's own variables reaches a child, or through it a task."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **kept, "PYTHONPATH": str(LIB)}
