"""Instance refresh as DescribeInstanceRefreshes and its three verbs speak of it."""

from __future__ import annotations

from moto.core.responses import ActionResult

from awslab.faces.autoscaling_groups import describe_launch, utc
from awslab.faces.inventory import AwsError
from awslab.machines.alarms import Alarm
from awslab.machines.group import Group
from awslab.machines.group_commands import NoActiveRefresh, RefreshInProgress
from awslab.machines.launching import LaunchRefused
from awslab.machines.preferences import Invalid, Preferences
from awslab.machines.refresh import Irreversible, Refresh

KEPT_S = 6 * 7 * 86_400  # describe returns the refreshes of the previous six weeks


class InstanceRefreshActions:
    """Start, cancel, roll back and describe."""

    def start_instance_refresh(self) -> ActionResult:
        """StartInstanceRefresh (Rolling only)."""
        group, wanted = self._group(), self.params
        if wanted.get("Strategy", "Rolling") != "Rolling":
            raise AwsError("ValidationError", "The lab imitates the Rolling strategy only.")
        configuration = wanted.get("DesiredConfiguration") or {}
        if configuration.get("MixedInstancesPolicy"):
            raise AwsError("ValidationError", "The lab does not imitate MixedInstancesPolicy.")
        template = configuration.get("LaunchTemplate")
        if template and group.mix is not None:
            raise AwsError("ValidationError", "The group has a MixedInstancesPolicy: LaunchTemplate cannot be desired.")
        desired = self._launch_ref(template) if template else None
        try:
            preferences = _preferences(wanted.get("Preferences") or {}, group)
            refresh_id, events = group.start_refresh(preferences, desired, self._alarm_state, self.world.now)
        except RefreshInProgress:
            raise AwsError(
                "InstanceRefreshInProgress",
                "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
            ) from None
        except (Invalid, LaunchRefused) as refused:
            raise AwsError("ValidationError", str(refused)) from None
        self.world.tell(events)
        return ActionResult({"InstanceRefreshId": refresh_id})

    def cancel_instance_refresh(self) -> ActionResult:
        """CancelInstanceRefresh."""
        wait = self.params.get("WaitForTransitioningInstances", True)
        return self._turn(lambda group: group.cancel_refresh(wait, self.world.now))

    def rollback_instance_refresh(self) -> ActionResult:
        """RollbackInstanceRefresh: the same id goes on, backwards."""
        return self._turn(lambda group: group.roll_back_refresh(self.world.now))

    def _turn(self, command) -> ActionResult:
        try:
            refresh_id, events = command(self._group())
        except NoActiveRefresh:
            message = "There is no active instance refresh for the Auto Scaling group."
            raise AwsError("ActiveInstanceRefreshNotFound", message) from None
        except Irreversible as refused:
            raise AwsError("IrreversibleInstanceRefresh", str(refused)) from None
        self.world.tell(events)
        return ActionResult({"InstanceRefreshId": refresh_id})

    def describe_instance_refreshes(self) -> ActionResult:
        """DescribeInstanceRefreshes, newest first."""
        group, ids = self._group(), self.params.get("InstanceRefreshIds") or []
        rows = [
            describe_refresh(group, r)
            for r in group.refreshes
            if (not ids or r.instance_refresh_id in ids) and self.world.now - r.started_at < KEPT_S
        ]
        page, token = self._page(rows)
        return ActionResult({"InstanceRefreshes": page, "NextToken": token})

    def _alarm_state(self, alarm_name: str) -> str | None:
        return next((alarm.state for alarm in self.world.of(Alarm) if alarm.alarm_name == alarm_name), None)


def _preferences(wanted: dict, group: Group) -> Preferences:
    """Apply AWS's defaults: the request's, else the group's maintenance policy, else 90 % and no maximum."""
    low, high = group.maintenance_percents or (90, None)
    sent_max = wanted.get("MaxHealthyPercentage")
    if sent_max is not None and "MinHealthyPercentage" not in wanted:
        raise Invalid("MinHealthyPercentage must be specified when MaxHealthyPercentage is.")
    if "CheckpointDelay" in wanted and not wanted.get("CheckpointPercentages"):
        raise Invalid("CheckpointDelay cannot be specified without CheckpointPercentages.")
    if "MinHealthyPercentage" in wanted:
        low, high = wanted["MinHealthyPercentage"], sent_max
    warmup = group.health_check_grace_period_s if group.default_warmup_s is None else group.default_warmup_s
    return Preferences(
        min_healthy_percent=int(low),
        max_healthy_percent=None if high is None else int(high),
        warmup_s=float(wanted.get("InstanceWarmup", warmup)),
        checkpoint_percents=tuple(wanted.get("CheckpointPercentages") or ()),
        checkpoint_delay_s=float(wanted.get("CheckpointDelay", 3600)),
        skip_matching=bool(wanted.get("SkipMatching", False)),
        auto_rollback=bool(wanted.get("AutoRollback", False)),
        scale_in_protected_instances=wanted.get("ScaleInProtectedInstances", "Wait"),
        standby_instances=wanted.get("StandbyInstances", "Wait"),
        alarms=tuple((wanted.get("AlarmSpecification") or {}).get("Alarms") or ()),
        bake_s=float(wanted.get("BakeTime", 0)),
    )


def describe_refresh(group: Group, refresh: Refresh) -> dict:
    """One InstanceRefresh."""
    rollback = refresh.rollback
    return {
        "InstanceRefreshId": refresh.instance_refresh_id,
        "AutoScalingGroupName": group.name,
        "Status": str(refresh.status),
        "StatusReason": refresh.reason or None,
        "StartTime": utc(refresh.started_at),
        "EndTime": utc(refresh.ended_at),
        "PercentageComplete": refresh.percentage_complete,
        "InstancesToUpdate": refresh.instances_to_update,
        "ProgressDetails": {
            "LivePoolProgress": {
                "PercentageComplete": refresh.percentage_complete,
                "InstancesToUpdate": refresh.instances_to_update,
            }
        },
        "Preferences": _describe_preferences(refresh.preferences),
        "DesiredConfiguration": (
            {"LaunchTemplate": describe_launch(group, refresh.desired)} if refresh.desired is not None else None
        ),
        "RollbackDetails": rollback
        and {
            "RollbackReason": rollback.reason,
            "RollbackStartTime": utc(rollback.started_at),
            "PercentageCompleteOnRollback": rollback.percentage_complete,
            "InstancesToUpdateOnRollback": rollback.instances_to_update,
        },
        "Strategy": "Rolling",
    }


def _describe_preferences(p: Preferences) -> dict:
    return {
        "MinHealthyPercentage": p.min_healthy_percent,
        "MaxHealthyPercentage": p.max_healthy_percent,
        "InstanceWarmup": int(p.warmup_s),
        "CheckpointPercentages": list(p.checkpoint_percents) or None,
        "CheckpointDelay": int(p.checkpoint_delay_s) if p.checkpoint_percents else None,
        "SkipMatching": p.skip_matching,
        "AutoRollback": p.auto_rollback,
        "ScaleInProtectedInstances": p.scale_in_protected_instances,
        "StandbyInstances": p.standby_instances,
        "AlarmSpecification": {"Alarms": list(p.alarms)} if p.alarms else None,
        "BakeTime": int(p.bake_s) if p.bake_s else None,
    }
