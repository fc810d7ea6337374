"""What needs time or state: who dawdles is sent away and holds up nobody; who pipelines is answered in turn."""

import asyncio
import contextlib
import struct
import sys
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET

import pytest
from aiohttp import web

from awslab import guard

pytestmark = pytest.mark.live
SOON_S = 2.0
GOOD = b"GET /good HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def echo(request):
    return web.Response(text=f"{request.path} {len(await request.read())}")


@contextlib.asynccontextmanager
async def listening(factory):
    """Listen with protocols made by `factory`, given aiohttp's; the port."""
    app = web.Application(client_max_size=2**20)
    app.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    server = await asyncio.get_running_loop().create_server(factory(runner.server), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await runner.cleanup()


@pytest.fixture
def impatient(monkeypatch):
    """The lab's guard and the app's patience, both soon at an end."""
    monkeypatch.setattr(guard, "HEAD_S_MAX", SOON_S)
    monkeypatch.setattr(guard, "BODY_S_MIN", SOON_S)
    monkeypatch.setattr(guard, "CHECK_S", 0.05)
    monkeypatch.syspath_prepend(str(Path("app").resolve()))
    import manners

    monkeypatch.setattr(manners, "HEAD_S_MAX", SOON_S)
    yield {
        "lab": lambda serve: guard.Doorkeeper(serve, 2**20, lambda: 1e9),
        "app": lambda serve: lambda: manners.Patience(serve),
    }
    sys.modules.pop("manners")


async def ask(port, data):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionError:
        return b"reset"
    finally:
        writer.close()


@pytest.mark.parametrize("door", ["lab", "app"])
@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nX-Slow: "], ids=["no byte", "half a head"])
def test_stalled_connections_are_closed_and_hold_up_nobody(impatient, door, begun):
    async def body():
        async with listening(impatient[door]) as port:
            stalled = [asyncio.create_task(ask(port, begun)) for _ in range(100)]
            loop = asyncio.get_running_loop()
            since = loop.time()
            assert (await ask(port, GOOD)).endswith(b"/good 0")
            assert not any(task.done() for task in stalled), "answered while they are all still waited for"
            answers = await asyncio.gather(*stalled)
            assert all(b" 200 " not in answer for answer in answers)
            assert loop.time() - since >= SOON_S

    asyncio.run(body())


def test_half_a_head_that_came_with_a_whole_request_is_not_waited_for_either(impatient):
    async def body():
        async with listening(impatient["lab"]) as port:
            answer = await ask(port, HEAD + b"GET / HTTP/1.1\r\nX-Slow: ")
            assert answer.count(b" 200 OK") == 1 and answer.count(b"400 Bad Request") == 1

    asyncio.run(body())


def test_a_connection_on_which_nobody_waits_longer_is_the_control(impatient, monkeypatch):
    """Without the guard the same connection is still open after twice as long."""

    async def body():
        async with listening(lambda serve: serve) as port:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2 * SOON_S):
                    await ask(port, b"GET / HTTP/1.1\r\nX-Slow: ")

    asyncio.run(body())


def test_a_body_that_dawdles_is_sent_away_and_one_that_is_on_its_way_is_not(impatient):
    async def body():
        async with listening(impatient["lab"]) as port:
            slow = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx"
            assert (await ask(port, slow)).startswith(b"HTTP/1.1 408")
            content = b"x" * 2**20
            head = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            assert (await ask(port, head % len(content) + content)).endswith(b"/ 1048576")

    asyncio.run(body())


@pytest.mark.parametrize("door", ["lab", "app"])
def test_a_slow_answer_is_no_dawdling_of_the_client(impatient, door):
    import manners

    @web.middleware
    async def around(request, handler):
        with manners.answering(request):
            return await handler(request)

    async def slow(_request):
        await asyncio.sleep(1.5 * SOON_S)
        return web.Response(text="late")

    async def body():
        app = web.Application(middlewares=[around] if door == "app" else [])
        app.router.add_get("/good", slow)
        runner = web.AppRunner(app)
        await runner.setup()
        server = await asyncio.get_running_loop().create_server(impatient[door](runner.server), "127.0.0.1", 0)
        assert (await ask(server.sockets[0].getsockname()[1], GOOD)).endswith(b"late")
        server.close()
        await runner.cleanup()

    asyncio.run(body())


def test_a_hundred_requests_at_once_are_answered_in_turn_and_a_bad_one_ends_it(impatient):
    async def body():
        async with listening(impatient["lab"]) as port:
            good = b"".join(HEAD.replace(b"/ ", b"/%03d " % n) for n in range(100))
            answer = await ask(port, good + b"GET / HTTP/9.9\r\n\r\n" + HEAD.replace(b"/ ", b"/smuggled "))
            assert [answer.find(b"/%03d 0" % n) for n in range(100)] == sorted(
                answer.find(b"/%03d 0" % n) for n in range(100)
            )
            assert answer.count(b" 200 OK") == 100 and answer.count(b"400 Bad Request") >= 1
            assert b"smuggled" not in answer

    asyncio.run(body())


@pytest.mark.parametrize("door", ["lab", "app"])
def test_who_breaks_off_in_the_middle_leaves_nothing_behind(impatient, door):
    async def body():
        async with listening(impatient[door]) as port:
            for how in ("reset", "half-close"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
                await writer.drain()
                if how == "reset":
                    socket = writer.get_extra_info("socket")
                    socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
                    writer.transport.abort()
                else:
                    writer.write_eof()
                    async with asyncio.timeout(20):
                        assert b" 200 " not in await reader.read()
                writer.close()
            assert (await ask(port, GOOD)).endswith(b"/good 0")

    asyncio.run(body())


def test_more_connections_than_there_may_be_are_hung_up_on(impatient, monkeypatch):
    monkeypatch.setattr(guard, "CONNECTIONS_MAX", 5)
    monkeypatch.setattr(guard, "HEAD_S_MAX", 60.0)

    async def body():
        async with listening(impatient["lab"]) as port:
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
            assert await ask(port, GOOD) in (b"", b"reset")
            held[0][1].close()
            await held[0][1].wait_closed()
            async with asyncio.timeout(20):
                while not (await ask(port, GOOD)).endswith(b"/good 0"):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
            for _, writer in held:
                writer.close()

    asyncio.run(body())
