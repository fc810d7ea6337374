"""One environment's infrastructure: its Terraform, the variables it was last applied with, its image."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from hitless import images
from hitless.connect import Connection
from hitless.errors import NotReady
from hitless.terraform import Terraform
from hitless.terraform_plan import Plan

FOLDER = Path("terraform/envs/dev")
TEMPLATE = "module.compute.aws_launch_template.this"


class Environment:
    """The stack of one environment on one target.

    Args:
        here: Whose account.
        state_dir: Terraform's state and data; one folder an environment and target.
        folder: The root module.
        say: Receives progress, one line at a time.
    """

    def __init__(
        self,
        here: Connection,
        state_dir: Path | str,
        *,
        folder: Path = FOLDER,
        say: Callable[[str], object] = print,
    ) -> None:
        self._here, self._kept = here, Path(state_dir) / "variables.json"
        self._planned = self.variables
        self.terraform = Terraform(folder, state_dir, say=say)
        self.terraform.init()

    @property
    def variables(self) -> dict[str, object]:
        """What was applied last; before that, what the target asks for."""
        if self._kept.exists():
            return json.loads(self._kept.read_text())
        lab = self._here.environment == "lab"
        return {"account_id": self._here.account_id, "region": self._here.region, "lab": lab}

    def plan_repository(self) -> Plan:
        """The image repository alone: it must exist before there is an image to deploy by digest."""
        return self.terraform.plan({**self.variables, "image": _placeholder()}, targets=["module.ecr"])

    def push(self, app: Path | str = "app", environment: Mapping[str, str] | None = None) -> str:
        """Build the app's image and push it.

        Returns:
            `repository@sha256:…`: what `plan` and deployments name.
        """
        image = images.build(Path(app), environment=environment or {})
        repository = str(self.terraform.output()["repository_name"])
        return images.push(image, repository, ecr=self._here.client("ecr"))

    def plan(self, **changed: object) -> Plan:
        """Plan everything with what was applied last and these variables changed."""
        self._planned = {**self.variables, **changed}
        return self.terraform.plan(self._planned)

    def plan_template(self, held_version: str, **changed: object) -> Plan:
        """Plan a new launch template version and nothing else; the group is held at the version it has.

        Args:
            held_version: The version the group launches now.
            **changed: Variables, e.g. `ami_id="ami-…"` (None: what AWS recommends today), `instance_type="t3.large"`.

        Raises:
            NotReady: Nothing would change, or more than the launch template would.
        """
        plan = self.plan(launch_template_version=int(held_version), **changed)
        other = [change.address for change in plan.changes if change.address != TEMPLATE]
        if other:
            do = "apply runbooks/10-provision.ipynb first, so that only the hosts change here"
            raise NotReady("More than the launch template would change.", seen={"also": ", ".join(other)}, do=do)
        if not plan.changes:
            raise NotReady(
                "The hosts are as they were asked to be: there is nothing to refresh.",
                seen={"asked": ", ".join(f"{name}={value}" for name, value in changed.items()) or "AWS's newest AMI"},
                do="name another AMI or instance type, or wait until AWS publishes one",
            )
        return plan

    def apply(self, plan: Plan) -> dict[str, int]:
        """Carry out a plan, exactly, and remember its variables.

        Returns:
            How many resources were added, changed and removed.
        """
        done = self.terraform.apply(plan)
        self.remember()
        return done

    def remember(self, **changed: object) -> None:
        """Keep the variables, e.g. the version the group has after a refresh."""
        self._kept.write_text(json.dumps({**self._planned, **changed}, indent=1))

    def tear_down(self) -> dict[str, int]:
        """Destroy everything.

        Returns:
            How many resources were removed, under `remove`.
        """
        removed = self.terraform.destroy({"image": _placeholder(), **self.variables})
        self._kept.unlink(missing_ok=True)
        return removed


def _placeholder() -> str:
    """An image that is valid and that nothing will run: the repository's plan does not depend on it."""
    return f"none.invalid/none@sha256:{'0' * 64}"
