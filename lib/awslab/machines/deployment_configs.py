"""How a deployment shifts traffic: CodeDeploy's predefined configurations for ECS, and custom ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

ALL_AT_ONCE, CANARY, LINEAR = "AllAtOnce", "TimeBasedCanary", "TimeBasedLinear"
RESERVED_PREFIX = "CodeDeployDefault."
PERCENT_RANGE = (1, 99)  # of one increment; 100 would be AllAtOnce
SHIFT_MAX_MINUTES = 2880  # from the first to the last increment: AWS's limit for canary and linear
CUSTOM_MAX = 50  # custom configurations of one account


class Invalid(Exception):
    """A configuration AWS would refuse."""


@dataclass(frozen=True, slots=True)
class DeploymentConfig:
    """A deployment configuration of the ECS platform.

    Attributes:
        name: deploymentConfigName.
        kind: AllAtOnce, TimeBasedCanary or TimeBasedLinear.
        percent: Of traffic in the first (canary) or in each (linear) increment, 1-99; 100 for AllAtOnce.
        interval_minutes: Between increments; 0 for AllAtOnce.
        config_id: deploymentConfigId; "" for predefined ones.
        created_at: Lab time; 0 for predefined ones.
    """

    name: str
    kind: str
    percent: int = 100
    interval_minutes: int = 0
    config_id: str = ""
    created_at: float = 0.0

    @property
    def predefined(self) -> bool:
        """CodeDeploy's own."""
        return self.name.startswith(RESERVED_PREFIX)

    def increments(self) -> list[tuple[float, int]]:
        """(seconds since the first increment, percent of traffic on the replacement then), up to 100.

        The first increment comes at once. What is left when the percent does not divide 100 is the last one.
        """
        if self.kind == ALL_AT_ONCE:
            return [(0.0, 100)]
        interval_s = 60.0 * self.interval_minutes
        if self.kind == CANARY:
            return [(0.0, self.percent), (interval_s, 100)]
        steps = math.ceil(100 / self.percent)
        return [(i * interval_s, min(100, (i + 1) * self.percent)) for i in range(steps)]

    def check(self) -> None:
        """Refuse what AWS refuses.

        Raises:
            Invalid: The percent or the interval is out of range.
        """
        low, high = PERCENT_RANGE
        if self.kind == ALL_AT_ONCE:
            return
        if not low <= self.percent <= high:
            raise Invalid(f"The traffic percentage {self.percent} must be from {low} to {high}.")
        if self.interval_minutes < 1 or self.increments()[-1][0] > 60 * SHIFT_MAX_MINUTES:
            raise Invalid(f"The shift must take from 1 to {SHIFT_MAX_MINUTES} minutes.")


PREDEFINED = {
    config.name: config
    for config in (
        DeploymentConfig("CodeDeployDefault.ECSAllAtOnce", ALL_AT_ONCE),
        DeploymentConfig("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", LINEAR, 10, 1),
        DeploymentConfig("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", LINEAR, 10, 3),
        DeploymentConfig("CodeDeployDefault.ECSCanary10Percent5Minutes", CANARY, 10, 5),
        DeploymentConfig("CodeDeployDefault.ECSCanary10Percent15Minutes", CANARY, 10, 15),
    )
}
