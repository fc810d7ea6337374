"""A thread that yields to everybody: what it does must not be seen in what is measured."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

NICE = 10  # not more: it may hold the interpreter while it waits for its turn


def yield_to_all() -> None:
    """Put the calling thread behind all others, where the system knows a priority of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def background(name: str) -> ThreadPoolExecutor:
    """One such thread; its process's other threads keep their priority."""
    return ThreadPoolExecutor(1, name, yield_to_all)
