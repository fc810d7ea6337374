"""Ends a run from within its kernel, at a moment of its journal; IPython runs this file when the kernel starts.

What to do is in END_AT, the kind of a journal's entry, and END_BY. It happens once, right after that entry is written.
"""

import os
import threading
from pathlib import Path

from hitless.journal import Journal


def fail():
    raise RuntimeError("broken on purpose")


def leave():
    raise SystemExit(0)


def hang():
    threading.Event().wait()


ENDS = {"failed cell": fail, "sys.exit(0)": leave, "cell time-out": hang}
append = Journal.append


def append_and_end(journal, kind, /, **facts):
    entry = append(journal, kind, **facts)
    if kind == os.environ["END_AT"] and Journal.append is append_and_end:
        Journal.append = append
        Path(os.environ["END_MARK"]).touch()
        ENDS[os.environ["END_BY"]]()
    return entry


Journal.append = append_and_end
