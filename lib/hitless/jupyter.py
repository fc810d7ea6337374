"""JupyterLab on a lab of one's own: a service that runs, the walkthrough, and the runbooks ready to change it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import papermill

from hitless import runner
from hitless.clock import duration_text, monotonic_s
from hitless.connect import connect
from hitless.demo import ON_THE_LAB, RUNBOOKS, UNAPPROVED, say
from hitless.errors import Refused
from hitless.lab import Lab
from hitless.leash import leashed
from hitless.parameters_cell import read_parameters
from hitless.scratch import Scratch
from hitless.stack import read_stack
from hitless.stop import Stopped
from hitless.traffic import endpoint_url

NAME = "hitless-dev"  # the runbooks' own default
NOTEBOOKS = Path("notebooks")
PROVISION, WALKTHROUGH = "10-provision", "01-walk-through-it"
REHEARSED = "hitless.rehearsal"  # a notebook that imports it brings a lab on virtual time of its own
LEAVE_S = 12.0  # JupyterLab ends its kernels first


class Session:
    """A lab and a JupyterLab that end together.

    `copy` and `command` are for those who have a lab already.

    Args:
        rate: Lab seconds to a real second.
        seed: The lab's.
        port: JupyterLab's loopback port; the next free one if it is taken.
        browser: Open a browser.
        checkout: Where `runbooks`, `app` and `terraform` are, and where kernels start.
    """

    def __init__(self, rate: float, seed: int, *, port: int, browser: bool, checkout: Path | None = None) -> None:
        self._rate, self._seed, self._checkout = rate, seed, checkout or Path.cwd()
        self._options = [f"--ServerApp.port={port}", *([] if browser else ["--no-browser"])]
        self._folder = runner.new_folder(runner.RUNS / "lab")

    def run(self, *, provision: bool) -> int:
        """Serve until JupyterLab is shut down or a signal comes.

        Args:
            provision: Let Terraform make the stack first, in about two minutes.

        Returns:
            0 when it was ended, else what provisioning or JupyterLab ended with.
        """
        with Scratch("hitless-lab-") as data, Lab(data, self._rate, self._seed) as lab:
            say(f"Lab at {lab.endpoint_url}: one real second is {self._rate:g} lab seconds")
            given = ON_THE_LAB | {"NAME": NAME, "STATE_DIR": str(data / "terraform")}
            if provision and (code := self._provision(given)):
                return code
            self.copy(given)
            say("In another terminal, to speak to the lab with boto3, the AWS CLI or Terraform:")
            print(*(f"export {name}={value}" for name, value in lab.environment.items()), sep="\n")
            first = self._folder / f"{WALKTHROUGH if provision else PROVISION}.ipynb"
            say(f"JupyterLab on {first}; Ctrl-C here ends it, and the lab with everything in it")
            with contextlib.suppress(Stopped):
                return self._jupyter(first)
            say(f"Ended. What the notebooks showed is in {self._folder}")
            return runner.DONE

    def _provision(self, given: dict[str, object]) -> int:
        say("Provision the stack first (two minutes; --no-provision opens an empty account)")
        code = runner.run(RUNBOOKS / f"{PROVISION}.ipynb", given, self._folder / PROVISION, UNAPPROVED)
        if code == runner.DONE:
            here = connect()
            say(f"The service answers at {endpoint_url(here, read_stack(here, NAME, NAME))}/")
        return code

    def copy(self, given: dict[str, object]) -> Path:
        """Copy all notebooks, for this lab: what is tried on the copies does not change the checkout.

        Returns:
            The folder of the copies.
        """
        for notebook in sorted([*RUNBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("*.ipynb")]):
            known = {name: value for name, value in given.items() if name in read_parameters(notebook)}
            copy, kernel = self._folder / notebook.name, {"kernel_name": "python3", "language": "python"}
            papermill.execute_notebook(notebook, copy, known, prepare_only=True, progress_bar=False, **kernel)
        return self._folder

    def command(self, first: Path) -> list[str]:
        """The command line of a JupyterLab that opens on a notebook."""
        command = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{first}", *self._options]
        command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={self._checkout}", "--ServerApp.answer_yes=True"]
        command += ["--ServerApp.kernel_manager_class=hitless.jupyter_kernels.CheckoutKernels"]
        command += ["--allow-root"] if os.geteuid() == 0 else []  # a container's root; Jupyter listens on loopback only
        quiet = ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
        return [*command, "--log-level=WARN", *quiet]

    def _jupyter(self, first: Path) -> int:
        with _running(leashed(self.command(first), ask=signal.SIGTERM, grace_s=LEAVE_S)) as jupyter:
            return jupyter.wait()


def execute_all(folder: Path, rate: float, seed: int, only: Sequence[str] = ()) -> int:
    """Run every demo notebook again and keep its outputs.

    Those that change a service share one lab and one service, which Terraform makes first; the others need none.

    Args:
        folder: Where the notebooks are.
        rate: Lab seconds to a real second.
        seed: The lab's.
        only: Beginnings of names, such as `06`; none runs all.

    Returns:
        0, or 4 as soon as one has failed; what it had before is then kept.

    Raises:
        Refused: `only` names none.
    """
    found = [path for path in sorted(folder.glob("*.ipynb")) if path.name.startswith(tuple(only) or "")]
    if only and not found:
        seen = {
            "asked for": ", ".join(only),
            "there are": ", ".join(path.stem for path in sorted(folder.glob("*.ipynb"))),
        }
        raise Refused("There is no such notebook.", seen=seen, do="name one by how it begins, e.g. 06")
    if not found:
        print(f"{folder}/ holds no notebook: there is nothing to run again.")
        return runner.DONE
    on_stage = [path for path in found if REHEARSED not in path.read_text()]
    code = _execute_each([path for path in found if path not in on_stage], seed)
    if code or not on_stage:
        return code
    with Scratch("hitless-lab-") as data, Lab(data, rate, seed):
        given = ON_THE_LAB | {"NAME": NAME, "STATE_DIR": str(data / "terraform")}
        say("Provision the stack they share")
        code = runner.run(
            RUNBOOKS / f"{PROVISION}.ipynb", given, runner.new_folder(runner.RUNS / "notebooks"), UNAPPROVED
        )
        return code or _execute_each(on_stage, seed)


def _execute_each(notebooks: Sequence[Path], seed: int) -> int:
    for notebook in notebooks:
        say(f"Run {notebook} again")
        began = monotonic_s()
        command = [sys.executable, "-m", "hitless.essay", str(notebook), "--seed", str(seed)]
        with _running(leashed(command, ask=signal.SIGTERM, grace_s=LEAVE_S)) as execution:
            code = execution.wait()
        if code:
            print(f"{notebook} failed; its outputs are those it had.", file=sys.stderr)
            return runner.FAILED
        print(f"{notebook} holds, after {duration_text(monotonic_s() - began)}")
    return runner.DONE


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command on a leash, which has ended after the block."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield child
    finally:
        child.stdin.close()
        child.wait()
