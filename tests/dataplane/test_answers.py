"""What the load balancer answers itself, and that it never asks a target twice."""

import asyncio

import pytest

from awslab.dataplane.messages import AddressChanged, HostGone
from awslab.machines.events import TargetCut

pytestmark = pytest.mark.live

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
GROUP = "arn:blue"
BROKEN = {
    "closes": b"",
    "half-a-head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no-http": b"hello\r\n\r\n",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "length-and-coding": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "endless-head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 40_000,
    "smuggling": b"HTTP/1.1 200 OK\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "upgrade": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
}


def breaking(answer):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return serve


@pytest.mark.parametrize("name", BROKEN)
def test_a_target_that_breaks_off_or_answers_nonsense_is_a_502(run, make_site, name):
    async def body():
        async with make_site() as site:
            await site.target(breaking(BROKEN[name]))
            assert (await site.send(CLOSING)).startswith(b"HTTP/1.1 502 Bad Gateway\r\nServer: awselb/2.0\r\n")
            assert site.elb_statuses() == {502: 1}

    run(body)


def test_a_target_that_resets_the_connection_is_asked_once_and_never_again(run, make_site):
    asked = []

    async def serve(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.transport.abort()

    async def body():
        async with make_site() as site:
            await site.target(serve)
            assert (await site.send(CLOSING)).startswith(b"HTTP/1.1 502")
            assert len(asked) == 1

    run(body)


def test_where_nobody_listens_is_a_502_and_a_connection_error(run, make_site, answering):
    async def body():
        async with make_site() as site:
            host, port = await site.target(answering(b""))
            site.balancer.hear(AddressChanged(target_id=host, port=port, loopback_port=0))
            assert (await site.send(CLOSING)).startswith(b"HTTP/1.1 502")
            assert [row.connection_errors for row in site.balancer._tally.take()] == [1]

    run(body)


def test_no_target_in_the_group_is_a_503_and_the_connection_lives_on(run, make_site):
    async def body():
        async with make_site() as site:
            assert (await site.send(GET + CLOSING)).count(b"HTTP/1.1 503 Service Temporarily Unavailable") == 2
            assert site.elb_statuses() == {503: 2}

    run(body)


def test_a_host_that_is_gone_is_a_504_after_the_connect_timeout_of_lab_time(run, make_site, answering):
    async def body():
        async with make_site(rate=600.0) as site:
            host, _ = await site.target(answering(b""))
            site.balancer.hear(HostGone(target_id=host))
            assert (await site.send(CLOSING)).startswith(b"HTTP/1.1 504 Gateway Time-out")

    run(body)


def test_a_target_that_says_nothing_is_a_504_after_the_idle_timeout_of_lab_time(run, make_site, answering):
    async def body():
        async with make_site(rate=600.0) as site:
            await site.target(answering(b""))
            assert (await site.send(CLOSING)).startswith(b"HTTP/1.1 504 Gateway Time-out")
            assert site.elb_statuses() == {504: 1}

    run(body)


def test_a_body_that_stops_half_way_breaks_the_clients_connection_instead_of_looking_whole(run, make_site):
    async def body():
        async with make_site() as site:
            await site.target(breaking(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
            assert not (await site.send(CLOSING)).endswith(b"half and so")
            assert site.elb_statuses() == {502: 1}

    run(body)


def test_requests_still_open_to_a_target_that_is_cut_end_in_a_502(run, make_site):
    async def body():
        arrived = asyncio.Event()

        async def serve(reader, _writer):
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            await reader.read()

        async with make_site() as site:
            host, port = await site.target(serve)
            answer = asyncio.create_task(site.send(CLOSING))
            await arrived.wait()
            site.route()
            site.balancer.hear(TargetCut(target_group_arn="arn:other", target_id=host, port=port))
            assert site.elb_statuses() == {}  # another group's draining is over, not this one's
            site.balancer.hear(TargetCut(target_group_arn=GROUP, target_id=host, port=port))
            assert (await answer).startswith(b"HTTP/1.1 502")

    run(body)


def test_a_request_in_flight_is_answered_by_a_target_that_left(run, make_site):
    async def body():
        arrived, may_answer = asyncio.Event(), asyncio.Event()

        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            await may_answer.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
            assert await reader.read() == b""  # nothing more is asked here: the connection is closed

        async with make_site() as site:
            await site.target(serve)
            answer = asyncio.create_task(site.send(CLOSING))
            await arrived.wait()
            site.route()
            assert (await site.send(CLOSING)).startswith(b"HTTP/1.1 503")
            may_answer.set()
            assert (await answer).endswith(b"done")

    run(body)


def test_an_idle_connection_the_target_closed_is_not_used_again(run, make_site):
    async def body():
        closed, connections = asyncio.Event(), []

        async def serve(reader, writer):
            connections.append(writer)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            if len(connections) == 1:
                writer.close()
                await writer.wait_closed()
                closed.set()
            else:
                await reader.read()

        async with make_site() as site:
            await site.target(serve)
            assert (await site.send(CLOSING)).endswith(b"ok")
            await closed.wait()
            assert (await site.send(CLOSING)).endswith(b"ok")
            assert len(connections) == 2

    run(body)


def test_a_client_that_goes_away_is_counted_as_one_and_its_target_told(run, make_site):
    async def body():
        arrived, told = asyncio.Event(), asyncio.Event()

        async def serve(reader, _writer):
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            try:
                await reader.read()
            finally:
                told.set()

        async with make_site() as site:
            await site.target(serve)
            _, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(GET)
            await arrived.wait()
            writer.transport.abort()
            async with asyncio.timeout(5):
                await told.wait()
            assert site.elb_statuses() == {460: 1}

    run(body)
