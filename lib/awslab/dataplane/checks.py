"""One health check: a GET on a connection of its own, as ELB's health checker sends it."""

from __future__ import annotations

import asyncio

from awslab.dataplane.heads import HEAD_BYTES_MAX
from awslab.dataplane.patience import within
from awslab.dataplane.syntax import Malformed, parse_response
from awslab.dataplane.target import Target
from awslab.machines.events import HealthChecked, HealthCheckRequested

START_S_MAX = 1.0  # real seconds; a process starts in 12 ms alone, and no rate makes a busy laptop start it sooner
START_LOOK_S = 0.002  # to the second try; half as long again to each that follows


async def check(
    loop: asyncio.AbstractEventLoop, target: Target, wanted: HealthCheckRequested, timeout_s: float
) -> HealthChecked:
    """Ask once; a process that just started, and does not listen yet, is given `START_S_MAX`.

    Args:
        loop: Where a host that is gone is waited for in vain.
        target: Whom to ask.
        wanted: What to ask.
        timeout_s: Real seconds until the check has failed.
    """
    until, (status, error) = loop.time() + START_S_MAX, await _once(loop, target, wanted, timeout_s)
    pause_s = START_LOOK_S
    while error == "refused" and target.is_starting and loop.time() < until:
        await asyncio.sleep(pause_s)
        pause_s *= 1.5
        status, error = await _once(loop, target, wanted, timeout_s)
    target.is_starting = False
    return HealthChecked(
        target_group_arn=wanted.target_group_arn,
        target_id=wanted.target_id,
        port=wanted.port,
        status=status,
        error=error,
    )


async def _once(
    loop: asyncio.AbstractEventLoop, target: Target, wanted: HealthCheckRequested, timeout_s: float
) -> tuple[int, str]:
    status, error = 0, ""
    try:
        status = await within(loop, timeout_s, _ask(loop, target, wanted.path))
    except TimeoutError:
        error = "timeout"
    except ConnectionRefusedError:
        error = "refused"
    except (OSError, EOFError):  # EOFError: asyncio's IncompleteReadError
        error = "reset"
    except (Malformed, asyncio.LimitOverrunError):
        error = "malformed"
    return status, error


async def _ask(loop: asyncio.AbstractEventLoop, target: Target, path: str) -> int:
    if target.host_gone:
        await loop.create_future()
    if not target.loopback_port:
        raise ConnectionRefusedError
    reader, writer = await asyncio.open_connection("127.0.0.1", target.loopback_port, limit=HEAD_BYTES_MAX)
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.loopback_port}\r\nConnection: close\r\n"
            "User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n".encode()
        )
        return parse_response(await reader.readuntil(b"\r\n\r\n")).status
    finally:
        writer.close()
