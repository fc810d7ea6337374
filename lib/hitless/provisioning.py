"""Make an environment, or unmake it: Terraform, and the image that the service starts with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from hitless import images, terraform_step
from hitless.approval import require_approved
from hitless.connect import Connection
from hitless.environment import Environment
from hitless.errors import Failed, HitlessError, NotReady, Refused
from hitless.oci import Image
from hitless.outage import first_line
from hitless.plan import Plan
from hitless.run_folder import RunFolder
from hitless.terraform_plan import Plan as TerraformPlan

MAKE, EVERYTHING = "make", "everything"  # steps that an undo must know
REPOSITORY = "module.ecr.aws_ecr_repository.this"
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

    What was shown is applied, exactly. The image is pushed as soon as Terraform has made the repository: long before
    the load balancer is there, which the service waits for.

    Args:
        here: Whose account.
        environment: What is to be made.
        release: The image that the service starts with, or the address of one that is in the repository.
        run: The run it is for; one that is resumed does what is left of what it has shown.
        hosts: At least and at most how many; 0 keeps it.
    """
    first = _FirstImage(here, environment.name, release)
    changed = capacity_of(environment.variables, *hosts)

    def plan() -> TerraformPlan:
        return environment.plan(image=first.address, **changed)

    def make(plan: TerraformPlan) -> dict:
        is_planned = REPOSITORY in {change.address for change in plan.changes}
        if not is_planned:
            first.require()
        made = environment.apply(plan, after={REPOSITORY: first.push} if is_planned else None)
        return {**made, "image": first.address}

    if run.is_resumed:
        steps = terraform_step.again(run.past.plan, make, plan)
        return Provisioning(here, Plan.again(run.past.plan, steps))
    whole = plan()
    also = f"{environment.name} holds {first.digest}"
    step = terraform_step.new(MAKE, whole, lambda: make(whole), undo=TEAR_DOWN, also=also)
    return Provisioning(here, Plan(f"Provision {environment.name}", [step], {"existed": environment.exists}), whole)


@dataclass(frozen=True)
class _FirstImage:
    """What the service starts with: built here, or in the repository already."""

    here: Connection
    repository_name: str
    release: Image | str

    @property
    def digest(self) -> str:
        return self.release.partition("@")[2] if isinstance(self.release, str) else self.release.digest

    @property
    def address(self) -> str:
        """Where it is, or will be, before there is a repository."""
        if isinstance(self.release, str):
            return self.release
        registry = f"{self.here.account_id}.dkr.ecr.{self.here.region}.amazonaws.com"
        return f"{registry}/{self.repository_name}@{self.digest}"

    def require(self) -> None:
        """See to it that the repository holds it."""
        ecr = self.here.client("ecr")
        if isinstance(self.release, str):
            is_at = images.find(self.digest, self.repository_name, ecr=ecr)
        else:
            is_at = images.push(self.release, self.repository_name, ecr=ecr)
        if is_at != self.address:
            seen = {"planned": self.address, "is": is_at}
            raise NotReady("The repository is not where it was planned.", seen=seen, do="plan again")

    def push(self) -> None:
        """The same while Terraform goes on: by now something was made, so what goes wrong is no refusal any more."""
        try:
            self.require()
        except (HitlessError, ClientError, BotoCoreError) as error:
            seen = {"image": self.address, "it said": first_line(error)}
            do = "mend what it says, and go on with this run: hitless run --resume"
            raise Failed("The image could not be pushed, and Terraform was interrupted.", seen=seen, do=do) from error


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
