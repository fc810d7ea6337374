"""Somebody presses Jupyter's stop button in the middle of a change: whatever the notebook started is over."""

import time
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from tests.hitless.web import Web

pytestmark = pytest.mark.live
HERE = Path("notebooks/09-take-the-controls.ipynb")
WAIT_S = 60.0


def children(pid):
    """Command lines of everything a process has started and that still runs."""
    living = psutil.Process(pid).children(recursive=True)
    return [" ".join(one.cmdline()) for one in living if one.status() != psutil.STATUS_ZOMBIE]


def until(moment, what):
    end = time.monotonic() + WAIT_S
    while not moment():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_an_interrupted_control_room_leaves_nothing_running(lab, tmp_path):
    Web(tmp_path, hold=True)
    record = tmp_path / "record"
    told = f"NAME, RUN_DIR, TOUR = 'web', {str(record)!r}, 'release good; approve; done'"
    parameters, *rest = [c.source for c in nbformat.read(HERE, as_version=4).cells if c.cell_type == "code"]
    cells = [parameters, told, *rest]
    manager, client = start_new_kernel()
    try:
        pid = manager.provisioner.pid
        before = children(pid)
        *_, room = cells[: next(n for n, source in enumerate(cells) if "room.run(" in source) + 1]
        for source in cells[: cells.index(room)]:
            assert client.execute_interactive(source, timeout=WAIT_S)["content"]["status"] == "ok"
        asked = client.execute(room)
        until(lambda: "release" in (record / "journal.jsonl").read_text(), "a release under way")
        assert any("hitless.prober" in line for line in children(pid))
        manager.interrupt_kernel()
        reply = client.get_shell_msg(timeout=WAIT_S)
        assert reply["parent_header"]["msg_id"] == asked and reply["content"]["status"] == "error"
        assert children(pid) == before
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert not psutil.pid_exists(pid)
