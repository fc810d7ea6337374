"""What JupyterLab opens: copies of the runbooks that know the lab."""

import nbformat

from hitless.jupyter import Session
from tests.hitless.notebooks import PARAMETERS, write_runbook


def test_the_runbooks_are_copied_with_what_the_lab_gives_and_the_checkout_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runbooks").mkdir()
    runbook = write_runbook(tmp_path / "runbooks" / "05-try.ipynb", "print(NAME)")
    before = runbook.read_bytes()
    session = Session(60.0, 1, port=0, browser=False)
    session.copy({"NAME": "rehearsal", "DRY_RUN": False, "NOT_OF_THIS_ONE": 1})
    (copy,) = (tmp_path / "runs" / "lab").glob("*/05-try.ipynb")
    given, injected, _ = [cell.source for cell in nbformat.read(copy, as_version=4).cells]
    assert given == PARAMETERS and runbook.read_bytes() == before
    assert 'NAME = "rehearsal"' in injected and "DRY_RUN = False" in injected and "NOT_OF_THIS_ONE" not in injected
