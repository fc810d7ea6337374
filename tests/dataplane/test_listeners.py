"""Listeners open, close and change; what they did is reported."""

import asyncio
import json
import socket
from collections import Counter

import pytest

from awslab.machines.events import (
    HealthChecked,
    IdleTimeoutChanged,
    ListenerClosed,
    RequestsServed,
    TaskStarted,
    WeightsChanged,
)

pytestmark = pytest.mark.live

LISTENER, GROUP, GREEN = "arn:listener", "arn:blue", "arn:green"


def test_weights_shift_requests_between_groups_and_every_request_is_reported(stage, make_loader):
    async def body():
        async with stage:
            port = await stage.listen(weights=((GROUP, 90), (GREEN, 10)))
            blue, green = [await stage.run_task(f"t{n}", APP_VERSION=str(n)) for n in range(2)]
            stage.route(blue)
            stage.route(green, group=GREEN)
            async with make_loader(port) as loader:
                await loader.until(500)
                share = loader.seen["version 1"] / loader.seen[200]
                stage.say(WeightsChanged(listener_arn=LISTENER, weights=((GROUP, 0), (GREEN, 100))))
                await stage.check(("i-none", 1))  # heard by now
                before = loader.seen["version 0"]
                await loader.until(100)
                assert loader.seen["version 0"] - before <= 8  # those in flight
            assert 0.03 < share < 0.2
            assert await stage.counted(loader.seen[200]) == {200: loader.seen[200]}
            reported = [event for event in stage.ear.heard if isinstance(event, RequestsServed)]
            by_group = Counter()
            for event in reported:
                by_group[event.target_group_arn] += sum(n for _, n in event.response_times_s)
            assert by_group == {GROUP: loader.seen["version 0"], GREEN: loader.seen["version 1"]}
            assert all(0 <= s < 5 for event in reported for s, _ in event.response_times_s)

    asyncio.run(body())


def test_health_checks_say_who_asks_and_are_not_counted(stage):
    asks = """
        import http.server, os
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                ours = self.headers["User-Agent"] == "ELB-HealthChecker/2.0" and self.path == "/healthz?deep=1"
                self.send_response(204 if ours else 500)
                self.end_headers()
        http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
    """

    async def body():
        async with stage:
            await stage.listen()
            stage.images.add("asks", asks)
            endpoint = await stage.run_task("app")
            stage.request_task("t", image="asks")
            port = (await stage.ear.first(TaskStarted, task_id="t")).host_port
            seen = set()
            while 204 not in seen:
                checked = await stage.check(("i-1", port), path="/healthz?deep=1")
                seen.add(checked.status or checked.error)
            assert seen <= {204, "refused"}
            assert (await stage.check(endpoint, path="/?s=1", timeout_s=5.0)).error == "timeout"
            assert (await stage.check(("i-1", 1))).error == "refused"
            assert not any(isinstance(event, RequestsServed) for event in stage.ear.heard)
            assert any(isinstance(event, HealthChecked) for event in stage.ear.heard)

    asyncio.run(body())


def test_a_closed_listener_answers_what_is_open_and_nothing_more(stage, ask):
    async def body():
        async with stage:
            port = await stage.listen()
            stage.route(await stage.run_task("t"))
            open_one = asyncio.create_task(ask(port, "/?s=0.5"))
            await ask(port)  # a later one was answered: this one is open
            stage.say(ListenerClosed(listener_arn=LISTENER))
            assert (await open_one)[0] == 200
            with pytest.raises(ConnectionRefusedError):
                await ask(port)
            assert stage.plane.listener_ports == {}

    asyncio.run(body())


def test_an_idle_timeout_can_be_changed_while_requests_are_open(stage, ask):
    async def body():
        async with stage:
            port = await stage.listen(idle_timeout_s=600.0)
            stage.route(await stage.run_task("t"))
            open_one = asyncio.create_task(ask(port, "/?s=30"))
            stage.say(IdleTimeoutChanged(listener_arn=LISTENER, idle_timeout_s=6.0))
            assert (await open_one)[0] == 504

    asyncio.run(body())


def test_a_preferred_port_is_taken_when_it_is_free_and_another_when_not(make_stage):
    async def body():
        with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as freed:
            ports = sorted(s.getsockname()[1] for s in (taken, freed))
            free = freed.getsockname()[1]
            freed.close()
            async with make_stage(ports=range(ports[0], ports[1] + 1, ports[1] - ports[0])) as stage:
                assert await stage.listen() == free
                assert await stage.listen(arn="arn:other") not in ports

    asyncio.run(body())


def test_only_names_of_loopback_and_of_load_balancers_are_answered(stage, ask):
    async def body():
        async with stage:
            port = await stage.listen()
            stage.route(await stage.run_task("t"))
            for host, status in ((b"evil.example", 403), (b"web-1.us-east-1.elb.amazonaws.com", 200)):
                assert (await ask(port, host=host))[0] == status
            assert json.loads((await ask(port))[2])["headers"]["X-Forwarded-For"] == "127.0.0.1"

    asyncio.run(body())
