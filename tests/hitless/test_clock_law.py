"""Time comes from one file."""

import ast
from pathlib import Path

import pytest

import hitless

HOME = Path(hitless.__file__).parent
READS = {"now", "utcnow", "today"}


def clock_reads(tree):
    """Imports of `time`, and calls such as `datetime.now()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name == "time" for alias in node.names):
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield node.lineno
        if isinstance(node, ast.Attribute) and node.attr in READS and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if owner in ("datetime", "date"):
                yield node.lineno


@pytest.mark.parametrize("path", sorted(HOME.glob("**/*.py")), ids=lambda path: path.name)
def test_only_the_clock_reads_time(path):
    found = list(clock_reads(ast.parse(path.read_text())))
    assert bool(found) == (path.name == "clock.py"), f"lines {found}: take the time from the clock handed in"


def test_the_law_would_catch_a_breach():
    assert list(clock_reads(ast.parse("import time\nfrom datetime import datetime\nx = datetime.now()"))) == [1, 3]
