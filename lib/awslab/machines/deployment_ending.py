"""How a deployment ends badly, and what then takes it back."""

from __future__ import annotations

from dataclasses import replace

from awslab.machines.deployment import ON_REQUEST, ROLLBACK_CREATOR, Deployment, Status
from awslab.machines.deployment_book import EVENT_S, Book
from awslab.machines.deployment_configs import PREDEFINED
from awslab.machines.deployment_events import EventStatus
from awslab.machines.deployment_words import Trouble
from awslab.machines.machine import Event

ROLLBACK_CONFIG = PREDEFINED["CodeDeployDefault.ECSAllAtOnce"]  # AWS: whatever the group's is


class Ending:
    """Ends deployments of a book."""

    def __init__(self, book: Book, kinds: tuple[str, ...]) -> None:
        self._book, self._kinds = book, kinds

    def end(self, deployment: Deployment, status: Status, trouble: Trouble, cause: str, now: float) -> list[Event]:
        """What runs has Failed, what is to come is Skipped; then it is taken back, or left as it is.

        Args:
            deployment: One that has not ended.
            status: FAILED or STOPPED.
            trouble: Its errorInformation.
            cause: The event of autoRollbackConfiguration that this is.
            now: Lab time.
        """
        events = []
        for event in deployment.events:
            if event.status is EventStatus.IN_PROGRESS:
                event.trouble = event.trouble or trouble.message
                events.append(self._book.event_to(deployment, event.name, EventStatus.FAILED, now))
            elif event.status is EventStatus.PENDING:
                events.append(self._book.event_to(deployment, event.name, EventStatus.SKIPPED, now))
        deployment.error = trouble
        self.silence(deployment, now)
        events.append(self._book.to(deployment, status, now))
        return events + (self._roll_back(deployment, now) if _takes_back(deployment, cause) else [])

    def silence(self, deployment: Deployment, now: float) -> None:
        """It is about to end: no ring any more but for one last look at its task sets."""
        for kind in self._kinds:
            self._book.cancel(kind, deployment)
        self._book.set("seen", deployment, now + EVENT_S)

    def _roll_back(self, failed: Deployment, now: float) -> list[Event]:
        order = replace(
            failed.order,
            config=ROLLBACK_CONFIG,
            sha256=failed.previous_sha256 or failed.order.sha256,
            description="",
            alarms={},  # they may well be in ALARM still
            overrides_alarms=False,
        )
        rollback = Deployment(
            self._book.new_id(),
            order,
            now,
            ROLLBACK_CREATOR,
            rolls_back=failed,
            original_id=failed.original_id,
            original_arn=failed.original_arn,
            replacement_arn=failed.replacement_arn,
        )
        failed.rollback_id = rollback.deployment_id
        return self._book.add(rollback, now)


def _takes_back(deployment: Deployment, cause: str) -> bool:
    """AWS: what failed in BeforeInstall has changed nothing, so there is nothing to roll back."""
    if deployment.rolls_back or not deployment.installed:
        return False
    asked = deployment.stop_rolls_back if cause == ON_REQUEST else None
    return deployment.order.rolls_back_on(cause) if asked is None else asked
