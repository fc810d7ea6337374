"""Make an environment, or unmake it: Terraform's steps and the image between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hitless import images, terraform_step
from hitless.approval import require_approved
from hitless.connect import Connection
from hitless.environment import Environment
from hitless.errors import NotReady, Refused
from hitless.oci import Image
from hitless.plan import Plan
from hitless.run_folder import RunFolder
from hitless.step import Deed
from hitless.terraform_plan import Plan as TerraformPlan

REST, EVERYTHING = "rest", "everything"  # steps that an undo must know
REPOSITORY = ["module.ecr"]
HOSTS = {"min_size": 4, "desired_capacity": 4, "max_size": 6}  # as the variable's defaults; a test holds them equal
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


def first_image(environment: Environment, version: str, colour: str, *, runs_on: str) -> Image | str:
    """What the service starts with: built here, or, where there is an environment, what it was made with.

    From then on releases are CodeDeploy's; another image in Terraform would be a revision that nothing runs.
    """
    kept = str(environment.variables.get("image", ""))
    return kept or images.build_release("app", version, colour, runs_on=runs_on)


def plan_provisioning(
    here: Connection, environment: Environment, release: Image | str, run: RunFolder, *, hosts: tuple[int, int] = (0, 0)
) -> Provisioning:
    """Plan everything, with the digest of an image, before there is a repository to push it to.

    ECS must find the image when the service starts, so the repository comes first, then the image; the rest is planned
    again, and only what was shown is applied.

    Args:
        here: Whose account.
        environment: What is to be made.
        release: The image that the service starts with, or the address of one that is in the repository.
        run: The run it is for; one that is resumed goes on with the plan it has shown.
        hosts: At least and at most how many; 0 keeps it.
    """
    making = _Making(here, environment, release, capacity_of(environment.variables, *hosts))
    if run.is_resumed:
        shown = next(one["facts"] for one in run.past.plan["steps"] if one["name"] == REST)
        return Provisioning(here, making.plan(shown, run.past.plan["facts"]))
    whole = environment.plan(image=making.address, **making.changed)
    shown = terraform_step.new(REST, whole, dict, undo=TEAR_DOWN).facts
    return Provisioning(here, making.plan(shown, {"existed": environment.exists}), whole)


@dataclass
class _Making:
    """The three steps; each can be taken again without harm."""

    here: Connection
    environment: Environment
    release: Image | str
    changed: dict[str, object]

    @property
    def address(self) -> str:
        """Where the image is, or will be, before there is a repository."""
        if isinstance(self.release, str):
            return self.release
        here = self.here
        registry = f"{here.account_id}.dkr.ecr.{here.region}.amazonaws.com"
        return f"{registry}/{self.environment.name}@{self.release.digest}"

    def plan(self, shown: dict, facts: dict) -> Plan:
        name, apply = self.environment.name, terraform_step.CALL
        known = {change["address"] for change in shown["changes"]}
        image = f"{name} holds {self.address.partition('@')[2]}"
        return Plan(
            f"Provision {name}",
            [
                Deed("repository", apply, {"targets": REPOSITORY}, "the image repository", TEAR_DOWN, self._repository),
                Deed("image", "ecr:push", {"address": self.address}, image, "none needed", self._push),
                Deed(REST, apply, shown, f"{len(known)} resources", TEAR_DOWN, lambda: self._rest(known)),
            ],
            facts,
        )

    def _repository(self) -> dict:
        part = self.environment.plan(image=self.address, targets=REPOSITORY, **self.changed)
        return self.environment.apply_part(part)

    def _push(self) -> dict:
        name, ecr = self.environment.name, self.here.client("ecr")
        if isinstance(self.release, str):
            pushed = images.find(self.release.partition("@")[2], name, ecr=ecr)
        else:
            pushed = images.push(self.release, name, ecr=ecr)
        if pushed != self.address:
            seen = {"planned": self.address, "is": pushed}
            raise NotReady("The repository is not where it was planned.", seen=seen, do="plan again")
        return {"address": pushed}

    def _rest(self, known: set[str]) -> dict:
        left = self.environment.plan(image=self.address, **self.changed)
        terraform_step.require_shown(left, known)
        return self.environment.apply(left)


def capacity_of(variables: Mapping[str, object], at_least: int, at_most: int) -> dict[str, object]:
    """The variable `hosts` with other limits; {} when none is asked for.

    How many there are in between is ECS's affair; the figure to start with only has to lie between the limits.
    """
    if not at_least and not at_most:
        return {}
    had = {**HOSTS, **dict(variables.get("hosts") or {})}
    low, high = at_least or had["min_size"], at_most or had["max_size"]
    if low > high:
        raise Refused("There cannot be fewer hosts at most than at least.", seen={"least": low, "most": high})
    return {"hosts": {**had, "min_size": low, "max_size": high, "desired_capacity": _within(had, low, high)}}


def _within(had: Mapping[str, int], low: int, high: int) -> int:
    return min(max(had["desired_capacity"], low), high)


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
    step = terraform_step.new(EVERYTHING, whole, lambda: destroy(whole), undo=NO_UNDO)
    return Provisioning(here, Plan(title, [step]), whole)
