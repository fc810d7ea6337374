"""What every command waits for before it does anything."""

import subprocess
import sys


def test_no_grammar_is_built_to_say_what_there_is_to_run():
    look = "import sys, hitless.__main__, hitless.runner, hitless.status; print('lark' in sys.modules)"
    seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    assert seen.strip() == "False", "see hitless/__init__.py"
