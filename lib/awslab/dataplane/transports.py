"""What may be asked of a connection that is perhaps closed already.

Between the moment a connection breaks and the moment its protocol hears of it, asyncio ignores what is asked of it and
uvloop raises. Here it is ignored: the protocol is about to hear.
"""

from __future__ import annotations

import asyncio


def write(transport: asyncio.Transport, data: bytes) -> None:
    """Send, if anybody can still read it."""
    if not transport.is_closing():
        transport.write(data)


def let_read(transport: asyncio.Transport, may: bool) -> None:
    """Go on reading, or stop: what the other side sends then waits there."""
    if transport.is_closing():
        return
    if may:
        transport.resume_reading()
    else:
        transport.pause_reading()
