"""One instance refresh: which instances leave when, what it waits for, how it ends.

Theory of operation. At the start the instances to replace are written down. From then on, at every change of the
group, `step` answers two questions: how many of them may leave now (`Bounds.may_terminate`), and how many instances the
group may have beyond its desired capacity (`surge`); the group itself launches what is missing. An instance counts as
replaced when one of the old has left and one of the new is in service, healthy and warm. No progress for an hour is a
failure. A failure, an alarm or an operator turns it round: the same steps, with the new instances as those to replace.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from awslab.machines.capacity import Bounds, bounds
from awslab.machines.checkpoints import Checkpoints
from awslab.machines.events import CheckpointReached, LaunchSpec, RefreshChanged
from awslab.machines.instances import Instance
from awslab.machines.machine import Event
from awslab.machines.preferences import Preferences
from awslab.machines.refresh_scope import may_leave, to_replace
from awslab.machines.refresh_status import REPLACING, TRANSITIONS, RefreshStatus, RollbackDetails
from awslab.machines.refresh_words import waiting_for
from awslab.machines.turnover import Turnover

if TYPE_CHECKING:
    from awslab.machines.group import Group
    from awslab.machines.launching import LaunchRef

STUCK_S = 3600.0  # no progress for one hour fails a refresh (user guide, instance-refresh-overview)
R = RefreshStatus
TIMERS = STUCK, BAKED, CHECKPOINT, BEGIN = tuple(
    ("refresh", what) for what in ("stuck", "baked", "checkpoint", "begin")
)


class Irreversible(ValueError):
    """AWS would answer IrreversibleInstanceRefresh with this message."""


class Refresh:
    """A refresh of one group, from start to end.

    Args:
        group: The group; its instances are read, and told to leave through it.
        instance_refresh_id: UUID.
        preferences: Checked already.
        desired: The launch template the group shall have afterwards; None replaces with what the group has.
        target: What `desired` resolves to; None without one.
        now: Lab time.
    """

    def __init__(
        self,
        group: Group,
        instance_refresh_id: str,
        preferences: Preferences,
        desired: LaunchRef | None,
        target: LaunchSpec | None,
        now: float,
    ) -> None:
        self.group, self.instance_refresh_id = group, instance_refresh_id
        self.preferences, self.desired = preferences, desired
        self.status, self.reason = R.PENDING, ""
        self.started_at, self.ended_at = now, None
        self.percentage_complete = 0
        self.rollback: RollbackDetails | None = None
        self.surge = 0
        self._target = target
        self._turnover: Turnover | None = None  # from `begin` on
        self._total = self._left = 0
        self._checkpoints = Checkpoints(preferences.checkpoint_percents)
        self._alarms_unknown: set[str] = set()
        self._progress: tuple[int, ...] = ()
        self._waits_for_transitions = True
        group.timers.set(BEGIN, now)

    # ---- what describe shows

    @property
    def active(self) -> bool:
        """It has not ended."""
        return bool(TRANSITIONS[self.status])

    @property
    def applies_desired(self) -> bool:
        """What is launched now comes from the desired configuration."""
        replacing = self.status in (R.PENDING, R.IN_PROGRESS, R.BAKING)
        return replacing and self.desired is not None and self.rollback is None

    @property
    def instances_to_update(self) -> int:
        """How many are still to be replaced; in a rollback, those that the refresh never touched."""
        if self.rollback is not None:
            return self.rollback.instances_to_update
        return self._left if self.ended_at is not None else max(0, self._total - self._replaced(self.group.last_seen))

    # ---- commands

    def begin(self, now: float) -> list[Event]:
        """Write down what to replace and start; nothing to replace is success at once."""
        old = to_replace(self.group, self.preferences, self._target)
        self._count(old, self.started_at)
        self.group.timers.set(STUCK, now + STUCK_S)
        return self._become(R.IN_PROGRESS, now)

    def _count(self, old: list[str], since: float) -> None:
        self._total = len(old)
        may_leave_now = partial(may_leave, preferences=self.preferences)
        self._turnover = Turnover(self.group.roll, old, since, self.preferences.warmup_s, may_leave_now)

    def cancel(self, wait_for_transitioning_instances: bool, now: float) -> list[Event]:
        """Stop replacing; what was replaced stays replaced, what is launched from now on is the group's own."""
        self._forget_timers()
        self.surge, self._waits_for_transitions = 0, wait_for_transitioning_instances
        return self._become(R.CANCELLING, now, "Cancelled due to user request.")

    def roll_back(self, reason: str, now: float) -> list[Event]:
        """Turn round: what this refresh launched is replaced by what the group had before."""
        self.check_reversible()
        launched = [i for i in self.group.instances.values() if self._launched_here(i) and not i.leaving]
        self.rollback = RollbackDetails(reason, now, self.percentage_complete, self.instances_to_update)
        self.surge, self._checkpoints = 0, Checkpoints()
        self._forget_timers()
        events = self._become(R.ROLLBACK_IN_PROGRESS, now, reason)
        for one in launched:
            if not one.available:
                events += self.group.take_out(one, f"instance refresh rollback: {reason}", now)
        self._count([one.instance_id for one in launched if one.available], now)
        self.group.timers.set(STUCK, now + STUCK_S)
        return events

    def check_reversible(self) -> None:
        """Raise `Irreversible` with AWS's reason, or return."""
        if self.rollback is not None:  # what AWS answers to a second one is not documented
            raise Irreversible("Cannot roll back an instance refresh that is being rolled back.")
        if self.desired is None:
            raise Irreversible("Cannot roll back an instance refresh that has no desired configuration.")
        if not self.group.launch.version.isdigit():
            raise Irreversible("Cannot roll back: the group's launch template version is $Latest or $Default.")
        if self.group.image_by_parameter:
            raise Irreversible("Cannot roll back: the group's launch template names a parameter instead of an AMI ID.")

    def hear_alarm(self, alarm_name: str, state: str, now: float) -> list[Event]:
        """An alarm of the preferences changed: ALARM ends it, INSUFFICIENT_DATA makes it wait."""
        if alarm_name not in self.preferences.alarms or self.status not in (R.IN_PROGRESS, R.BAKING):
            return []
        if state == "ALARM":
            return self.fail(f"Alarm {alarm_name} is in ALARM state.", now)
        (self._alarms_unknown.add if state == "INSUFFICIENT_DATA" else self._alarms_unknown.discard)(alarm_name)
        return []

    def ring(self, key: tuple[str, str], now: float) -> list[Event]:
        """One of this refresh's own timers is due."""
        if key == BEGIN:
            return self.begin(now) if self.status is R.PENDING else []
        if key == STUCK:
            return self.fail(f"No progress for {STUCK_S / 60:.0f} minutes. {self.reason}".strip(), now)
        if key == BAKED:
            return self._succeed(now)
        self._checkpoints.holds = False
        self.group.timers.set(STUCK, now + STUCK_S)
        return []

    def fail(self, reason: str, now: float) -> list[Event]:
        """It did not work: roll back when asked to and possible, else end."""
        if self.rollback is not None:
            return self._become(R.ROLLBACK_FAILED, now, reason)
        if self.preferences.auto_rollback:
            return self.roll_back(reason, now)
        return self._become(R.FAILED, now, reason)

    # ---- the step

    def step(self, now: float) -> list[Event]:
        """Do what can be done now; called again until nothing more follows."""
        if self.status is R.CANCELLING:
            return self._cancelled(now)
        if self.status not in REPLACING:
            return []
        events = self._note_progress(now)
        if events or self._paused():
            return events
        return self._checkpoint(now) or self._finish(now) or self._replace(now)

    def _replace(self, now: float) -> list[Event]:
        turnover, limits = self._turnover, self._bounds()
        budget = self._checkpoints.budget(self._total, len(turnover.waiting))
        self.surge = min(limits.ceiling - limits.desired, budget)
        count = min(limits.may_terminate(turnover.ready), budget)
        self.reason = waiting_for(turnover)
        chosen = list(islice(turnover.idle.values(), budget)) or turnover.next_to_leave(count)
        events: list[Event] = []
        for one in chosen:
            events += self.group.take_out(one, f"instance refresh {self.instance_refresh_id}", now)
        return events

    def _checkpoint(self, now: float) -> list[Event]:
        percent = self._checkpoints.reach(self.percentage_complete)
        if percent is None:
            return []
        if self._checkpoints.holds:
            self.group.timers.set(CHECKPOINT, now + self.preferences.checkpoint_delay_s)
            self.group.timers.cancel(STUCK)
        elif not self._checkpoints.any_ahead and percent < 100:
            self._turnover.stop_waiting()  # a last checkpoint below 100 % is where the refresh ends
        return [
            CheckpointReached(
                group_name=self.group.name,
                instance_refresh_id=self.instance_refresh_id,
                checkpoint_percent=percent,
                delay_s=self.preferences.checkpoint_delay_s,
            )
        ]

    def _finish(self, now: float) -> list[Event]:
        roll, waiting = self.group.roll, self._turnover.waiting
        settled = self._turnover.ready == len(roll.counted) == self.group.desired_capacity
        if waiting or not settled or roll.leaving:
            self.surge = self.surge if waiting else 0
            return []
        if self.rollback is not None:
            self.percentage_complete = 0
            return self._become(R.ROLLBACK_SUCCESSFUL, now)
        if self.preferences.bake_s > 0:
            self.group.timers.cancel(STUCK)
            self.group.timers.set(BAKED, now + self.preferences.bake_s)
            return self._become(R.BAKING, now)
        return self._succeed(now)

    def _succeed(self, now: float) -> list[Event]:
        if self.desired is not None:
            self.group.launch = self.desired
        return self._become(R.SUCCESSFUL, now)

    def _cancelled(self, now: float) -> list[Event]:
        roll = self.group.roll
        moving = len(roll.available) < len(roll.instances)
        short = len(roll.counted) != self.group.desired_capacity
        if self._waits_for_transitions and (moving or short):
            return []
        return self._become(R.CANCELLED, now, self.reason)

    # ---- reading the group

    def _bounds(self) -> Bounds:
        wanted = self.preferences
        return bounds(self.group.desired_capacity, wanted.min_healthy_percent, wanted.max_healthy_percent)

    def _launched_here(self, one: Instance) -> bool:
        since = self.started_at if self.rollback is None else self.rollback.started_at
        return one.launched_at >= since and not (self._turnover and self._turnover.was_old(one))

    def _replaced(self, now: float) -> int:
        if self._turnover is None:
            return 0
        self._turnover.warm_up(now)
        return max(0, min(self._total - len(self._turnover.waiting), self._turnover.new_and_ready))

    def _paused(self) -> bool:
        if self._checkpoints.holds:
            return True
        if self._alarms_unknown:
            self.reason = f"Waiting for alarm {min(self._alarms_unknown)}, which has insufficient data."
            return True
        return bool({"InstanceRefresh", "Launch", "Terminate"} & self.group.suspended)

    # ---- telling

    def _note_progress(self, now: float) -> list[Event]:
        turnover, replaced = self._turnover, self._replaced(now)
        for instance_id, warm_at in turnover.take_fresh():
            self.group.timers.set(("warm", instance_id), warm_at)
        progress = (len(turnover.waiting), len(turnover.arrived), replaced)
        if progress == self._progress:
            return []
        self._progress = progress
        self.group.timers.set(STUCK, max(now, turnover.last_warm(now)) + STUCK_S)
        percent = 100 * replaced // self._total if self._total else 100
        if self.rollback is not None:
            percent = self.rollback.percentage_complete * (100 - percent) // 100
        if percent == self.percentage_complete:
            return []
        self.percentage_complete = percent
        return [self._changed()]

    def _become(self, status: RefreshStatus, now: float, reason: str = "") -> list[Event]:
        assert status in TRANSITIONS[self.status], f"refresh: {self.status} -> {status}"
        self.status, self.reason = status, reason
        if not TRANSITIONS[status]:
            self._left = self.instances_to_update
            self.ended_at, self.surge, self.group.roll.watcher = now, 0, None
            self._forget_timers()
            if status is R.SUCCESSFUL and not self.preferences.checkpoint_percents:
                self.percentage_complete = 100
        return [self._changed()]

    def _forget_timers(self) -> None:
        for key in TIMERS:
            self.group.timers.cancel(key)

    def _changed(self) -> RefreshChanged:
        return RefreshChanged(
            group_name=self.group.name,
            instance_refresh_id=self.instance_refresh_id,
            status=str(self.status),
            percentage_complete=self.percentage_complete,
            reason=self.reason,
        )
