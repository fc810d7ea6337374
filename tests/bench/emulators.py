"""What users of AWS emulators ask for, asked of the lab, moto's server and ministack by the same boto3 programs.

    make bench ARGS=emulators
    python tests/bench/emulators.py [--only lab] [--ask "refresh of 4 at 75 %"]

Each cell is one program of `anchors/asks.py`, run now against an emulator started for it alone, with real requests
where something answers them. "no" is followed by what was seen, in order: the call that was refused, or the state that
stayed; where the service does not run the program goes on without users as far as it gets. moto and ministack run with
their defaults, from hashed pins, in environments of their own under .cache; ministack's tasks would need Docker. A
program gives up when nothing has changed for 10 s. The lab runs at sixty times AWS's pace.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hitless.lab import Lab
from tests.bench.anchors.asks import ASKS, FAILURES, in_a_line
from tests.bench.anchors.ground import HttpGround
from tests.contract.installed import installed

HERE = Path(__file__).parent
READY_S = 60.0


@contextlib.contextmanager
def lab() -> Iterator[str]:
    """Ours."""
    with tempfile.TemporaryDirectory() as data, Lab(Path(data), rate=60, seed=1) as running:
        yield running.endpoint_url


@contextlib.contextmanager
def moto() -> Iterator[str]:
    """moto as a server."""
    port = free_port()
    with serving([installed(HERE / "moto.lock") / "moto_server", "-H", "127.0.0.1", "-p", str(port)], port) as url:
        yield url


@contextlib.contextmanager
def ministack() -> Iterator[str]:
    """ministack, kept to loopback."""
    port = free_port()
    where = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
    with serving([installed(HERE / "ministack.lock") / "ministack"], port, **where) as url:
        yield url


@contextlib.contextmanager
def serving(command: list, port: int, **environment: str) -> Iterator[str]:
    """A server of somebody else, from when it answers until we are done with it."""
    with tempfile.TemporaryDirectory() as home:
        kept = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, **environment}
        process = subprocess.Popen(command, cwd=home, env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def wait_for(process: subprocess.Popen, port: int) -> None:
    """Until it answers."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{process.args[0]} did not start")


def free_port() -> int:
    """A loopback port nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


EMULATORS = {"lab": lab, "moto 5.2.5": moto, "ministack 1.5.33": ministack}


def cell(emulator, ask) -> str:
    """What one emulator did when it was asked."""
    with emulator() as endpoint_url:
        ground = HttpGround(endpoint_url)
        try:
            done, said = True, ask(ground)
        except FAILURES as error:
            done, said = False, in_a_line(error)
        finally:
            ground.close()
        return f"{'yes' if done and not ground.lacks else 'no'}: {'; then '.join([*ground.lacks, said])}"


def main() -> None:
    """Run them, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="one emulator, by the first word of its name")
    parser.add_argument("--ask", choices=ASKS, help="one ask")
    wanted = parser.parse_args()
    emulators = {name: one for name, one in EMULATORS.items() if wanted.only in (None, name.split()[0])}
    print(f"| asked | {' | '.join(emulators)} |\n|---{'|---' * len(emulators)}|", flush=True)
    for name, ask in ASKS.items():
        if wanted.ask in (None, name):
            print(f"| {name} | {' | '.join(cell(one, ask) for one in emulators.values())} |", flush=True)


if __name__ == "__main__":
    main()
