"""Let a deployment group's releases wait at Ready for somebody, for a while, and put the group back as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from hitless.connect import Connection
from hitless.deployment import DeploymentGroup
from hitless.plan import Plan
from hitless.run_folder import RunFolder
from hitless.step import Step

WAIT_MINUTES = 60  # then CodeDeploy stops the release by itself


@contextlib.contextmanager
def waiting_at_ready(here: Connection, group: DeploymentGroup, run: RunFolder) -> Iterator[None]:
    """Releases begun in the block stop at Ready until they are continued.

    Args:
        here: Whose account.
        group: Its deployment group; nothing is changed when it waits already.
        run: Each call is in its journal before it is made and after it.

    Calls:
        codedeploy:GetDeploymentGroup, UpdateDeploymentGroup.
    """
    if group.waits_when_ready:
        yield
        return
    before = read_blue_green(here, group)
    held = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": WAIT_MINUTES}
    _update(here, group, {**before, "deploymentReadyOption": held}, "wait at Ready for somebody", run)
    try:
        yield
    finally:
        _update(here, group, before, "do what they did before", run)


def read_blue_green(here: Connection, group: DeploymentGroup) -> dict:
    """The group's blue/green settings, as CodeDeploy has them."""
    names = {"applicationName": group.application_name, "deploymentGroupName": group.group_name}
    return here.client("codedeploy").get_deployment_group(**names)["deploymentGroupInfo"][
        "blueGreenDeploymentConfiguration"
    ]


def _update(here: Connection, group: DeploymentGroup, wanted: dict, what: str, run: RunFolder) -> None:
    step = Step(
        name="ready wait",
        service="codedeploy",
        operation="update_deployment_group",
        arguments={
            "applicationName": group.application_name,
            "currentDeploymentGroupName": group.group_name,
            "blueGreenDeploymentConfiguration": wanted,
        },
        changes=f"releases of {group.application_name} {what}",
        undo="runbooks/10-provision.ipynb: the group is Terraform's",
    )
    Plan(f"Let releases {what}", [step]).run(here, dry_run=False, say=lambda _line: None, run=run)
