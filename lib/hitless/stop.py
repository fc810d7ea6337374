"""Signals that ask us to stop: raised where nothing is under way, held back where something is."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal asked us to stop; as KeyboardInterrupt no handler of ordinary errors takes it for one.

    Attributes:
        exit_code: As shells say it: 130 for SIGINT, 143 for SIGTERM.
    """

    def __init__(self, number: int) -> None:
        self.number, self.exit_code = number, 128 + number
        super().__init__(signal.Signals(number).name)


def raise_stopped() -> None:
    """From now on the signals raise `Stopped` in the main thread; those that are ignored stay so, as under nohup."""

    def stop(number: int, _frame: object) -> None:
        raise Stopped(number)

    for number in ASKING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


@contextlib.contextmanager
def held(told: Callable[[int], None]) -> Iterator[None]:
    """While the block runs, `told(number)` is called instead, in the main thread; it should only take note."""
    before = {number: signal.getsignal(number) for number in ASKING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, lambda number, _frame: told(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
