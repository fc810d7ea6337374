"""A temporary folder that is gone afterwards, also when its process is killed."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from hitless.errors import Failed

GONE_S_MAX = 15.0
# Started before the folder is made, it waits for the end of its standard input, which is the end of our process too.
# It tries again for a while, because others may be writing there as they end.
JANITOR = """
trap '' INT TERM HUP
cat > /dev/null
tries=0
while [ -e "$1" ] && [ $tries -lt 50 ]; do
    rm -rf -- "$1" 2> /dev/null
    [ -e "$1" ] && sleep 0.2
    tries=$((tries + 1))
done
[ ! -e "$1" ]
"""


class Scratch:
    """A folder only we can read; `with Scratch("hitless-demo-") as path`.

    Args:
        prefix: Begins its name.
    """

    def __init__(self, prefix: str) -> None:
        self.path = Path(tempfile.gettempdir()).resolve() / f"{prefix}{secrets.token_hex(4)}"

    def __enter__(self) -> Path:
        self._janitor = subprocess.Popen(
            ["/bin/sh", "-c", JANITOR, "scratch", self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.path.mkdir(mode=0o700)
        return self.path

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._janitor.stdin.close()
        if self._janitor.wait(GONE_S_MAX) != 0 and error is None:
            raise Failed("A temporary folder could not be removed.", seen={"folder": self.path}, do="remove it")
