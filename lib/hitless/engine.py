"""The papermill engine of a headless run: an interrupt reaches the notebook, and the record tells what became of it.

papermill's own kills the kernel on Ctrl-C, so no way back runs, and calls every cell completed that never ran. Here the
first signal interrupts the kernel as Jupyter's stop button does; the cell's `finally` and `except` run, and end what
they started. A second signal, or a cell that does not end in time (`GRACE_S`), kills the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.log import logger

from hitless.scratch import Scratch
from hitless.stop import Stopped, held
from hitless.voice import Voice

NAME = "hitless"
SOCKET_PATH_MAX = 100  # a Unix socket's name may have 104 bytes on macOS, 108 on Linux
UNHEARD = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
"""ipykernel gives us what a cell's children say, and once more, unredacted, to the terminal it was started from."""
GRACE_S = 240.0  # real seconds; Terraform may take 180 s to finish what is in flight and save its state
REPLY_S = 2.0  # real seconds; the reply to a cell is sent before its outputs are said to be over
CUT_OFF = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "as the cell ended", "traceback": []}


class Interruption:
    """What has asked the run to stop, and how far the running cell was told.

    Args:
        grace_s: Real seconds an interrupted cell may take to clean up before its kernel is ended.

    Attributes:
        number: The signal that asked; 0 for none.
        timed_out: The cell took longer than it may.
        is_told: The kernel was interrupted.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self.number, self.timed_out, self.is_told = 0, False, False
        self._grace_s = grace_s
        self._kernel_pid = 0
        self._is_executing = False
        self._timers: list[threading.Timer] = []

    @property
    def asked(self) -> bool:
        """Somebody or something has asked."""
        return bool(self.number) or self.timed_out

    @contextlib.contextmanager
    def of_kernel(self, pid: int) -> Iterator[None]:
        """The kernel lives as long as the block."""
        self._kernel_pid = pid
        try:
            yield
        finally:
            self._kernel_pid = 0
            for timer in self._timers:
                timer.cancel()

    @contextlib.contextmanager
    def limited(self, limit_s: float | None) -> Iterator[None]:
        """The block is asked to stop when it takes longer, in real seconds."""
        if limit_s is None:
            yield
            return
        timer = self._later(limit_s, lambda: self._time_out(limit_s))
        try:
            yield
        finally:
            timer.cancel()

    def hear(self, number: int) -> None:
        """Take a signal: tell the cell, or, the second time, end the kernel."""
        if self.number:
            self._end_kernel()
            return
        self.number = number
        self._stop(f"{signal.Signals(number).name}: the running step is told to stop; once more, and it is ended")

    def executing(self, is_executing: bool) -> None:
        """The kernel has begun to execute a cell, or ended; one that has not begun ignores an interrupt."""
        self._is_executing = is_executing
        self._tell()

    def _time_out(self, limit_s: float) -> None:
        if not self.asked:
            self.timed_out = True
            self._stop(f"the running step took longer than {limit_s:g} s: it is told to stop")

    def _stop(self, said: str) -> None:
        os.write(2, f"\n== {said}\n".encode())  # print may just be in use
        self._later(self._grace_s, self._end_kernel)
        self._tell()

    def _later(self, seconds: float, act: Callable[[], None]) -> threading.Timer:
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)
        return timer

    def _tell(self) -> None:
        """Once: a second interrupt would cut off the way back."""
        if self.asked and self._is_executing and not self.is_told:
            self.is_told = True
            self._signal(signal.SIGINT)

    def _end_kernel(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._kernel_pid:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.killpg(self._kernel_pid, number)


class Record(NotebookExecutionManager):
    """The executed notebook; a cell is completed only if it is."""

    def cell_complete(self, cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
        """Note the end of a cell; called in a `finally`, so by an exception too: a kernel that died."""
        if sys.exc_info()[1] is not None:
            cell.metadata.papermill["status"] = self.FAILED
            self.nb.metadata.papermill["exception"] = True
        super().cell_complete(cell, cell_index, **kwargs)

    def notebook_complete(self, **kwargs: Any) -> None:
        """Note the end of the run; cells that never began stay pending."""
        pending = [cell for cell in self.nb.cells if cell.metadata.papermill["status"] == self.PENDING]
        super().notebook_complete(**kwargs)
        for cell in pending:
            cell.metadata.papermill["status"] = self.PENDING
        self.save()


class Client(PapermillNotebookClient):
    """Executes the cells until one fails or somebody asks to stop."""

    def __init__(
        self, record: Record, interruption: Interruption, voice: Voice, cell_timeout_s: float | None, **settings: Any
    ) -> None:
        super().__init__(record, **settings)
        self._interruption, self._voice, self._cell_timeout_s = interruption, voice, cell_timeout_s

    def papermill_execute_cells(self) -> None:
        """Execute them, in order.

        Raises:
            Stopped: By a signal between two cells; a cell that was interrupted fails as any other.
        """
        with self._interruption.of_kernel(self.km.provisioner.pid):
            for index, cell in enumerate(self.nb.cells):
                if self._interruption.number:
                    raise Stopped(self._interruption.number)
                if self._interruption.timed_out or not self._execute(cell, index):
                    break

    def _execute(self, cell: Any, index: int) -> bool:
        self.nb_man.cell_start(cell, index)
        try:
            with self._interruption.limited(self._cell_timeout_s):
                self.execute_cell(cell, index)
        except CellExecutionError as failed:
            self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=failed)
            return False
        finally:
            self._interruption.executing(False)
            self._voice.end()
            self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)
        return True

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take one message of the kernel; that it echoes the input says that it executes it now."""
        if msg["msg_type"] == "execute_input":
            self._interruption.executing(True)
        return super().process_message(msg, cell, cell_index)

    async def _async_poll_for_reply(
        self,
        msg_id: str,
        cell: Any,
        timeout: int | None,
        task_poll_output_msg: asyncio.Future[Any],
        task_poll_kernel_alive: asyncio.Future[Any],
    ) -> dict[str, Any]:
        """Wait for the kernel's reply to a cell.

        ipykernel drops it when an interrupt comes while it is being sent, and is idle from then on; nbclient would wait
        for ever, so then we answer in its place.
        """
        tasks = task_poll_output_msg, task_poll_kernel_alive
        reply = asyncio.ensure_future(super()._async_poll_for_reply(msg_id, cell, timeout, *tasks))
        try:
            await asyncio.wait((reply, task_poll_output_msg), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((reply,), timeout=REPLY_S if self._interruption.is_told else None)
            if reply.done():
                return reply.result()
        finally:
            reply.cancel()
        task_poll_kernel_alive.cancel()
        return {"content": CUT_OFF}

    def log_output_message(self, output: Any) -> None:
        """Say an output on the terminal."""
        self._voice.hear(output)

    def end(self) -> None:
        """End the kernel, however far its start has come."""
        if self.km is not None and self.km.has_kernel:
            self._cleanup_kernel()


class Engine(NBClientEngine):
    """papermill's door to the above."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, output_path: str, **kwargs: Any) -> Any:
        """Execute a notebook, keeping the record.

        Args:
            nb: The notebook with its parameters.
            kernel_name: Which kernel.
            output_path: Where the executed notebook goes, again and again.
            **kwargs: `interruption` and `voice`; papermill's others are its other engines'.
        """
        record = Record(nb, output_path=output_path, progress_bar=False)
        record.notebook_start()
        try:
            cls.execute_managed_notebook(record, kernel_name, **kwargs)
        finally:
            record.notebook_complete()
        return record.nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Record,
        kernel_name: str,
        *,
        interruption: Interruption,
        voice: Voice,
        cell_timeout_s: float | None = None,
        **kwargs: Any,
    ) -> None:
        """Start a kernel that listens on no port (if the temporary folder's name is short enough), execute, end it."""
        settings = {"kernel_name": kernel_name, "timeout": None, "startup_timeout": 60, "log": logger}
        with Scratch("hitless-kernel-") as folder, held(interruption.hear):
            file, socket = str(folder / "k.json"), str(folder / "k-ipc-5")
            transport = "ipc" if len(socket) <= SOCKET_PATH_MAX else "tcp"
            manager = AsyncKernelManager(kernel_name=kernel_name, transport=transport, connection_file=file)
            settings |= {"km": manager, "log_output": True, "coalesce_streams": True}
            client = Client(nb_man, interruption, voice, cell_timeout_s, **settings)
            client.owns_km = True
            try:
                client.execute(**UNHEARD)
            finally:
                client.end()


papermill_engines.register(NAME, Engine)
logger.setLevel(logging.ERROR)  # it warns of parameters it cannot read, which the runner has checked
