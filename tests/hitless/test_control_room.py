"""The control room on a running lab, without buttons: a script gives the commands."""

import asyncio

import pytest

from hitless.control_room import ControlRoom
from hitless.deployment import read_deployment
from hitless.errors import Failed, NotReady
from hitless.finding import headline
from hitless.journal import read
from hitless.lab import Lab
from hitless.ready_wait import read_blue_green
from hitless.run_folder import open_run
from hitless.wait import wait_until
from tests.hitless.web import Web

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    with Lab(folder / "lab", rate=60, seed=1):
        yield Web(folder)


@pytest.fixture
def room(web, tmp_path):
    web.until_quiet()  # the test before may have failed users, and an alarm that is on stops any release
    return ControlRoom(web.here, web.stack, open_run(web.here, "room", str(tmp_path / "run"), "test"))


def ends(room):
    return [(deed.name, deed.end) for deed in room.deeds]


def newest(web):
    found = web.call("codedeploy").list_deployments(applicationName="web", deploymentGroupName="web")["deployments"]
    return next(one for one in (read_deployment(web.here, each) for each in found) if one.creator == "user")


def test_a_tour_does_what_it_says_and_leaves_nothing_half_done(room):
    script = "rate 200; release good; approve; done; fault host dies; healthy; hold off; release bad; taken back"
    asyncio.run(room.run(script + "; refresh; abort; taken back", say=str))
    assert ends(room) == [
        ("release 2.0.0", "done"),
        ("release 3.0.0", "taken back"),
        ("replace every host", "taken back"),
    ]
    assert room.verdict.holds, room.verdict.text()
    assert "release 2.0.0: done\nlet it happen: host dies\nrelease 3.0.0: taken back" in room.story
    run = room.live.timeline
    assert {"approved", "abort", "host dies", "200/s"} <= {event.label for event in run.events}
    assert [c for c in run.capacity if c.new], "the host that died was replaced"
    assert headline(run).startswith("Bad release caught at 10% traffic")
    rates = [entry.facts["rate_per_s"] for entry in read(room.run_folder.journal.path) if entry.kind == "rate"]
    assert rates == [200.0]


def test_what_cannot_be_done_now_is_refused(room):
    with pytest.raises(NotReady, match="cannot be done now"):
        asyncio.run(room.run("approve", say=str))
    assert not room.deeds


def test_what_ends_otherwise_than_the_script_says_fails(room):
    with pytest.raises(Failed, match="did not end as the tour says"):
        asyncio.run(room.run("release good; abort; done", say=str))
    assert [end for _, end in ends(room)] == ["taken back"]


def test_an_interrupt_takes_the_release_back_and_puts_the_group_back(room, web):
    before = read_blue_green(web.here, room.group)

    async def interrupted():
        task = asyncio.ensure_future(room.run("release good; done", say=str))
        while not room.may("approve"):
            assert not task.done()
            await asyncio.sleep(0.05)
        assert read_blue_green(web.here, room.group) != before
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    stopped = lambda: newest(web).status == "Stopped"  # noqa: E731
    wait_until(stopped, bool, what="the stop", clock=web.here.clock, timeout_s=1200, every_s=5, say=str)
    assert read_blue_green(web.here, room.group) == before
    assert room.deeds[-1].end


def test_a_failure_nobody_let_happen_is_not_explained_away(room):
    asyncio.run(room.run("rate 100", say=str))
    assert room.verdict.holds, room.verdict.text()
    from dataclasses import replace

    from hitless.room_verdict import judge

    run = room.live.timeline
    run.windows[0] = replace(run.windows[0], failed={"5xx": 1})
    claims = {c.name: c for c in judge(room, run, room.live.summary, True).claims}
    assert not claims["requests failed that nobody let fail"].holds
    assert not judge(room, run, None, False).holds
