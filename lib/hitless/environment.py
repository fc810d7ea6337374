"""One environment's infrastructure: its Terraform, the variables it was last applied with, its image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hitless import functions
from hitless.connect import Connection
from hitless.errors import NotReady
from hitless.state_store import store_of
from hitless.terraform import Terraform
from hitless.terraform_plan import Plan

FOLDER = Path("terraform/envs/dev")
HOOK_FOLDER, HOOK_FILE = Path("codedeploy/hooks"), "hook.zip"
NO_IMAGE = f"none.invalid/none@sha256:{'0' * 64}"  # valid, and nothing will run it
ON_THE_LAB = {
    "lab": True,
    "deployment": {"termination_wait_minutes": 5},  # old tasks need not be kept long to look at
    "environment": {"FRAMED_BY": "loopback"},  # the control room shows the app beside the chart
}
TEMPLATE = "module.compute.aws_launch_template.this"


class Environment:
    """The stack of one environment on one target.

    Args:
        here: Whose account.
        state_dir: Terraform's data, and its state unless that is on S3; one folder an environment and target.
        name: The environment's name, and of everything in it.
        folder: The root module.
        say: Receives progress, one line at a time.
    """

    def __init__(
        self,
        here: Connection,
        state_dir: Path | str,
        name: str,
        *,
        folder: Path = FOLDER,
        say: Callable[[str], object] = print,
    ) -> None:
        self._here, self.name, self._store = here, name, store_of(here, state_dir, name)
        self._store.require_known()
        self._planned = self.variables
        self.terraform = Terraform(folder, state_dir, backend=self._store.backend, say=say)
        self.terraform.init()

    @property
    def variables(self) -> dict[str, object]:
        """What was applied last; before that, what the target asks for."""
        if (kept := self._store.read()) is not None:
            return kept
        target = {"account_id": self._here.account_id, "region": self._here.region, "name": self.name}
        return {**target, **(ON_THE_LAB if self._here.environment == "lab" else {"lab": False})}

    @property
    def exists(self) -> bool:
        """Something was applied here before."""
        return self._store.read() is not None

    def plan(self, **changed: object) -> Plan:
        """Plan everything, with what was applied last and these variables changed."""
        self._planned = self._with_hook({**self.variables, **changed})
        return self.terraform.plan(self._planned)

    def plan_template(self, held_version: str, **changed: object) -> Plan:
        """Plan a new launch template version and nothing else; the group is held at the version it has.

        Args:
            held_version: The version the group launches now.
            **changed: Variables, e.g. `ami_id="ami-…"` (None: what AWS recommends today), `instance_type="t3.large"`.

        Returns:
            The plan; empty when the newest version is as asked already.

        Raises:
            NotReady: More than the launch template would change.
        """
        plan = self.plan(launch_template_version=int(held_version), **changed)
        other = [change.address for change in plan.changes if change.address != TEMPLATE]
        if other:
            do = "apply runbooks/10-provision.ipynb first, so that only the hosts change here"
            raise NotReady("More than the launch template would change.", seen={"also": ", ".join(other)}, do=do)
        return plan

    def apply(self, plan: Plan, *, after: Mapping[str, Callable[[], object]] | None = None) -> dict[str, int]:
        """Carry out a plan, exactly, and remember its variables.

        Args:
            plan: What was shown.
            after: As in `Terraform.apply`.

        Returns:
            How many resources were added, changed and removed.
        """
        self._store.begin()
        done = self.terraform.apply(plan, after=after)
        self.remember()
        return done

    def remember(self, **changed: object) -> None:
        """Keep the variables, e.g. the version the group has after a refresh."""
        self._store.write({**self._planned, **changed})

    def plan_tear_down(self) -> Plan:
        """Plan to destroy everything."""
        return self.terraform.plan(self._with_hook({"image": NO_IMAGE, **self.variables}), destroy=True)

    def _with_hook(self, variables: dict[str, object]) -> dict[str, object]:
        """Give the validation hook's code to Terraform, where the hook can reach the test listener."""
        if not (variables.get("lab") or variables.get("internal")):
            return variables
        (self.terraform.state_dir / HOOK_FILE).write_bytes(functions.package(HOOK_FOLDER))
        hook = {**(variables.get("hook") or {}), "filename": f"../../../{HOOK_FILE}"}  # seen from where Terraform runs
        return {**variables, "hook": hook}

    def forget(self) -> None:
        """There is nothing left that was applied."""
        self._store.forget()
