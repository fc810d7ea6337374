"""Make an environment, or unmake it: Terraform's steps and the image between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hitless import images, terraform_step
from hitless.approval import require_approved
from hitless.connect import Connection
from hitless.environment import Environment
from hitless.errors import NotReady
from hitless.oci import Image
from hitless.plan import Plan
from hitless.run_folder import RunFolder
from hitless.step import Deed
from hitless.terraform_plan import Plan as TerraformPlan

REPOSITORY = ["module.ecr"]
NO_UNDO = "none: what is destroyed is gone; runbooks/10-provision.ipynb makes a new one"
TEAR_DOWN = "runbooks/90-tear-down.ipynb, if nothing was there before"


@dataclass
class Provisioning:
    """Everything that Terraform would do, and the image that the service starts with."""

    here: Connection
    plan: Plan
    shown: TerraformPlan | None = None

    def __str__(self) -> str:
        return "\n".join(str(part) for part in (self.shown, self.plan) if part is not None)

    def run(self, run: RunFolder, *, dry_run: bool, say: Callable[[str], object] = print) -> dict[str, dict]:
        """Carry it out.

        Returns:
            {step: what it did}; nothing in a dry run.

        Raises:
            NotReady: Nobody approved it, or what is left to do is not part of what was shown.
            Failed: Terraform failed half-way; what was done is in its state.
        """
        if not dry_run:
            require_approved(run, self.plan)
        return self.plan.run(self.here, dry_run=dry_run, say=say, run=run)


def plan_provisioning(here: Connection, environment: Environment, release: Image, run: RunFolder) -> Provisioning:
    """Plan everything, with the digest of an image, before there is a repository to push it to.

    ECS must find the image when the service starts, so the repository comes first, then the image; the rest is planned
    again, and only what was shown is applied.

    Args:
        here: Whose account.
        environment: What is to be made.
        release: The image that the service starts with.
        run: The run it is for; one that is resumed goes on with the plan it has shown.
    """
    making = _Making(here, environment, release)
    if run.is_resumed:
        shown = next(one["facts"] for one in run.past.plan["steps"] if one["name"] == "rest")
        return Provisioning(here, making.plan(shown, run.past.plan["facts"]))
    whole = environment.plan(image=making.address)
    shown = terraform_step.new("rest", whole, dict, undo=TEAR_DOWN).facts
    return Provisioning(here, making.plan(shown, {"existed": environment.exists}), whole)


@dataclass
class _Making:
    """The three steps; each can be taken again without harm."""

    here: Connection
    environment: Environment
    release: Image

    @property
    def address(self) -> str:
        """Where the image will be, before there is a repository."""
        here = self.here
        registry = f"{here.account_id}.dkr.ecr.{here.region}.amazonaws.com"
        return f"{registry}/{self.environment.name}@{self.release.digest}"

    def plan(self, shown: dict, facts: dict) -> Plan:
        name, apply = self.environment.name, terraform_step.CALL
        known = {change["address"] for change in shown["changes"]}
        image = f"{name} holds {self.release.digest}"
        return Plan(
            f"Provision {name}",
            [
                Deed("repository", apply, {"targets": REPOSITORY}, "the image repository", TEAR_DOWN, self._repository),
                Deed("image", "ecr:push", {"address": self.address}, image, "none needed", self._push),
                Deed("rest", apply, shown, f"{len(known)} resources", TEAR_DOWN, lambda: self._rest(known)),
            ],
            facts,
        )

    def _repository(self) -> dict:
        return self.environment.terraform.apply(self.environment.plan(image=self.address, targets=REPOSITORY))

    def _push(self) -> dict:
        pushed = images.push(self.release, self.environment.name, ecr=self.here.client("ecr"))
        if pushed != self.address:
            seen = {"planned": self.address, "is": pushed}
            raise NotReady("The repository is not where it was planned.", seen=seen, do="plan again")
        return {"address": pushed}

    def _rest(self, known: set[str]) -> dict:
        left = self.environment.plan(image=self.address)
        terraform_step.require_shown(left, known)
        return self.environment.apply(left)


def plan_tear_down(here: Connection, environment: Environment, run: RunFolder) -> Provisioning:
    """Plan to destroy everything of an environment.

    Args:
        here: Whose account.
        environment: What is to go.
        run: The run it is for; one that is resumed destroys what is left of what it has shown.
    """

    def destroy(plan: TerraformPlan) -> dict:
        removed = environment.terraform.apply(plan)
        environment.forget()
        return removed

    title = f"Tear {environment.name} down"
    if run.is_resumed:
        steps = terraform_step.again(run.past.plan, destroy, environment.plan_tear_down)
        return Provisioning(here, Plan.again(run.past.plan, steps))
    whole = environment.plan_tear_down()
    step = terraform_step.new("everything", whole, lambda: destroy(whole), undo=NO_UNDO)
    return Provisioning(here, Plan(title, [step]), whole)
