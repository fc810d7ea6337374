"""A function's package is its content and nothing else."""

import io
import os
import zipfile

import pytest

from hitless import functions
from hitless.errors import Refused


def test_the_same_content_gives_the_same_bytes_whoever_wrote_it_when(tmp_path):
    made = []
    for name, order, mode in (("one", ("b", "a"), 0o600), ("two", ("a", "b"), 0o755)):
        folder = tmp_path / name
        (folder / "__pycache__").mkdir(parents=True)
        for module in order:
            (folder / f"{module}.py").write_text(f"# {module}\n")
            (folder / f"{module}.py").chmod(mode)
            os.utime(folder / f"{module}.py", (mode, mode))
        (folder / "notes.txt").write_text(name)
        made.append(functions.package(folder))
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as archive:
        assert archive.namelist() == ["a.py", "b.py"]
        assert archive.read("a.py") == b"# a\n"


def test_a_folder_without_code_is_refused(tmp_path):
    with pytest.raises(Refused, match="no function"):
        functions.package(tmp_path)
