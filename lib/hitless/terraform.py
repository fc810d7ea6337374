"""Plan, apply and destroy a Terraform configuration: what is approved is what is applied, and nothing is guessed.

The checkout is only read. `state_dir` holds Terraform's data, the saved plan and, unless a backend is given, the state:
a rehearsal on the lab and a change on AWS can share a checkout unmet.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

from bootstrap import Missing
from bootstrap.mirror import environment as provider_environment
from bootstrap.terraform import fetch_terraform, find_terraform
from hitless.errors import Failed, HitlessError, Refused
from hitless.terraform_cli import Cli, Flag, TookTooLong, child_environment, variables_file
from hitless.terraform_plan import Plan, digest_of, read_changes
from hitless.terraform_progress import Progress
from hitless.terraform_root import LOCK_FILE, Root

LOCK_WAIT = "60s"  # for somebody else's run on the same state
PARALLELISM = 30  # of Terraform's ten, the VPC's endpoints would take all, and the load balancer wait for them
DECLARED = re.compile(r'^variable\s+"([^"]+)"', re.MULTILINE)


class Terraform:
    """One configuration with its state.

    Args:
        folder: The root module, e.g. `terraform/envs/dev`; modules it calls lie in `../../modules` or `../modules`.
        state_dir: Everything that is written: one folder for each environment and target.
        backend: Settings of the S3 backend (`bucket`, `key`, `region`, `use_lockfile`); None keeps a local state file.
        env: Added to this process's environment, e.g. what a lab exports.
        say: Receives progress, one line at a time.
        timeout_s: Real seconds one command may take. Terraform is then interrupted, and saves its state.

    Raises:
        Refused: Terraform or its provider is not here and could not be fetched.
    """

    def __init__(
        self,
        folder: Path | str,
        state_dir: Path | str,
        *,
        backend: Mapping[str, object] | None = None,
        env: Mapping[str, str] | None = None,
        say: Callable[[str], object] = print,
        timeout_s: float = 1800.0,
    ) -> None:
        self.folder, self.state_dir = Path(folder).resolve(), Path(state_dir).resolve()
        self._say, self._timeout_s = say, timeout_s
        self._root = Root(self.folder, self.state_dir, backend)
        try:
            binary = find_terraform() or fetch_terraform()
            ambient = provider_environment({**os.environ, **(env or {})})
        except Missing as missing:
            raise Refused("Terraform cannot run here.", do=str(missing)) from missing
        child = child_environment(ambient, self._root.data)
        self._cli = Cli(self._root.path, binary=binary, environment=child, timeout_s=timeout_s)

    def init(self) -> None:
        """Link the configuration, install the provider that the lock file names, connect the state.

        What an earlier one has done for the same configuration stays done. Terraform itself holds the provider against
        the lock file again, whatever it is asked.

        Raises:
            Refused: The provider is not to be had, or is not the one whose checksum is locked.
        """
        self._root.link()
        if self._root.is_ready:
            return
        lock = "readonly" if (self.folder / LOCK_FILE).exists() else None
        code, out, err = self._run(
            "init", Refused, self._cli.init, var=None, lockfile=lock, reconfigure=Flag, no_color=Flag
        )
        if code:
            raise Refused(
                f"terraform init failed in {self.folder.name}.",
                seen={"terraform": _squeezed(err or out)},
                do="with no network, name a provider mirror in HITLESS_PROVIDER_MIRROR",
            )
        self._root.is_ready = True

    def plan(
        self,
        variables: Mapping[str, object],
        *,
        out: Path | str | None = None,
        destroy: bool = False,
    ) -> Plan:
        """Compare configuration, state and AWS; change nothing.

        Args:
            variables: All that are not to have their default.
            out: Where the plan is saved; `plan.tfplan` in `state_dir` by default.
            destroy: Plan to destroy everything.

        Raises:
            Refused: A variable is not declared or not valid, or AWS could not be read.
        """
        self._check_names(variables)
        path = Path(out or self.state_dir / "plan.tfplan").resolve()
        progress = Progress(self._say)
        with variables_file(self.state_dir, variables) as file:
            code, _, err = self._run(
                "plan",
                Refused,
                self._cli.plan,
                var=None,
                var_file=str(file),
                out=str(path),
                destroy=destroy or None,
                lock_timeout=LOCK_WAIT,
                parallelism=PARALLELISM,
                json=Flag,
                on_line=progress.hear,
            )
        if code not in (0, 2):
            self._root.is_ready = False  # perhaps what `init` installed has gone
            raise Refused("terraform plan failed.", seen=progress.errors or {"terraform": _squeezed(err)}, do=_REPAIR)
        return self.show_plan(path)

    def show_plan(self, path: Path | str) -> Plan:
        """Read a saved plan.

        Raises:
            Refused: It is no plan of this configuration.
        """
        path = Path(path).resolve()
        return Plan(path, digest_of(path), *read_changes(self.show(path)))

    def show(self, path: Path | None = None) -> dict:
        """Everything a saved plan holds, or the state, as `terraform show -json` says it.

        Raises:
            Refused: The file is no plan, or the state could not be read.
        """
        of = [path] if path is not None else []
        code, out, err = self._run("show", Refused, self._cli.cmd, "show", *of, json=Flag, no_color=Flag)
        if code:
            what = f"{path.name} is not a plan." if path is not None else "The state could not be read."
            raise Refused(what, seen={"terraform": _squeezed(err)}, do="plan again")
        return json.loads(out)

    def apply(self, plan: Plan, *, after: Mapping[str, Callable[[], object]] | None = None) -> dict[str, int]:
        """Carry out a plan, exactly.

        Args:
            plan: What was shown.
            after: What is to be done as soon as the resource of this address was created, while Terraform goes on, e.g.
                an image pushed into its repository. What it raises interrupts Terraform, which saves its state.

        Returns:
            How many resources Terraform added, changed and removed.

        Raises:
            Refused: The file is not the plan that was shown, or is out of date; nothing was changed.
            Failed: A change failed. What was done is in the state; planning again shows the rest.
        """
        if not plan.path.exists() or digest_of(plan.path) != plan.digest:
            raise Refused(f"{plan.path.name} is not the plan that was shown.", seen={"shown": plan.digest}, do=_REPLAN)
        progress = Progress(self._say, after)
        code, _, err = self._run(
            "apply",
            Failed,
            self._cli.apply,
            plan.path,
            var=None,
            skip_plan=True,
            lock_timeout=LOCK_WAIT,
            parallelism=PARALLELISM,
            json=Flag,
            on_line=progress.hear,
        )
        if code:
            kind = Failed if progress.begun else Refused
            raise kind("terraform apply failed.", seen=progress.errors or {"terraform": _squeezed(err)}, do=_REPLAN)
        return progress.summary

    def interrupt(self) -> None:
        """Ask what runs in another thread to end; it then fails there, and its state is saved."""
        self._cli.interrupt()

    def destroy(self, variables: Mapping[str, object]) -> dict[str, int]:
        """Plan to destroy everything, and do it.

        Raises:
            Refused: As `plan`.
            Failed: As `apply`.
        """
        return self.apply(self.plan(variables, destroy=True))

    def output(self) -> dict[str, object]:
        """Every output value by name; empty before the first apply.

        Raises:
            Refused: The state could not be read.
        """
        code, out, err = self._run("output", Refused, self._cli.cmd, "output", json=Flag, no_color=Flag)
        if code:
            raise Refused("terraform output failed.", seen={"terraform": _squeezed(err)}, do="run init first")
        return {name: found["value"] for name, found in json.loads(out).items()}

    def _run(self, what: str, kind: type[HitlessError], command: Callable, *args: object, **options: object):
        try:
            return command(*args, **options)
        except TookTooLong as late:
            raise kind(
                f"terraform {what} did not end in time and was interrupted.",
                seen={"limit": f"{self._timeout_s:g} s"},
                do="plan again to see what is left; give a longer timeout_s",
            ) from late

    def _check_names(self, variables: Mapping[str, object]) -> None:
        """Terraform itself only warns of an undeclared variable, and goes on with the default of the right one."""
        declared = self.declared()
        for name in sorted(set(variables) - declared):
            near = get_close_matches(name, declared, n=1)
            raise Refused(
                f"{self.folder.name} declares no variable {name}.",
                seen={"nearest": near[0]} if near else {"declared": ", ".join(sorted(declared))},
                do="correct the name; Terraform would go on with the default",
            )

    def declared(self) -> set[str]:
        """Names of the variables that the root module declares."""
        names: set[str] = set()
        for file in self.folder.glob("*.tf"):
            names.update(DECLARED.findall(file.read_text()))
        for file in self.folder.glob("*.tf.json"):
            names.update(json.loads(file.read_text()).get("variable", {}))
        return names


_REPAIR = "correct what it names; nothing was changed"
_REPLAN = "plan again and look at what is left"


def _squeezed(text: str) -> str:
    """Terraform's boxed message as one line, its beginning."""
    return " ".join(text.replace("│", " ").replace("╷", " ").replace("╵", " ").split())[:1000]
