"""What is set on a group and told of it: processes, activities, metrics, tags, policies."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from awslab.faces.autoscaling_groups import describe_activity, describe_policy
from awslab.faces.autoscaling_lookup import Lookup
from awslab.machines.group import Group
from awslab.machines.managed_scaling import ManagedScaling

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
METRICS = (
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
)


class SettingActions(Lookup):
    """Suspend and resume, enable and disable, tag; describe."""

    def suspend_processes(self) -> ActionResult:
        """SuspendProcesses; no names means all."""
        self.world.tell(self._group().suspend(self.params.get("ScalingProcesses") or PROCESSES, self.world.now))
        return EmptyResult()

    def resume_processes(self) -> ActionResult:
        """ResumeProcesses; no names means all."""
        self.world.tell(self._group().resume(self.params.get("ScalingProcesses") or PROCESSES, self.world.now))
        return EmptyResult()

    def describe_scaling_activities(self) -> ActionResult:
        """DescribeScalingActivities, newest first."""
        name, ids = self.params.get("AutoScalingGroupName"), self.params.get("ActivityIds") or []
        found = [
            (g, a)
            for g in self._groups()
            for a in g.activities.newest_first
            if (not name or g.name == name) and (not ids or a.activity_id in ids)
        ]
        page, token = self._page(found)
        return ActionResult({"Activities": [describe_activity(g, a) for g, a in page], "NextToken": token})

    def enable_metrics_collection(self) -> ActionResult:
        """EnableMetricsCollection; no names means all."""
        self._group().enabled_metrics |= set(self.params.get("Metrics") or METRICS)
        return EmptyResult()

    def disable_metrics_collection(self) -> ActionResult:
        """DisableMetricsCollection; no names means all."""
        self._group().enabled_metrics -= set(self.params.get("Metrics") or METRICS)
        return EmptyResult()

    def create_or_update_tags(self) -> ActionResult:
        """CreateOrUpdateTags."""
        for tag in self.params.get("Tags", []):
            self._tag(self._named(tag["ResourceId"]), [tag])
        return EmptyResult()

    def delete_tags(self) -> ActionResult:
        """DeleteTags."""
        for tag in self.params.get("Tags", []):
            group = self._named(tag["ResourceId"])
            group.described["Tags"] = [t for t in group.described["Tags"] if t["Key"] != tag["Key"]]
        return EmptyResult()

    def describe_tags(self) -> ActionResult:
        """DescribeTags of all groups; filters by group and key."""
        filters = {f["Name"]: f["Values"] for f in self.params.get("Filters") or []}
        rows = [tag for g in self._groups() for tag in g.described["Tags"]]
        rows = [t for t in rows if t["ResourceId"] in filters.get("auto-scaling-group", [t["ResourceId"]])]
        rows = [t for t in rows if t["Key"] in filters.get("key", [t["Key"]])]
        page, token = self._page(rows)
        return ActionResult({"Tags": page, "NextToken": token})

    def _tag(self, group: Group, tags: list[dict]) -> None:
        for tag in tags:
            kept = [t for t in group.described["Tags"] if t["Key"] != tag["Key"]]
            whole = {
                "ResourceId": group.name,
                "ResourceType": "auto-scaling-group",
                "Key": tag["Key"],
                "Value": tag.get("Value", ""),
                "PropagateAtLaunch": bool(tag.get("PropagateAtLaunch", False)),
            }
            group.described["Tags"] = [*kept, whole]

    def describe_policies(self) -> ActionResult:
        """DescribePolicies: those that ECS keeps on the groups of its capacity providers."""
        name = self.params.get("AutoScalingGroupName")
        found = [one for one in self.world.of(ManagedScaling) if name in (None, one.group.name)]
        return ActionResult({"ScalingPolicies": [describe_policy(one, self.region) for one in found]})
