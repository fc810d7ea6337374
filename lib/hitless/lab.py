"""Start an AWS to rehearse on, as a child process that cannot outlive us.

Nothing here knows what the lab is made of: it is a command that prints where it listens, and leaves when its standard
input is closed.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from hitless.errors import Failed, Refused

STATE_VARIABLE = "HITLESS_STATE_DIR"
"""Where Terraform's state of this lab lives: it must not outlive the lab."""
STOP_S = 30.0  # real seconds a lab may take to end its processes; one that still starts on a busy machine takes long


def inject(endpoint_url: str, name: str, **wanted: object) -> dict:
    """Let something happen in the lab that listens there; returns what did.

    Raises:
        Refused: The lab knows no such fault, or nothing it could happen to; or no lab listens there.
    """
    body, kind = json.dumps({"fault": name, **wanted}).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{endpoint_url}/_lab/faults", body, kind, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as no:
        seen = {"fault": name, "answer": no.read().decode(errors="replace")[:200]}
        raise Refused("No such fault can happen there.", seen=seen, do="faults are the lab's alone") from None


class Lab:
    """A running lab; `with Lab(...) as lab` exports its environment and takes it back at the end.

    Args:
        rate: Lab seconds to a real second, > 0.
        seed: Same seed, same ids and durations.
        data: Folder for images, task logs and Terraform state.
    """

    def __init__(self, data: Path, rate: float = 60.0, seed: int = 0) -> None:
        self._data, self._rate, self._seed = data, rate, seed
        self._process: subprocess.Popen[bytes] | None = None
        self._outside: dict[str, str] = {}
        self.endpoint_url = ""
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Lab:
        self._data.mkdir(parents=True, exist_ok=True)
        self._process, ready = start("--rate", f"{self._rate:g}", "--seed", str(self._seed), "--data", str(self._data))
        self.endpoint_url = ready["endpoint_url"]
        self.environment = {**ready["environment"], STATE_VARIABLE: str(self._data / "terraform")}
        self._outside = dict(os.environ)
        os.environ.update(self.environment)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        os.environ.clear()
        os.environ.update(self._outside)
        code = stop(self._process)
        if code != 0 and error is None:
            raise Failed("The lab did not end well.", seen={"exit code": code}, do="read its lines above")

    def fault(self, name: str, **wanted: object) -> dict:
        """Let something happen in the lab: `AmiPublished`, `InstanceDies`, `CapacityMissing` …"""
        return inject(self.endpoint_url, name, **wanted)

    def status(self) -> dict:
        """What the lab says of itself."""
        with urllib.request.urlopen(f"{self.endpoint_url}/_lab/status", timeout=30) as answer:
            return json.load(answer)


def start(*options: str) -> tuple[subprocess.Popen[bytes], dict]:
    """Start `python -m awslab` on a leash.

    Returns:
        The process, and what it said when it was ready: `endpoint_url` and `environment`.

    Raises:
        Refused: It did not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "awslab", "--leash", "--json", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is ours to handle
    )
    try:
        line = process.stdout.readline()
    except BaseException:  # interrupted while it starts
        stop(process)
        raise
    if not line:
        code = stop(process)
        raise Refused("The lab did not start.", seen={"exit code": code}, do="read its lines above")
    return process, json.loads(line)


def stop(process: subprocess.Popen[bytes]) -> int:
    """Let a lab go, and wait until it is gone; its exit code."""
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        return process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    finally:
        process.stdout.close()
