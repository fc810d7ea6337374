"""Bytes nobody means well with: refused, closed, and no target hears of them."""

import asyncio

import pytest

pytestmark = pytest.mark.live

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
REFUSED = {
    "cl-te": (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "two-hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
    "host-evil": (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
    "host-nip": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1.nip.io:80\r\n\r\n", 403),
    "bare-lf": (b"GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n", 400),
    "http-0.9": (b"GET /\r\n\r\n", 400),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "empty-lines": (b"\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "uri-64k": (b"GET /" + b"a" * 65_536 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    "head-64k": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 65_536 + b"\r\n\r\n", 431),
    "headers-5000": (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 5_000 + b"\r\n", 431),
    "connect": (b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\n", 405),
    "absolute": (b"GET http://169.254.169.254/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n", 400),
    "websocket": (b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 400),
    "body-too-large": (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", 413),
}


async def heard(reader, writer, requests):
    while True:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_whatever_follows_is_not_read(run, make_site, name):
    async def body():
        requests = []
        async with make_site() as site:
            await site.target(lambda r, w: heard(r, w, requests))
            data, status = REFUSED[name]
            answer = await site.send(data + SMUGGLED)
            assert answer.startswith(b"HTTP/1.1 %d " % status)
            assert answer.count(b"HTTP/1.1 ") == 1
            assert b"Connection: close" in answer
            assert requests == []

    run(body)


def test_a_bad_chunk_is_refused_and_the_target_is_let_go(run, make_site):
    async def body():
        async def serve(reader, _writer):
            await reader.read()

        async with make_site() as site:
            await site.target(serve)
            head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            assert (await site.send(head + b"-1\r\n" + SMUGGLED)).startswith(b"HTTP/1.1 400")

    run(body)


def test_a_hundred_requests_at_once_are_answered_in_turn_and_a_bad_one_ends_it(run, make_site):
    async def serve(reader, writer):
        while True:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))

    async def body():
        async with make_site() as site:
            await site.target(serve)
            good = b"".join(b"GET /%03d HTTP/1.1\r\nHost: localhost\r\n\r\n" % n for n in range(100))
            answer = await site.send(good + b"GET / HTTP/9.9\r\n\r\n" + SMUGGLED)
            bodies = [part.split(b"\r\n\r\n")[1] for part in answer.split(b"HTTP/1.1 200 OK\r\n")[1:]]
            assert [b[:4] for b in bodies] == [b"/%03d" % n for n in range(100)]
            assert answer.count(b"HTTP/1.1 505 ") == 1
            assert b"smuggled" not in answer

    run(body)


def test_stalled_heads_are_closed_and_hold_up_nobody(run, make_site):
    async def body():
        requests = []
        async with make_site(head_s_max=0.5) as site:
            await site.target(lambda r, w: heard(r, w, requests))
            stalled = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(200)]
            for _, writer in stalled:
                writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
            assert (await site.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).endswith(b"ok")
            async with asyncio.timeout(60):
                assert [(await reader.read())[:12] for reader, _ in stalled] == [b"HTTP/1.1 408"] * 200
            for _, writer in stalled:
                writer.close()

    run(body)


def test_it_listens_on_loopback_only(run, make_site):
    async def body():
        async with make_site() as site:
            (listener,) = site.balancer._listeners.values()
            assert [s.getsockname()[0] for s in listener.server.sockets] == ["127.0.0.1"]

    run(body)
