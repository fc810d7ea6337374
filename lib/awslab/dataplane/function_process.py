"""What a process does to be one invocation of a Lambda function; run as a script in the folder of the function's code.

Arguments: handler, event (JSON), request id, timeout in real seconds, timeout in lab seconds. Prints what Lambda would
write to its log. Imports the standard library only.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

INIT_S_MAX = 10.0  # AWS: the init phase has this long, and the function's own timeout counts from its end


@dataclass(frozen=True)
class Context:
    """What a handler is told of its invocation."""

    aws_request_id: str
    ends_at: float  # time.monotonic()
    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    function_version: str = "$LATEST"

    def get_remaining_time_in_millis(self) -> int:
        """Real milliseconds until Lambda ends the function."""
        return max(0, int(1000 * (self.ends_at - time.monotonic())))


def main(argv: list[str]) -> int:
    """Import the function's module, then call its handler; the exit code."""
    handler, event, request_id, timeout_s, timeout_lab_s = argv
    _end_after(INIT_S_MAX, f"INIT_REPORT Phase: init Status: timeout after {INIT_S_MAX:g} s")
    sys.path[0] = str(Path.cwd())
    module, _, name = handler.replace("/", ".").rpartition(".")
    print(f"START RequestId: {request_id} Version: $LATEST", flush=True)
    try:
        function = getattr(importlib.import_module(module), name)
        _end_after(float(timeout_s), f"{request_id} Task timed out after {float(timeout_lab_s):.2f} seconds")
        function(json.loads(event), _context(request_id, float(timeout_s)))
    except Exception as why:  # noqa: BLE001  a function may raise anything, and Lambda logs it
        print(f"[ERROR] {type(why).__name__}: {why}\n{traceback.format_exc()}", flush=True)
        return 1
    finally:
        print(f"END RequestId: {request_id}", flush=True)
    return 0


def _context(request_id: str, timeout_s: float) -> Context:
    return Context(
        aws_request_id=request_id,
        ends_at=time.monotonic() + timeout_s,
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        invoked_function_arn=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        memory_limit_in_mb=int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]),
    )


def _end_after(seconds: float, last_words: str) -> None:
    """End this process in so many real seconds, unless it is put off by another call."""

    def end(_number: int, _frame: FrameType | None) -> None:
        print(last_words, flush=True)
        os._exit(1)

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
