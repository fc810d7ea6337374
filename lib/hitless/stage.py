"""Where an essay plays: a lab that runs already, else one of its own, or an account of yours."""

from __future__ import annotations

import os
from dataclasses import dataclass

from hitless import checkout
from hitless.connect import Connection, connect
from hitless.environment import Environment
from hitless.errors import NotReady, WrongTarget
from hitless.images import build_release
from hitless.lab import STATE_VARIABLE, Lab, inject
from hitless.provisioning import plan_provisioning
from hitless.run_folder import open_run
from hitless.scratch import Scratch
from hitless.service import await_steady
from hitless.stack import Stack, read_stack

LAB_ACCOUNT_ID = "123456789012"
RATE, SEED = 45.0, 1  # at sixty a busy laptop starts tasks too slowly for their health checks


@dataclass
class Stage:
    """A running service and what an essay needs to change it."""

    here: Connection
    stack: Stack
    environment: Environment
    own: tuple[Scratch, Lab] | None = None

    def fault(self, name: str, **wanted: object) -> dict:
        """Let something happen that on AWS happens by itself: `AmiPublished`, `InstanceDies` …

        Raises:
            WrongTarget: This is AWS.
        """
        if not self._is_lab:
            raise WrongTarget("Faults can be asked for in the lab only.", do="let ACCOUNT_ID be the lab's")
        return inject(os.environ["AWS_ENDPOINT_URL"], name, **wanted)

    def next_ami(self, ami_id: str = "") -> str:
        """The AMI to go to: the one named, else in the lab the next that AWS publishes, else AWS's recommendation."""
        if ami_id or not self._is_lab:
            return ami_id
        return str(self.fault("AmiPublished")["image_id"])

    def beside(self, name: str) -> Environment:
        """Another environment of the same account, to be planned; its state lies beside this one's."""
        return Environment(self.here, self.environment.terraform.state_dir.with_name(name), name)

    @property
    def _is_lab(self) -> bool:
        return self.here.account_id == LAB_ACCOUNT_ID and bool(os.environ.get("AWS_ENDPOINT_URL"))

    def close(self) -> None:
        """End the lab if it is this essay's own; a lab or an account that was there before stays as it is."""
        if self.own is not None:
            scratch, lab = self.own
            lab.__exit__(None, None, None)
            scratch.__exit__(None, None, None)


async def open_stage(account_id: str, region: str, name: str, *, state_dir: str = "", reason: str = "") -> Stage:
    """Connect to the service, in the lab provisioning it first when there is none.

    It goes to the checkout, which paths are relative to.

    Args:
        account_id: Whose account; the lab's starts a lab unless one runs.
        region: AWS region.
        name: The environment, and of everything in it.
        state_dir: Terraform's state; "" takes the lab's, or `.cache/terraform/<name>`.
        reason: Why; AWS is not changed without one.

    Raises:
        NotReady: On AWS without a reason, or without a service.
    """
    if account_id != LAB_ACCOUNT_ID and not reason.strip():
        raise NotReady("An essay that changes AWS needs a reason.", seen={"REASON": '""'}, do="say why in REASON")
    checkout.enter()
    own = _start_lab() if account_id == LAB_ACCOUNT_ID and not os.environ.get("AWS_ENDPOINT_URL") else None
    here = connect(account_id=account_id, region=region)
    folder = state_dir or os.environ.get(STATE_VARIABLE) or f".cache/terraform/{name}"
    environment = Environment(here, folder, name)
    try:
        stack = read_stack(here, name, name)
    except WrongTarget:
        if account_id != LAB_ACCOUNT_ID:
            raise
        stack = await _provision(here, environment, name)
    return Stage(here, stack, environment, own)


def _start_lab() -> tuple[Scratch, Lab]:
    scratch = Scratch("hitless-essay-")
    lab = Lab(scratch.__enter__(), RATE, SEED)
    lab.__enter__()
    return scratch, lab


async def _provision(here: Connection, environment: Environment, name: str) -> Stack:
    print("nothing runs here yet: provisioning with Terraform, about two minutes")
    run = open_run(here, "provision-for-an-essay", "", "an essay needs a service")
    plan_provisioning(here, environment, build_release("app", "1.0.0", "blue"), run).run(run, dry_run=False)
    run.close()
    stack = await await_steady(here, name, name, dry_run=False)
    assert stack is not None
    return stack
