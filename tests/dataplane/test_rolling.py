"""The claim the whole lab serves: replaced in AWS's order, no request is lost; in any other, some are."""

import asyncio
import time

import pytest

from awslab.machines.events import EndpointsChanged, TargetCut, TaskExited, TaskKilled, TaskSignalled

pytestmark = pytest.mark.live

GROUP = "arn:blue"
REQUEST_S = 0.02
DELAY_S = 30.0  # deregistration delay, lab seconds: half a real second at rate 60


async def replace(stage, old, new, *, drain):
    """Start one task, and stop another in ECS's order, or just kill it."""
    (old_id, old_endpoint), (new_id, others) = old, new
    new_endpoint = await stage.run_task(new_id, APP_VERSION="2")
    if not drain:
        stage.say(TaskKilled(task_id=old_id))
        await stage.ear.first(TaskExited, task_id=old_id)
        stage.route(*others, new_endpoint)
        return new_endpoint
    stage.route(*others, new_endpoint)
    await asyncio.sleep(DELAY_S / stage.clock.rate)
    stage.say(TargetCut(target_group_arn=GROUP, target_id=old_endpoint[0], port=old_endpoint[1]))
    assert await stage.end_task(old_id) == 0
    return new_endpoint


async def roll(stage, make_loader, *, drain):
    port = await stage.listen()
    endpoints = {f"old{n}": await stage.run_task(f"old{n}", APP_VERSION="1") for n in range(3)}
    stage.route(*endpoints.values())
    async with make_loader(port, path=f"/?s={REQUEST_S}") as loader:
        await loader.until(30)
        for n in range(3):
            old = f"old{n}", endpoints.pop(f"old{n}")
            endpoints[f"new{n}"] = await replace(stage, old, (f"new{n}", tuple(endpoints.values())), drain=drain)
        await loader.until(30)
    seen = await stage.counted(sum(loader.seen[status] for status in (200, 502)))
    return loader.seen, seen


def test_tasks_replaced_with_draining_lose_no_request(stage, make_loader):
    async def body():
        async with stage:
            seen, counted = await roll(stage, make_loader, drain=True)
            assert set(seen) == {200, "version 1", "version 2"}
            assert counted == {200: seen[200]}

    asyncio.run(body())


def test_tasks_killed_without_draining_lose_requests_as_502(stage, make_loader):
    async def body():
        async with stage:
            seen, counted = await roll(stage, make_loader, drain=False)
            assert seen[502] > 0
            assert counted == {200: seen[200], "elb-502": seen[502]}

    asyncio.run(body())


def all_at_once(stage, endpoint):
    """What a world says that was away for a minute of lab time: removed, cut off, stopped and killed in one moment."""
    at = stage.world.now
    story = (
        (0.0, EndpointsChanged(target_group_arn=GROUP, endpoints=(), registered=0)),
        (30.0, TargetCut(target_group_arn=GROUP, target_id=endpoint[0], port=endpoint[1])),
        (30.0, TaskSignalled(task_id="t")),
        (60.0, TaskKilled(task_id="t")),
    )
    for later_s, event in story:
        stage.plane.on_event(event, at + later_s)


async def ask_through_a_late_world(stage, ask):
    port = await stage.listen()
    endpoint = await stage.run_task("t")
    stage.route(endpoint)
    answer = asyncio.create_task(ask(port, "/?s=0.3"))
    while (await stage.check(endpoint, path="/asked")).status != 200:
        pass
    all_at_once(stage, endpoint)
    return (await answer)[0]


def test_a_control_process_that_was_busy_does_not_cut_requests_short(stage, ask):
    async def body():
        async with stage:
            assert await ask_through_a_late_world(stage, ask) == 200

    asyncio.run(body())


def test_without_its_pace_the_same_busy_control_process_loses_the_request(stage, ask, monkeypatch):
    async def body():
        async with stage:
            monkeypatch.setattr(stage.plane._pace, "do", lambda _chain, _now, act: act())
            assert await ask_through_a_late_world(stage, ask) == 502

    asyncio.run(body())


def test_a_removed_endpoint_gets_no_new_request_within_5_ms(stage, make_loader):
    async def body():
        async with stage:
            port = await stage.listen()
            one, two = [await stage.run_task(f"t{n}", APP_VERSION=str(n)) for n in range(2)]
            took = []
            async with make_loader(port, clients=2) as loader:
                for _ in range(20):
                    stage.route(one, two)
                    await loader.until(10)
                    began = time.perf_counter()
                    stage.route(two)
                    await stage.check(("i-none", 1))  # answered at once, by a load balancer that heard of the route
                    took.append(time.perf_counter() - began)
                    before = loader.seen["version 0"]
                    await loader.until(10)
                    assert loader.seen["version 0"] - before <= 2  # those in flight
            assert min(took) < 0.005

    asyncio.run(body())
