"""The three laws of the building: pure machines, one place for time and chance, helpers that do not know the lab."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LIB = Path("lib")
MAY_READ_TIME = {  # real processes and sockets live in real time; none of it is lab time
    "awslab/clock.py",
    "awslab/__main__.py",
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node


def modules(folder):
    return sorted((LIB / folder).rglob("*.py"))


@pytest.mark.parametrize("path", modules("awslab/machines"), ids=str)
def test_machines_import_the_standard_library_and_themselves_only(path):
    for name, _ in imports(path):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or name.startswith("awslab.machines"), name


@pytest.mark.parametrize("path", modules("awslab/machines"), ids=str)
def test_machines_read_no_clock_open_nothing_and_draw_only_what_they_are_handed(path):
    forbidden = {"time", "socket", "subprocess", "os", "asyncio", "threading", "uuid", "secrets"}
    assert not forbidden & {name.split(".")[0] for name, _ in imports(path)}
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    assert not {c for c in calls if c.endswith(".now") and c.startswith(("datetime", "clock"))}
    assert not {c for c in calls if c.startswith("random.") and c != "random.Random"}


@pytest.mark.parametrize("path", modules("hitless"), ids=str)
def test_helpers_do_not_know_the_lab(path):
    assert not [name for name, _ in imports(path) if name.split(".")[0] == "awslab"]


@pytest.mark.parametrize("path", [p for p in modules("awslab") if "dataplane" not in p.parts], ids=str)
def test_lab_time_comes_from_its_clock(path):
    if path.relative_to(LIB).as_posix() not in MAY_READ_TIME:
        assert "time" not in {name for name, _ in imports(path)}


@pytest.mark.parametrize("path", [p for p in modules("awslab") if "faces" not in p.parts], ids=str)
def test_only_faces_import_moto(path):
    assert not [name for name, _ in imports(path) if name.split(".")[0] == "moto"]


def test_every_benchmark_still_finds_what_it_measures():
    modules = sorted(path.stem for path in Path("tests/bench").glob("*.py") if path.stem != "__main__")
    program = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
    ran = subprocess.run([sys.executable, "-c", program, *modules], cwd="tests/bench", capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
