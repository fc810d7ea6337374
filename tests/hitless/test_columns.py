"""The windows' figures are written by one thread and read by others."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hitless.columns import NAMES, Columns


def test_one_thread_may_read_while_another_writes():
    """A gate counts failures in a thread of its own while windows come in."""
    columns, done = Columns(), threading.Event()

    def read():
        seen = 0
        while not done.is_set():
            seen = max(seen, len(columns["sent"]), len(columns.copy()))
        return seen

    with ThreadPoolExecutor() as pool:
        reading = pool.submit(read)
        try:
            for at in range(30_000):
                columns.add(dict.fromkeys(NAMES, 1.0) | {"at": float(at)})
        finally:
            done.set()
        assert 0 < reading.result() <= 30_000
