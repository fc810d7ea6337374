"""The README's index is made from the notebooks, and true."""

from pathlib import Path

from hitless.index import END, START, make, put_into


def test_the_readme_has_the_index_the_notebooks_make():
    readme = Path("README.md").read_text()
    assert START in readme and END in readme
    assert put_into(readme, make()) == readme, "run: .venv/bin/python -m hitless.index"


def test_every_runbook_says_when_to_use_it():
    rows = [line for line in make().splitlines() if line.startswith("| [")]
    assert len(rows) == len([*Path("runbooks").glob("*.ipynb"), *Path("notebooks").glob("*.ipynb")])
    assert not [row for row in rows if row.endswith("|  |")]
