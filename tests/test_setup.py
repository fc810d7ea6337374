"""Whoever clones it types one verb: what that verb relies on."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from bootstrap import Missing
from bootstrap.clean import rubbish
from bootstrap.venv import OLDEST, Setup, ask, locked, run

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"matplotlib-base": "matplotlib"}  # the same package without its desktop windows
CONDA_OWN = {"git", "make", "pip", "python", "terraform"}


def requirement(text):
    name, bounds = re.fullmatch(r"([A-Za-z0-9.-]+)\s*([^;]*?)\s*(?:;.*)?", text).groups()
    return CONDA_NAMES.get(name, name), bounds


def test_conda_installs_what_pyproject_says():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = dict(map(requirement, [*project["dependencies"], *project["optional-dependencies"]["dev"]]))
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = dict(requirement(line) for line in listed if isinstance(line, str))
    assert {name: bounds for name, bounds in conda.items() if name not in CONDA_OWN} == wanted
    assert conda.keys() >= CONDA_OWN
    assert listed[-1] == {"pip": ["-e ."]}


def test_the_lock_pins_all_of_pyproject_by_hash_and_names_no_index():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "requirements.lock").read_text()
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        assert "--hash=sha256:" in locked(ROOT / "requirements.lock", requirement(line)[0])
    assert not re.search(r"https?:|--(extra-)?index-url|--find-links", text)


def test_make_help_names_every_verb():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1).split()
    assert re.findall(r"^  make (\w+)", said, re.MULTILINE) == phony


def test_clean_spares_records_and_state(tmp_path):
    spared = ["runs/1/__pycache__/x", "terraform/envs/dev/terraform.tfstate", ".git/x", "lib/a.py"]
    gone = [".venv/x", ".cache/x", "lib/a/__pycache__/a.pyc", "tests/__pycache__/x", "lib/hitless.egg-info/x"]
    for name in [*spared, *gone]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    folders = list(rubbish(tmp_path))
    assert all(any((tmp_path / name).is_relative_to(folder) for folder in folders) for name in gone)
    assert not any((tmp_path / name).is_relative_to(folder) for folder in folders for name in spared)


class Hands:
    """Runs nothing: remembers commands, makes a venv as `venv` would, fails where told to."""

    def __init__(self, fails_at=None):
        self.commands, self.fails_at = [], fails_at

    def __call__(self, command, saying):
        self.commands.append([str(part) for part in command])
        if self.fails_at and self.fails_at in command:
            raise Missing("no network")
        if "venv" in command:
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)
            if "-m" in command:  # uv puts no pip into it
                (Path(command[-1]) / "lib" / "python3.11" / "site-packages" / "pip").mkdir(parents=True)


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "requirements.lock").write_text(
        "a==1 \\\n    --hash=sha256:0\nsetuptools==80 \\\n    --hash=sha256:1\n"
    )
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


@pytest.fixture
def make(checkout):
    said = []

    def make(*, uv=None, fails_at=None, python=sys.executable, programs=()):
        hands, found = Hands(fails_at), {"uv": uv, **dict(programs)}
        setup = Setup(checkout, run=hands, which=found.get, say=said.append, python=python)
        return setup, hands.commands

    return make


@pytest.mark.parametrize("uv", [None, "/bin/uv"])
def test_everything_is_installed_from_the_lock_by_hash_and_compiled(make, uv):
    setup, commands = make(uv=uv)
    setup.ensure()
    installs = [command for command in commands if "install" in command]
    assert all(("--compile-bytecode" if uv else "--compile") in command for command in installs)
    *from_lock, editable = installs
    assert all("--require-hashes" in command for command in from_lock)
    assert "--no-deps" in from_lock[-1]  # pip before 23.3 would look for what is pinned once more: pypa/pip#12345
    assert editable[-3:] == ["--no-build-isolation", "-e", str(setup.root)]
    assert {command[0] for command in commands} == {uv} if uv else {sys.executable, str(setup.python)}


def test_once_done_nothing_is_run(make):
    make()[0].ensure()
    setup, commands = make()
    assert setup.ensure() == setup.python
    assert commands == []


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_list_is_installed_again(make, checkout, name):
    make()[0].ensure()
    (checkout / name).write_text((checkout / name).read_text() + "\n# new\n")
    setup, commands = make()
    setup.ensure()
    assert any("--require-hashes" in command for command in commands)


def test_what_uv_made_is_made_again_when_only_pip_is_left(make, checkout):
    make(uv="/bin/uv")[0].ensure()
    (checkout / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    setup, commands = make()
    with pytest.raises(FileExistsError):  # the fake hands can't clear: they were asked to make it anew
        setup.ensure()
    assert commands[0][1:4] == ["-m", "venv", "--clear"]


@pytest.mark.parametrize("at", ["venv", "--require-hashes", "-e"])
def test_an_interrupted_set_up_is_not_taken_for_done(make, at):
    with pytest.raises(Missing):
        make(fails_at=at)[0].ensure()
    setup, commands = make()
    setup.ensure()
    assert any("-e" in command for command in commands)


def test_a_failed_renewal_is_not_taken_for_done(make, checkout):
    make()[0].ensure()
    (checkout / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    with pytest.raises(Missing):
        make(fails_at="-e")[0].ensure()
    (checkout / "pyproject.toml").write_text("[project]\n")  # back to what the first set-up was made from
    setup, commands = make()
    setup.ensure()
    assert commands


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_an_old_python_is_told_by_its_version_and_the_way_out(make, tmp_path):
    old = script(tmp_path / "old", "echo 3 9 6")
    with pytest.raises(Missing, match=r"needs Python 3\.11\.4 or newer; .*old is 3\.9\.6(.|\n)*-> "):
        make(python=old)[0].ensure()


def test_a_newer_python_on_the_path_is_taken_instead(make, tmp_path):
    old = script(tmp_path / "old", "echo 3 9 6")
    broken = script(tmp_path / "broken", "exit 127")
    setup, commands = make(python=old, programs={"python3.13": broken, "python3.12": sys.executable})
    setup.ensure()
    assert commands[0][0] == sys.executable


def test_debians_missing_ensurepip_is_explained(make, tmp_path):
    split = script(tmp_path / "split", "echo 3 12 1; exit 1")
    with pytest.raises(Missing, match="python3-venv"):
        make(python=split)[0].ensure()
    setup, commands = make(python=split, uv="/bin/uv")
    setup.ensure()  # uv needs no ensurepip
    assert commands[0][:2] == ["/bin/uv", "venv"]


def test_a_failing_command_shows_its_last_words():
    code = "print('before'); import sys; sys.exit('no such package')"
    with pytest.raises(Missing, match=r"exit code 1(.|\n)*no such package"):
        run([sys.executable, "-c", code], lambda line: None)


def test_this_python_would_do():
    assert ask(sys.executable) == tuple(sys.version_info[:3]) >= OLDEST


def test_the_fresh_clones_check_needs_nobody_at_the_keyboard():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()
    assert "exec </dev/null" in script.read_text()
    subprocess.run(["bash", "-n", str(script)], check=True)
