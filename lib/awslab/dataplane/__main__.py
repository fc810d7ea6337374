"""The children of a live plane: `python -m awslab.dataplane balancer|tasks FD OPTIONS`.

FD is the number of an inherited socket to the control process, OPTIONS a JSON object. A child ends when that socket
does: it is how the end of the control process, of whatever kind, is heard.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path

from awslab.clock import ScaledClock
from awslab.dataplane.messages import ChildReady
from awslab.dataplane.process import PR_SET_PDEATHSIG, Setup, become
from awslab.dataplane.wire import Lines, encode

FILES_MAX = 10_240  # macOS takes no more


def main(argv: list[str]) -> None:
    """Be one of the children."""
    role, descriptor, options = argv[0], int(argv[1]), json.loads(argv[2])
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the control process
    if options["parent_pid"] and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _raise_file_limit()
    if role == "balancer":
        _balance(control, options)
    elif (setup := _serve_tasks(control, options)) is not None:
        become(setup)


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(FILES_MAX, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _serve_tasks(control: socket.socket, options: dict) -> Setup | None:
    from awslab.dataplane.fork_server import ForkServer  # not in the other child

    logs = Path(options["logs"])
    logs.mkdir(exist_ok=True)  # not its parents: the folder of a lab that was killed meanwhile may just be gone

    def now() -> float:
        """The lab's time, not this process's own: both read one monotonic clock."""
        return options["lab_zero"] + options["rate"] * time.monotonic()

    return ForkServer(control, logs, now=now, hidden=tuple(options["hidden"]), spawn=options["spawn"]).serve()


def _balance(control: socket.socket, options: dict) -> None:
    from awslab.dataplane.balancer import Balancer

    loop = _new_loop()
    asyncio.set_event_loop(loop)
    loop.set_exception_handler(_crash_on_bugs)
    link = _Link()
    balancer = Balancer(
        loop,
        ScaledClock(options["rate"], start=options["lab_now"]),
        seed=options["seed"],
        tell=link.tell,
        ports=range(*options["ports"]),
    )
    link.balancer = balancer
    loop.run_until_complete(loop.create_connection(lambda: link, sock=control))
    link.tell(ChildReady(pid=os.getpid()))
    gc.freeze()
    loop.run_forever()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class _Link(asyncio.Protocol):
    """The control process, as the load balancer sees it."""

    def __init__(self) -> None:
        self.balancer = None
        self._lines = Lines()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for event in self._lines.feed(data):
            self.balancer.hear(event)

    def connection_lost(self, _why: Exception | None) -> None:
        os._exit(0)  # at once: nothing here outlives the control process

    def tell(self, event) -> None:
        self._transport.write(encode(event))


def _crash_on_bugs(loop: asyncio.AbstractEventLoop, context: dict) -> None:
    """A bug must stop the lab, not lose a request in silence; what the network does is no bug."""
    loop.default_exception_handler(context)
    if not isinstance(context.get("exception"), OSError | None):
        sys.stderr.flush()
        os._exit(70)


if __name__ == "__main__":
    main(sys.argv[1:])
