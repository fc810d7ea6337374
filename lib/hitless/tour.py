"""A script for the control room: commands and ends, one after the other, so that nobody need press a button.

`release good; approve; done` releases, approves at Ready, and wants that to end well. Besides the room's commands a
script knows `done`, `taken back` (how what goes on must end), and `healthy` (every host in service again). A step waits
until it can be taken; one that never can ends the tour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitless.deeds import DONE, TAKEN_BACK
from hitless.errors import Failed
from hitless.wait import await_until

if TYPE_CHECKING:
    from hitless.control_room import ControlRoom

FULL = (
    "rate 200; release good; approve; done; refresh; done; fault host dies; healthy; "
    "release bad; approve; taken back; release good; abort; taken back"
)
STEP_S_MAX = 2 * 3600.0
STEP_USUALLY_S = {DONE: 900.0, TAKEN_BACK: 600.0, "healthy": 300.0, "approve": 180.0}
LOOK_S = 5.0


async def play(room: ControlRoom, script: str) -> None:
    """Take every step of a script.

    Args:
        room: Where; open.
        script: Steps, with semicolons between them.

    Raises:
        Failed: A deed did not end as the script says.
        TimedOut: A step could not be taken within two hours of AWS time.
        Refused: A command that this room does not know, or not now.
    """
    for step in filter(None, (part.strip() for part in script.split(";"))):
        if step in (DONE, TAKEN_BACK):
            await _until(room, step, lambda: room.deed is None)
            _expect(room, step)
        elif step == "healthy":
            await _until(room, step, lambda: room.is_whole)
        else:
            if step.startswith("release"):  # an alarm that rings still would stop it at once
                await _until(room, "healthy", lambda: room.is_whole)
            await _until(room, step, lambda step=step: room.may(step) or room.deed is None)
            await room.do(step)


async def _until(room: ControlRoom, step: str, is_so) -> None:
    await await_until(
        is_so,
        bool,
        what=f"“{step}”",
        clock=room.here.clock,
        timeout_s=STEP_S_MAX,
        every_s=LOOK_S,
        usually_s=STEP_USUALLY_S.get(step),
        show=lambda is_so: "now" if is_so else "not yet",
        say=lambda _line: None,
    )


def _expect(room: ControlRoom, end: str) -> None:
    deed = room.deeds[-1]
    if deed.end != end:
        seen = {"wanted": end, "ended": deed.end, "because": deed.why.partition("\n")[0] or "nothing said"}
        raise Failed(f"“{deed.name}” did not end as the tour says.", seen=seen, do="look at the timeline")
