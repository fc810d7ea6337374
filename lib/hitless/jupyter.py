"""JupyterLab on a lab of one's own: a service that runs, and the runbooks ready to change it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import papermill

from hitless import runner
from hitless.connect import connect
from hitless.demo import ON_THE_LAB, RUNBOOKS, say
from hitless.lab import Lab
from hitless.leash import leashed
from hitless.scratch import Scratch
from hitless.stack import read_stack
from hitless.stop import Stopped
from hitless.traffic import endpoint_url

NOTEBOOKS = Path("notebooks")
NAME = "hitless-dev"  # the runbooks' own default
PROVISION, REFRESH = "10-provision", "20-refresh-hosts"
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
            first = self._folder / f"{REFRESH if provision else PROVISION}.ipynb"
            say(f"JupyterLab on {first}; Ctrl-C here ends it, and the lab with everything in it")
            with contextlib.suppress(Stopped):
                return self._jupyter(first)
            say(f"Ended. What the notebooks showed is in {self._folder}")
            return runner.DONE

    def _provision(self, given: dict[str, object]) -> int:
        say("Provision the stack first (two minutes; --no-provision opens an empty account)")
        code = runner.run(RUNBOOKS / f"{PROVISION}.ipynb", given, self._folder / PROVISION)
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
            known = {name: value for name, value in given.items() if name in runner.read_parameters(notebook)}
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


def execute_all(folder: Path, rate: float, seed: int) -> int:
    """Run every demo notebook again on a fresh lab each, and keep its outputs.

    Returns:
        0, or 4 as soon as one has failed; what it had before is then kept.
    """
    found = sorted(folder.glob("*.ipynb"))
    if not found:
        print(f"{folder}/ holds no notebook: there is nothing to run again.")
        return runner.DONE
    for notebook in found:
        say(f"Run {notebook} again")
        command = [sys.executable, "-m", "jupyter", "execute", "--inplace", str(notebook)]
        leash = leashed(command, ask=signal.SIGTERM, grace_s=LEAVE_S)
        with Scratch("hitless-lab-") as data, Lab(data, rate, seed), _running(leash) as execution:
            code = execution.wait()
        if code:
            print(f"{notebook} failed; its outputs are those it had.", file=sys.stderr)
            return runner.FAILED
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
