"""Do what blocks while the event loop goes on: pictures are drawn, and an interrupt is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Done = TypeVar("Done")


async def interruptible(act: Callable[[], Done], interrupt: Callable[[], object]) -> Done:
    """Do something in a thread; whoever is cancelled meanwhile interrupts it, and waits for its end.

    Args:
        act: Blocks.
        interrupt: Asks it to end soon; called from another thread.

    Raises:
        Exception: Whatever `act` raises, unless we were cancelled.
    """
    doing = asyncio.ensure_future(asyncio.to_thread(act))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        interrupt()
        await asyncio.gather(doing, return_exceptions=True)
        raise
