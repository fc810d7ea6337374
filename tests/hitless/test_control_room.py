"""The control room on a running lab, without buttons: a script gives the commands."""

import asyncio

import pytest

from hitless.control_room import ControlRoom
from hitless.errors import Failed, NotReady
from hitless.finding import headline
from hitless.journal import read
from hitless.run_folder import open_run
from tests.hitless.web import Web

pytestmark = pytest.mark.live


@pytest.fixture
def room(lab, tmp_path):
    web = Web(tmp_path)
    return ControlRoom(web.here, web.stack, open_run(web.here, "room", str(tmp_path / "run"), "test"))


def ends(room):
    return [(deed.name, deed.end) for deed in room.deeds]


def test_a_tour_does_what_it_says_and_leaves_nothing_half_done(room, capsys):
    script = "rate 200; release good; approve; done; fault host dies; healthy; release bad; approve; taken back"
    asyncio.run(room.run(script + "; refresh; abort; taken back"))
    assert ends(room) == [
        ("release 2.0.0", "done"),
        ("release 3.0.0", "taken back"),
        ("replace every host", "taken back"),
    ]
    assert room.verdict.holds, room.verdict.text()
    run = room.live.timeline
    assert {"approved", "abort", "host dies", "200/s"} <= {event.label for event in run.events}
    assert [c for c in run.capacity if c.new], "the host that died was replaced"
    assert headline(run).startswith("Bad release caught at 10% traffic")
    rates = [entry.facts["rate_per_s"] for entry in read(room.run_folder.journal.path) if entry.kind == "rate"]
    assert rates == [200.0]


def test_what_cannot_be_done_now_is_refused_and_an_end_that_was_not_said_fails(room):
    with pytest.raises(NotReady, match="cannot be done now"):
        asyncio.run(room.run("approve"))
    with pytest.raises(Failed, match="did not end as the tour says"):
        asyncio.run(_again(room).run("release good; abort; done"))


def _again(room):
    run = open_run(room.here, "room", str(room.run_folder.path.with_name("again")), "test")
    return ControlRoom(room.here, room.stack, run)
