"""Whatever bytes come from either side, cut anywhere and broken off anywhere: no bug, and nothing left open."""

import asyncio
import random

import pytest

pytestmark = pytest.mark.live

REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\none\r\n0\r\nX: 1\r\n\r\n",
    b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
)
RESPONSES = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nxx",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
)
SCRAPS = (b"\r\n", b"\n", b"\0", b" ", b":", b"0", b"Host: localhost\r\n", b"Content-Length: 3\r\n")


def mangled(rng, data):
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data) + 1)
        scrap = rng.choice((*SCRAPS, bytes([rng.randrange(256)]), data[:at]))
        data = data[:at] + scrap + data[at + rng.randrange(5) :]
    return data


async def say(rng, writer, data):
    cut = rng.randrange(len(data) + 1)
    writer.write(data[:cut])
    await asyncio.sleep(0)
    if not writer.transport.is_closing():
        writer.write(data[cut:])


async def visit(rng, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for _ in range(rng.randrange(1, 4)):
            await say(rng, writer, mangled(rng, rng.choice(REQUESTS)))
        if rng.random() < 0.3:
            writer.transport.abort()
        elif rng.random() < 0.7:
            async with asyncio.timeout(0.05):
                await reader.read()
    except (TimeoutError, ConnectionError):
        return
    finally:
        writer.close()


@pytest.mark.parametrize("seed", range(3))
def test_no_bytes_break_the_load_balancer(run, make_site, until, seed):
    rng, bugs = random.Random(seed), []

    async def serve(reader, writer):
        while await reader.read(rng.randrange(1, 200)):
            await say(rng, writer, mangled(rng, rng.choice(RESPONSES)) if rng.random() < 0.5 else RESPONSES[0])
            if rng.random() < 0.2:
                return writer.transport.abort() if rng.random() < 0.5 else None

    async def visit_often(port):
        for _ in range(15):
            await visit(rng, port)

    async def body():
        asyncio.get_running_loop().set_exception_handler(
            lambda _, seen: None if isinstance(seen.get("exception"), OSError) else bugs.append(seen)
        )
        async with make_site(rate=600.0, head_s_max=0.1) as site:
            await site.target(serve)
            await asyncio.gather(*(visit_often(site.port) for _ in range(20)))
            (listener,) = site.balancer._listeners.values()
            await until(lambda: not listener.clients)
            assert not any(target.exchanges for target in site.balancer.router.targets)
            assert site.elb_statuses()[400] > 0
        assert bugs == []

    run(body)
