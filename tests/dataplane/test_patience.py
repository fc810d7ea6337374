"""A machine that stood still is not a target that is dead; without the allowance it would be taken for one."""

import asyncio
import time

import pytest

from awslab.dataplane import balancer, checks, patience
from awslab.dataplane.messages import AddressChanged, HostGone
from awslab.dataplane.ports import Ports
from awslab.machines.events import HealthChecked, HealthCheckRequested
from tests.dataplane.stage import GROUP

CLOSING = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def stand_still(real_s):
    """Hold up everything there is in this process, as a machine does that gets no processor."""
    asyncio.get_running_loop().call_soon(time.sleep, real_s)


@pytest.fixture(params=[True, False], ids=["with the allowance", "without"])
def allowed(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(balancer, "LATE_S", float("inf"))
        monkeypatch.setattr(patience, "LATE_S", float("inf"))
    return request.param


async def checked(site, endpoint, until, while_standing_s=0.0):
    wanted = HealthCheckRequested(
        target_group_arn=GROUP, target_id=endpoint[0], port=endpoint[1], path="/", timeout_s=5.0
    )
    site.balancer.hear(wanted)
    stand_still(while_standing_s)
    return (await until(lambda: [event for event in site.told if isinstance(event, HealthChecked)]))[0]


def test_a_health_answer_that_lies_unread_counts(run, make_site, answering, until, allowed):
    async def body():
        async with make_site() as site:
            endpoint = await site.target(answering(OK))
            answer = await checked(site, endpoint, until, while_standing_s=0.45)
            assert (answer.status, answer.error) == ((200, "") if allowed else (0, "timeout"))

    run(body)


def test_a_connection_that_is_made_meanwhile_counts(run, make_site, answering, allowed):
    async def body():
        async with make_site() as site:
            await site.target(answering(OK))
            connect = site.balancer.connect
            site.balancer.connect = lambda exchange: (connect(exchange), stand_still(0.45))
            answer = await site.send(CLOSING)
            assert answer.startswith(b"HTTP/1.1 200 OK" if allowed else b"HTTP/1.1 504 Gateway Time-out")

    run(body)


def test_an_answer_that_comes_meanwhile_counts(run, make_site, allowed):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        stand_still(1.2)
        for _ in range(3):
            await asyncio.sleep(0)
        writer.write(OK)
        await reader.read()

    async def body():
        async with make_site(rate=60.0, idle_timeout_s=60.0) as site:
            await site.target(serve)
            answer = await site.send(CLOSING)
            assert answer.startswith(b"HTTP/1.1 200 OK" if allowed else b"HTTP/1.1 504 Gateway Time-out")

    run(body)


def test_a_host_that_is_gone_gets_no_allowance(run, make_site, answering, until, monkeypatch):
    monkeypatch.setattr(balancer, "REAL_S_MIN", 3600.0)

    async def body():
        async with make_site() as site:
            endpoint = await site.target(answering(OK))
            site.balancer.hear(HostGone(target_id=endpoint[0]))
            assert (await checked(site, endpoint, until)).error == "timeout"

    run(body)


@pytest.mark.parametrize("patient", [True, False])
def test_a_process_that_comes_up_slowly_is_waited_for(run, make_site, until, monkeypatch, patient):
    monkeypatch.setattr(checks, "START_S_MAX", 20.0 if patient else 0.0)
    ports = Ports()

    async def come_up(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        writer.close()

    async def body():
        async with make_site() as site:
            port = ports.take()
            site.balancer.hear(AddressChanged(target_id="i-1", port=port, loopback_port=port))
            check = asyncio.create_task(checked(site, ("i-1", port), until))
            await asyncio.sleep(0.05)  # it has been refused some times by then
            async with await asyncio.start_server(come_up, "127.0.0.1", port):
                answer = await check
            assert (answer.status, answer.error) == ((200, "") if patient else (0, "refused"))

    run(body)
    ports.close()


def test_a_process_that_never_listens_is_given_up(run, make_site, until, monkeypatch):
    monkeypatch.setattr(checks, "START_S_MAX", 0.1)
    ports = Ports()

    async def body():
        async with make_site() as site:
            port = ports.take()
            site.balancer.hear(AddressChanged(target_id="i-1", port=port, loopback_port=port))
            assert (await checked(site, ("i-1", port), until)).error == "refused"

    run(body)
    ports.close()
