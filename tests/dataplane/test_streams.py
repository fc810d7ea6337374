"""Bodies pass through in both directions, as they come and never faster than they are taken."""

import asyncio

import pytest

pytestmark = pytest.mark.live

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BIG = 64 * 2**20


def echoing(seen):
    async def serve(reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            seen.append(head)
            body = await read_body(reader, head)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    return serve


async def read_body(reader, head):
    lengths = [int(field[15:]) for field in head.split(b"\r\n") if field.startswith(b"Content-Length:")]
    if lengths:
        return await reader.readexactly(lengths[0])
    body = b""
    while b"Transfer-Encoding: chunked" in head and (size := int(await reader.readuntil(b"\r\n"), 16)):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    if b"Transfer-Encoding: chunked" in head:
        await reader.readexactly(2)
    return body


def test_bodies_arrive_whole_with_a_length_or_in_chunks_and_connections_are_kept(run, make_site):
    async def body():
        seen = []
        async with make_site() as site:
            await site.target(echoing(seen))
            answer = await site.send(
                b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhel",
                b"loPOST /e HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
                b"POST /b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\none\r\n3\r",
                b"\ntwo\r\n0\r\nX-Trailer: 1\r\n\r\nGET /c HTTP/1.0\r\n\r\n",
            )
            assert [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]] == [
                b"hello",
                b"",
                b"onetwo",
                b"",
            ]
            assert b"Content-Length: 0\r\n" in seen[1]
            assert b"x=y" not in b"".join(seen) and b"X-Trailer" not in b"".join(seen)

    run(body)


def test_chunks_pass_on_as_they_come(run, make_site):
    async def body():
        next_one = asyncio.Event()

        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for word in (b"one", b"two"):
                writer.write(b"3\r\n%b\r\n" % word)
                await next_one.wait()
                next_one.clear()
            writer.write(b"0\r\n\r\n")
            await reader.read()

        async with make_site() as site:
            await site.target(serve)
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(GET)
            assert (await reader.readuntil(b"one\r\n")).endswith(b"\r\n\r\n3\r\none\r\n")
            next_one.set()
            assert await reader.readexactly(8) == b"3\r\ntwo\r\n"
            next_one.set()
            assert await reader.readexactly(5) == b"0\r\n\r\n"
            writer.close()

    run(body)


def test_a_body_that_ends_with_the_connection_is_whole_for_old_and_new_clients(run, make_site):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nto the end")
        await writer.drain()

    async def body():
        async with make_site() as site:
            await site.target(serve)
            new = await site.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b"Transfer-Encoding: chunked" in new and new.endswith(b"0\r\n\r\n")
            assert (await site.send(b"GET / HTTP/1.0\r\n\r\n")).endswith(b"\r\n\r\nto the end")

    run(body)


def test_a_client_that_reads_slowly_makes_the_target_wait_and_costs_no_memory(run, make_site):
    async def body():
        sent = 0

        async def serve(reader, writer):
            nonlocal sent
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
            while sent < BIG:
                writer.write(bytes(2**16))
                sent += 2**16
                await writer.drain()

        async with make_site(rate=1.0) as site:
            await site.target(serve)
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=2**16)
            writer.write(GET)
            await reader.readuntil(b"\r\n\r\n")
            await still(lambda: sent)
            assert sent < BIG / 4  # the rest of it waits in the target, not in the load balancer
            (listener,) = site.balancer._listeners.values()
            (client,) = listener.clients
            assert client.transport.get_write_buffer_size() < 2**20
            assert len(await reader.readexactly(BIG)) == BIG
            writer.close()

    run(body)


def test_a_target_that_reads_slowly_makes_the_client_wait_and_costs_no_memory(run, make_site):
    async def body():
        may_read = asyncio.Event()

        async def serve(reader, writer):
            await may_read.wait()
            await reader.readuntil(b"\r\n\r\n")
            left = BIG
            while left:
                left -= len(await reader.read(2**18))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        async with make_site(rate=1.0) as site:
            await site.target(serve)
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % BIG)
            writer.write(bytes(BIG))
            await still(writer.transport.get_write_buffer_size)
            assert writer.transport.get_write_buffer_size() > BIG * 3 / 4
            may_read.set()
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
            writer.close()

    run(body)


def test_a_client_that_asks_first_is_told_to_go_on(run, make_site):
    async def body():
        seen = []
        async with make_site() as site:
            await site.target(echoing(seen))
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"hello")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
            assert b"Expect" not in seen[0]
            writer.close()

    run(body)


async def still(look):
    """Wait until a number has not changed over many turns of the loop."""
    turns, before = 0, None
    while turns < 2_000:
        await asyncio.sleep(0)
        turns, before = (turns + 1, before) if look() == before else (0, look())


def test_idle_connections_to_targets_and_clients_are_closed_after_the_idle_timeout_of_real_time(run, make_site):
    async def body():
        closed = asyncio.Event()

        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            assert await reader.read() == b""
            closed.set()

        async with make_site(rate=0.1, idle_timeout_s=0.2) as site:
            await site.target(serve)
            async with asyncio.timeout(5):
                assert (await site.send(GET)).endswith(b"ok")  # returns only when the load balancer has closed
                await closed.wait()

    run(body)
