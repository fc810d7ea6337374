"""What a caller may ask of an instance refresh, and what is refused before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

WAIT, IGNORE, REFRESH, TERMINATE = "Wait", "Ignore", "Refresh", "Terminate"


class Invalid(ValueError):
    """AWS would answer ValidationError with this message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """Preferences of one refresh, every default already applied."""

    min_healthy_percent: int = 90  # StartInstanceRefresh: default 90, or the group's maintenance policy
    max_healthy_percent: int | None = None  # omitted is not the same as 100
    warmup_s: float = 0.0
    checkpoint_percents: tuple[int, ...] = ()
    checkpoint_delay_s: float = 3600.0
    skip_matching: bool = False
    auto_rollback: bool = False
    scale_in_protected_instances: str = WAIT
    standby_instances: str = WAIT
    alarms: tuple[str, ...] = ()
    bake_s: float = 0.0

    def check(self, has_desired_configuration: bool, alarm_state: Callable[[str], str | None]) -> None:
        """Raise `Invalid` with AWS's reason, or return."""
        self._check_percentages()
        self._check_checkpoints()
        if self.auto_rollback and not has_desired_configuration:
            raise Invalid(
                "The request isn't valid. The AutoRollback parameter cannot be set to true when the "
                "DesiredConfiguration parameter is empty. Set AutoRollback to false or specify a desired configuration "
                "and try again."
            )
        if self.scale_in_protected_instances not in (WAIT, IGNORE, REFRESH):
            raise Invalid("ScaleInProtectedInstances must be one of Refresh, Ignore, Wait.")
        if self.standby_instances not in (WAIT, IGNORE, TERMINATE):
            raise Invalid("StandbyInstances must be one of Terminate, Ignore, Wait.")
        if len(self.alarms) > 10:
            raise Invalid("AlarmSpecification can name at most 10 alarms.")
        for name in self.alarms:
            if (state := alarm_state(name)) != "OK":
                raise Invalid(f"Alarm {name} must be in OK state to start an instance refresh; it is {state}.")

    def _check_percentages(self) -> None:
        low, high = self.min_healthy_percent, self.max_healthy_percent
        if not 0 <= low <= 100:
            raise Invalid("MinHealthyPercentage must be between 0 and 100.")
        if high is not None and not 100 <= high <= 200:
            raise Invalid("MaxHealthyPercentage must be between 100 and 200.")
        if high is not None and high - low > 100:
            raise Invalid("MaxHealthyPercentage minus MinHealthyPercentage must not be greater than 100.")
        if self.warmup_s < 0:
            raise Invalid("InstanceWarmup must not be negative.")
        if not 0 <= self.bake_s <= 172_800:
            raise Invalid("BakeTime must be between 0 and 172800 seconds.")

    def _check_checkpoints(self) -> None:
        percents = self.checkpoint_percents
        if list(percents) != sorted(set(percents)) or any(not 1 <= p <= 100 for p in percents):
            raise Invalid("CheckpointPercentages must be unique, ascending and between 1 and 100.")
        if not 0 <= self.checkpoint_delay_s <= 172_800:
            raise Invalid("CheckpointDelay must be between 0 and 172800 seconds.")
