"""Timeouts that are not shortened by a machine that stood still.

At a high rate a timeout of lab seconds is a blink. A laptop that holds its breath for longer than that would find every
target dead though each has answered: the answers only lie unread. So what the loop itself came late is given besides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

LATE_S = 0.05  # later than this, the loop did not run
REAL_S_MIN = 0.3  # real seconds a target on this machine may take at least, whatever the rate makes of a timeout
Answer = TypeVar("Answer")


async def within(loop: asyncio.AbstractEventLoop, timeout_s: float, asking: Coroutine[None, None, Answer]) -> Answer:
    """What a coroutine returns, if it does so in time.

    Args:
        loop: The running loop, whose time it is.
        timeout_s: Real seconds it may take, and as long again if the loop stands still for so long.
        asking: Cancelled when it takes longer.

    Raises:
        TimeoutError: It took longer.
    """
    task, due = loop.create_task(asking), loop.time() + timeout_s
    try:
        await asyncio.wait((task,), timeout=timeout_s)
        late_s = loop.time() - due
        if not task.done() and late_s > LATE_S:
            await asyncio.wait((task,), timeout=min(late_s, timeout_s))
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        task.cancel()
