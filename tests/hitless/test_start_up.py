"""What every command waits for before it does anything."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("started", "not_needed"),
    [
        ("hitless.__main__, hitless.runner, hitless.status", "lark"),  # see hitless/__init__.py
        ("hitless.runner, hitless.host_change, hitless.provisioning", "pandas"),
        ("hitless.runner, hitless.host_change, hitless.release, hitless.show", "matplotlib"),
    ],
)
def test_nothing_is_imported_that_is_not_needed_yet(started, not_needed):
    look = f"import sys, {started}; print({not_needed!r} in sys.modules)"
    seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    assert seen.strip() == "False"
