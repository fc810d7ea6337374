"""Cells of a notebook in a kernel, and somebody who presses Jupyter's stop button in the last of them."""

import threading
import time
from ast import literal_eval
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
from jupyter_client.manager import start_new_kernel

WAIT_S = 120.0
POOL = "asyncio_"  # the event loop keeps idle threads for the next call
THREADS = f"sorted(t.name for t in threading.enumerate() if not t.name.startswith({POOL!r}))"
TASKS = "sorted(task.get_coro().__qualname__ for task in asyncio.all_tasks())"


def cells(number, *wanted, **parameters):
    """The parameters with others given, then in order each cell that says one of what is wanted."""
    (path,) = Path("notebooks").glob(f"{number}-*.ipynb")
    defaults, *rest = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    given = [f"{name} = {value!r}" for name, value in parameters.items()]
    chosen = [source for source in rest if any(words in source for words in wanted)]
    assert len(chosen) == len(wanted), f"{path.name} has other cells by now"
    return ["\n".join([defaults, *given]), *chosen]


class Person:
    """Runs one cell after the other, and looks at what the kernel has going."""

    def __init__(self, manager, client):
        self._manager, self._client = manager, client
        self.pid = manager.provisioner.pid
        self.do("import asyncio, threading")

    def do(self, source):
        reply = self._client.execute_interactive(source, timeout=10 * WAIT_S, output_hook=lambda _message: None)
        assert reply["content"]["status"] == "ok", reply["content"]

    def going(self):
        """Processes, threads and tasks."""
        asked = {"going": f"({THREADS}, {TASKS})"}
        reply = self._client.execute_interactive("", user_expressions=asked, timeout=WAIT_S)
        return self.children(), literal_eval(reply["content"]["user_expressions"]["going"]["data"]["text/plain"])

    def children(self):
        """Command lines of everything the kernel has started and that still runs."""
        living = psutil.Process(self.pid).children(recursive=True)
        return sorted(" ".join(one.cmdline()) for one in living if one.status() != psutil.STATUS_ZOMBIE)

    def stop(self, source, moment):
        """Run a cell, and press stop at a moment."""
        asked = self._client.execute(source, stop_on_error=False)  # else it would not hear the next for a while
        until(moment, "the cell never came to the moment")
        self._manager.interrupt_kernel()
        while (reply := self._client.get_shell_msg(timeout=WAIT_S))["parent_header"]["msg_id"] != asked:
            pass
        assert reply["content"]["status"] == "error", "the cell had ended before"


@contextmanager
def a_person():
    """Somebody with a kernel of their own; once it is shut down nothing of it is left."""
    manager, client = start_new_kernel()
    try:
        person = Person(manager, client)
        yield person
        family = [psutil.Process(person.pid), *psutil.Process(person.pid).children(recursive=True)]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    until(lambda: not any(one.is_running() for one in family), "something outlives its kernel")


def until(moment, what):
    end, pause = time.monotonic() + WAIT_S, threading.Event()
    while not moment():
        assert time.monotonic() < end, what
        pause.wait(0.05)


def interrupt(sources, moment):
    """Run all cells, and stop the last at a moment: what was going before it, and what still is."""
    with a_person() as person:
        *before, last = sources
        for source in before:
            person.do(source)
        was = person.going()
        person.stop(last, lambda: moment(person))
        return was, person.going()


def has_started(name):
    """The moment when the kernel has a process of such a name."""
    return lambda person: any(name in line for line in person.children())
