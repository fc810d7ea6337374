"""The table of faults and operations, printed when its tests have run."""

import pytest

from tests.under_faults.scene import Scene
from tests.under_faults.table import text

CELLS = pytest.StashKey()


@pytest.fixture(scope="session")
def cells(pytestconfig):
    return pytestconfig.stash.setdefault(CELLS, [])


@pytest.fixture
def scene(tmp_path, monkeypatch):
    from hitless import undo

    scene = Scene(tmp_path, monkeypatch)
    monkeypatch.setattr(undo, "connect_as", lambda _request: scene.here)
    monkeypatch.setattr(undo, "RUNS", tmp_path / "runs")
    yield scene
    scene.close()
    scene.lab.close()


def pytest_terminal_summary(terminalreporter, config):
    if cells := config.stash.get(CELLS, []):
        terminalreporter.section("faults × operations")
        terminalreporter.write_line(text(cells))
