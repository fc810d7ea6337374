"""Loopback ports for tasks, kept so that nobody else gets one before the task listens on it.

On Linux a socket that is bound with SO_REUSEADDR but does not listen keeps its port from everybody who asks for *any*
port, and lets the task, which asks for *this* one, have it. Elsewhere the port is only found, not kept.
"""

from __future__ import annotations

import socket
import sys
from collections import deque

RESTING_MAX = 256  # ports of ended tasks are not given again soon: a late request must not reach another task


class Ports:
    """Ports in use and ports at rest."""

    def __init__(self) -> None:
        self._kept: dict[int, socket.socket] = {}
        self._resting: deque[int] = deque()

    def take(self) -> int:
        """A port nobody has."""
        kept = socket.socket()
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = kept.getsockname()[1]
        if sys.platform == "linux":
            self._kept[port] = kept
        else:
            kept.close()
        return port

    def give_back(self, port: int) -> None:
        """Its task has ended; it rests for a while."""
        self._resting.append(port)
        if len(self._resting) > RESTING_MAX:
            self._free(self._resting.popleft())

    def close(self) -> None:
        """Keep none; also in a child, which inherited them."""
        for port in tuple(self._kept):
            self._free(port)

    def _free(self, port: int) -> None:
        if port in self._kept:
            self._kept.pop(port).close()
