"""All deployments and their timers, and the small hands that move one."""

from __future__ import annotations

import random
import string

from awslab.machines.deployment import Deployment, Status
from awslab.machines.deployment_events import EventStatus
from awslab.machines.deployment_words import Trouble
from awslab.machines.events import DeploymentChanged, LifecycleEventChanged
from awslab.machines.machine import Event, Timers

PLANNED_S = 0.5  # from CreateDeployment until it has targets; AWS documents only that there is such a time
START_S = 1.0  # from Created to InProgress; observed about 1 s
EVENT_S = 0.23  # a lifecycle event with nothing to wait for; observed
ID_DIGITS = string.digits + string.ascii_uppercase


class AlreadyOver(Exception):
    """The deployment has ended."""


class Book:
    """The deployments of the lab, oldest first.

    Args:
        rng: Draws ids.
    """

    def __init__(self, rng: random.Random) -> None:
        self.by_id: dict[str, Deployment] = {}
        self.rng, self.timers = rng, Timers()

    def add(self, deployment: Deployment, now: float) -> list[Event]:
        """Keep a new deployment; it starts by itself."""
        group_id = deployment.order.group.group_id
        for known in self.by_id.values():
            mine = known.order.group.group_id == group_id and known.rolls_back is None
            if mine and known.status is Status.SUCCEEDED:
                deployment.previous_sha256 = known.order.sha256
        deployment.updated_at = now
        self.by_id[deployment.deployment_id] = deployment
        self.set("start", deployment, now + START_S)
        return [_changed(deployment)]

    def active(self, group_id: str) -> Deployment | None:
        """The one of a deployment group that has not ended."""
        found = (d for d in self.by_id.values() if d.order.group.group_id == group_id and not d.over)
        return next(found, None)

    def running(self, deployment_id: str) -> Deployment:
        """One that has not ended.

        Raises:
            AlreadyOver: It has.
        """
        deployment = self.by_id[deployment_id]
        if deployment.over:
            raise AlreadyOver(deployment_id)
        return deployment

    def new_id(self) -> str:
        """AWS's form: d- and nine upper-case letters or digits."""
        while True:
            found = "d-" + "".join(self.rng.choices(ID_DIGITS, k=9))
            if found not in self.by_id:
                return found

    def to(self, deployment: Deployment, status: Status, now: float) -> Event:
        """Change a deployment's status."""
        deployment.move(status, now)
        return _changed(deployment)

    def event_to(self, deployment: Deployment, name: str, status: EventStatus, now: float) -> Event:
        """Change one lifecycle event's status."""
        deployment.event(name).move(status, now)
        deployment.updated_at = now
        return LifecycleEventChanged(deployment_id=deployment.deployment_id, lifecycle_event=name, status=status.value)

    def set(self, kind: str, deployment: Deployment, at: float) -> None:
        """Ring for a deployment at lab time `at`."""
        self.timers.set((kind, deployment.deployment_id), at)

    def is_set(self, kind: str, deployment: Deployment) -> bool:
        """Whether a ring of this kind is to come."""
        return self.timers.at((kind, deployment.deployment_id)) is not None

    def cancel(self, kind: str, deployment: Deployment) -> None:
        """Forget a ring; harmless when it is not set."""
        self.timers.cancel((kind, deployment.deployment_id))


def _changed(deployment: Deployment) -> Event:
    trouble = deployment.error or Trouble("", "")
    return DeploymentChanged(
        deployment_id=deployment.deployment_id,
        status=deployment.status.value,
        code=trouble.code,
        message=trouble.message,
    )
