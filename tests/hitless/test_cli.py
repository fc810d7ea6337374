"""What the command line takes, and what it refuses before anything is executed."""

from pathlib import Path

import pytest

from hitless.__main__ import main
from hitless.schema import read_schema
from tests.hitless.notebooks import write_runbook


@pytest.fixture(autouse=True)
def _signals_as_before(keep_signals):
    pass


@pytest.fixture
def runbook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runbooks").mkdir()
    return write_runbook(tmp_path / "runbooks" / "05-look.ipynb", "1 / 0")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("COUMT=2", "did you mean COUNT?"),
        ("COUNT=two", "COUNT must be a int"),
        ("COUNT=012x", "COUNT must be a int"),
        ("SHARE=nan", "SHARE must be a float"),
        ("DRY_RUN=yes", "DRY_RUN must be a bool"),
        ("COUNT", "not NAME=VALUE"),
        ("DRY_RUN=false", "needs a reason"),
        ('p=1;print("INJ");z=1', "no parameter p"),
        ("RUN_DIR=/etc/x", "RUN_DIR leads to /etc/x"),
    ],
)
def test_what_is_wrong_is_refused_before_a_cell_runs(runbook, capsys, given, says):
    assert main(["run", str(runbook), "-p", given]) == 3
    assert says in capsys.readouterr().err
    assert not (runbook.parents[1] / "runs").exists()


def test_blanks_are_no_reason(runbook, capsys):
    assert main(["run", str(runbook), "-p", "DRY_RUN=false", "-p", "REASON=  "]) == 3
    assert "needs a reason" in capsys.readouterr().err


def test_a_parameter_or_folder_given_twice_is_refused(runbook, capsys, tmp_path):
    file = tmp_path / "p.json"
    file.write_text('{"COUNT": 2, "RUN_DIR": "here"}')
    for more in (["-p", "COUNT=1", "-p", "COUNT=1"], ["--params", str(file), "-p", "COUNT=1"]):
        assert main(["run", str(runbook), *more]) == 3
        assert "COUNT is given twice" in capsys.readouterr().err
    assert main(["run", str(runbook), "--params", str(file), "--run-dir", "there"]) == 3
    assert "folder is given twice" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "no json", '{"cells": []}'])
def test_what_is_no_runbook_is_refused(tmp_path, capsys, content):
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_text(content)
    assert main(["run", str(path)]) == 3
    assert "Refused" in capsys.readouterr().err


def test_the_list_names_every_parameter_with_its_help(runbook, capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("05-look.ipynb")
    assert lines[1].split()[:8] == ["COUNT:", "int", "=", "1", "how", "many,", "of", "things"]
    assert any('of the service, e.g. "web"' in line for line in lines)
    assert lines[-1].split() == ["RUN_DIR:", "str", "=", "''", "[a", "path", "below", "this", "folder]"]


def test_help_of_a_runbook_names_its_parameters(runbook, capsys):
    assert main(["run", str(runbook), "--help"]) == 0
    said = capsys.readouterr().out
    assert "usage: hitless run" in said and "only say what would be done [true or false]" in said


@pytest.mark.parametrize("runbook", sorted(Path("runbooks").glob("*.ipynb")), ids=str)
def test_help_of_every_runbook_says_what_is_allowed_and_fits(runbook, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    assert main(["run", str(runbook), "--help"]) == 0
    said = capsys.readouterr().out
    for name, rule in read_schema(runbook)["properties"].items():
        assert f"  {name}: " in said and rule["description"].split()[0] in said
    assert max(map(len, said.splitlines())) <= 90


def test_no_notebook_to_run_again_is_said_and_no_failure(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["notebooks"]) == 0
    assert "holds no notebook" in capsys.readouterr().out
    assert main(["notebooks", "66"]) == 3


@pytest.mark.parametrize("rate", ["0", "-1", "inf", "nan", "fast"])
@pytest.mark.parametrize("verb", ["demo", "lab", "notebooks"])
def test_a_rate_that_is_none_is_a_usage_error(verb, rate, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--rate", rate])
    assert ended.value.code == 2 and "--rate" in capsys.readouterr().err


def test_a_demo_removes_nothing_that_it_did_not_make(tmp_path, capsys):
    keep = tmp_path / "thesis.tex"
    keep.write_text("years of work")
    assert main(["demo", "--out", str(tmp_path)]) == 3
    assert keep.read_text() == "years of work" and "name another --out" in capsys.readouterr().err
