"""Make the checkout's virtual environment from the lock file, once, and find it ready ever after.

It is ready when its stamp says so, and the stamp is written last: an interrupted set-up is never taken for a done one.
Everything comes from `requirements.lock` and is checked against the hashes there; uv does it when it is on the PATH,
else venv and pip. Runs on any Python 3 that can read it, to be able to say which one is needed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bootstrap import CHECKOUT, Missing

OLDEST = (3, 11, 4)  # tarfile's safe extraction filter is in 3.11 from 3.11.4 on
NAMES = ("python3.13", "python3.12", "python3.11", "python3.14")  # looked for when the one at hand is too old
ASK = "import sys; print(*sys.version_info[:3]); import ensurepip"
SAY_EVERY = 20  # packages


def run(command: Sequence[str], saying: Callable[[str], None]) -> None:
    """Run a command, handing over each line it prints.

    Raises:
        Missing: It failed; the message has its last lines.
    """
    own = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=own
    ) as child:
        lines = []
        for line in child.stdout:
            lines.append(line.rstrip())
            saying(line)
    if child.returncode:
        last = "\n".join(f"  {line}" for line in lines[-15:])
        raise Missing(f"Set-up failed (exit code {child.returncode}) at: {' '.join(command)}\n{last}\nRun it again.")


class Setup:
    """The virtual environment of one checkout.

    Args:
        root: The checkout.
        run: Runs a command; see `run`.
        which: Finds a program.
        say: Where progress goes.
        python: The interpreter at hand.
    """

    def __init__(
        self,
        root: Path = CHECKOUT,
        *,
        run: Callable[[Sequence[str], Callable[[str], None]], None] = run,
        which: Callable[[str], str | None] = shutil.which,
        say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
        python: str = getattr(sys, "_base_executable", sys.executable),
    ) -> None:
        self.root, self.venv = root, root / ".venv"
        self.python = self.venv / "bin" / "python"
        self._run, self._which, self._say, self._at_hand = run, which, say, python
        self._stamp = self.venv / ".hitless-setup"

    def ensure(self) -> Path:
        """Set up unless that is done; the environment's Python.

        Raises:
            Missing: Something is not here; the message ends with the remedy.
        """
        if not self._ready():
            with self._alone():
                if not self._ready():  # else somebody did it while we waited
                    self._set_up()
        return self.python

    def fingerprint(self) -> str:
        """What the environment was made from, and where: it can't be moved."""
        told = hashlib.sha256(str(self.root).encode())
        for name in ("requirements.lock", "pyproject.toml"):
            told.update((self.root / name).read_bytes())
        return told.hexdigest()

    def _ready(self) -> bool:
        return self.python.exists() and self._stamp.exists() and self._stamp.read_text() == self.fingerprint()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        cache = self.root / ".cache"
        cache.mkdir(exist_ok=True)
        with (cache / "setup.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._say("waiting for another set-up of this checkout")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _set_up(self) -> None:
        began, uv = time.monotonic(), self._which("uv")
        self._stamp.unlink(missing_ok=True)
        made_from = self.fingerprint()
        if not self._usable(uv):
            self._make(uv)
        self._say(
            f"installing from requirements.lock with {'uv' if uv else 'pip'}; the first time takes a minute or two"
        )
        install = self._installer(uv)
        with tempfile.TemporaryDirectory() as folder:
            builder = Path(folder) / "builder.txt"  # builds what has no wheel, and this project, instead of a fresh one
            builder.write_text(locked(self.root / "requirements.lock", "setuptools"))
            self._run([*install, "--require-hashes", "-r", str(builder)], lambda line: None)
        lock = self.root / "requirements.lock"  # has them all; and pip before 23.3 refuses an extra of what is pinned
        everything = [*install, "--require-hashes", "--no-deps", "--no-build-isolation", "-r", str(lock)]
        self._run(everything, self._progress(lock))
        self._run([*install, "--no-deps", "--no-build-isolation", "-e", str(self.root)], lambda line: None)
        self._stamp.write_text(made_from)
        self._say(f"set up in {time.monotonic() - began:.0f} s")

    def _usable(self, uv: str | None) -> bool:
        """An environment is there, its Python runs and is new enough, and something can install into it."""
        if not self.python.exists() or (ask(str(self.python)) or (0,)) < OLDEST:
            return False
        return uv is not None or any(self.venv.glob("lib/python*/site-packages/pip"))

    def _make(self, uv: str | None) -> None:
        python = self._choose(uv)
        self._say(f"making .venv with {python}")
        command = [uv, "venv", "--quiet", "--clear", "--python", python] if uv else [python, "-m", "venv", "--clear"]
        self._run([*command, str(self.venv)], lambda line: None)

    def _choose(self, uv: str | None) -> str:
        found = [self._at_hand, *filter(None, map(self._which, NAMES))]
        versions = {python: ask(python) for python in found}
        for python, version in versions.items():
            if version is not None and version >= OLDEST and (uv or has_ensurepip(python)):
                return python
        if uv:
            return f">={'.'.join(map(str, OLDEST))}"  # uv fetches one
        wanted = ".".join(map(str, OLDEST))
        if any(version is not None and version >= OLDEST for version in versions.values()):
            raise Missing(
                "This Python can't make virtual environments: its ensurepip module is missing, as in Debian's split.\n"
                "  -> apt-get install python3-venv, or install uv (https://docs.astral.sh/uv), then run it again"
            )
        raise Missing(
            f"Hitless needs Python {wanted} or newer; {self._at_hand} is {show(versions[self._at_hand])}.\n"
            "  -> brew install python@3.12, apt-get install python3.12, or install uv (https://docs.astral.sh/uv), "
            "which fetches one; then run it again, if need be as: make PYTHON=python3.12 …"
        )

    def _installer(self, uv: str | None) -> list[str]:
        if uv:
            return [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(self.python)]
        # pip compiles even where PYTHONDONTWRITEBYTECODE is set; without, every start of a task would compile aiohttp
        quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
        return [str(self.python), "-m", "pip", "install", "--compile", *quiet]

    def _progress(self, lock: Path) -> Callable[[str], None]:
        total, seen = len(re.findall(r"^[\w.-]+==", lock.read_text(), re.MULTILINE)), [0]

        def hear(line: str) -> None:
            if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied")):
                seen[0] += 1
                if seen[0] % SAY_EVERY == 0:
                    self._say(f"  {seen[0]} of at most {total} packages")
            elif line.startswith("Installing collected packages"):
                self._say("  installing them")

        return hear


def ask(python: str) -> tuple[int, ...] | None:
    """The version of an interpreter; None when it does not run (a shim of a version manager may not)."""
    try:
        said = subprocess.run([python, "-c", ASK], capture_output=True, text=True, timeout=60)
    except OSError:
        return None
    parts = said.stdout.split()
    return tuple(map(int, parts)) if len(parts) == 3 else None


def has_ensurepip(python: str) -> bool:
    """Whether `-m venv` can put pip into an environment."""
    return subprocess.run([python, "-c", ASK], capture_output=True, timeout=60).returncode == 0


def show(version: tuple[int, ...] | None) -> str:
    """A version for people."""
    return ".".join(map(str, version)) if version else "not to be run"


def locked(lock: Path, name: str) -> str:
    """The lines of one package in a lock file, hashes and all.

    Raises:
        Missing: The lock file has no such package.
    """
    block = re.search(rf"^{re.escape(name)}==.*(?:\n[ \t]+.*)*", lock.read_text(), re.MULTILINE)
    if block is None:
        raise Missing(f"{lock} does not pin {name}.\n  -> make lock")
    return block.group() + "\n"


def main(arguments: list[str]) -> int:
    """Set up; then become the environment's Python with these arguments, if any."""
    try:
        python = Setup().ensure()
    except Missing as why:
        print(why, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up was interrupted; the next one starts again", file=sys.stderr)
        return 130
    if not arguments:
        return 0
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"  # Jupyter's kernels are named `python`
    own = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    sys.stdout.flush()
    os.execve(python, [str(python), *arguments], {**own, "PATH": path, "VIRTUAL_ENV": str(python.parents[1])})
    raise AssertionError("execve does not return")
