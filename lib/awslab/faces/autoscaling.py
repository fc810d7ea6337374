"""Auto Scaling: groups, instances, lifecycle hooks, activities. Refreshes are in `instance_refresh`."""

from __future__ import annotations

from dataclasses import replace

from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.ec2.models import ec2_backends

from awslab.faces import ec2
from awslab.faces.autoscaling_groups import (
    describe_activity,
    describe_group,
    describe_hook,
    describe_member,
    describe_policy,
    read_mix,
)
from awslab.faces.instance_refresh import InstanceRefreshActions
from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines.group import Group, LaunchRef, LaunchRefused
from awslab.machines.hooks import HEARTBEAT_S, Hook
from awslab.machines.managed_scaling import ManagedScaling
from awslab.machines.mix import Mix
from awslab.machines.preferences import Invalid
from awslab.world import World

MAX_RECORDS = 100
NOT_IMITATED = (  # nothing here would act on them
    "LaunchConfigurationName",
    "InstanceId",
    "LoadBalancerNames",
    "TargetGroupARNs",
    "TrafficSources",
)


class Face(InstanceRefreshActions, BaseResponse):
    """Every Auto Scaling action the lab imitates; any other is answered 501."""

    signing_name = "autoscaling"
    world: World

    def __init__(self) -> None:
        super().__init__(service_name="autoscaling")
        self.automated_parameter_parsing = True

    # ---- groups

    def create_auto_scaling_group(self) -> ActionResult:
        """CreateAutoScalingGroup with a launch template and subnets; classic load balancers are not imitated."""
        wanted = self.params
        name = wanted["AutoScalingGroupName"]
        if any(g.name == name and not g.deleted for g in self._groups()):
            raise AwsError("AlreadyExists", f"AutoScalingGroup by this name already exists - {name}")
        _check_imitated(wanted)
        low, high = int(wanted["MinSize"]), int(wanted["MaxSize"])
        desired = int(wanted.get("DesiredCapacity", low))
        if not low <= desired <= high:
            raise _invalid(
                f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
            )
        mixed = wanted.get("MixedInstancesPolicy")
        named, mix = read_mix(mixed) if mixed else (wanted.get("LaunchTemplate"), None)
        group = Group(
            name,
            rng=self.world.random(f"group:{name}"),
            resolve=lambda ref: ec2.resolve(ref, self.region),
            subnets=self._subnets(wanted),
            launch=self._launch_ref(named),
            desired_capacity=desired,
            min_size=low,
            max_size=high,
            now=self.world.now,
        )
        group.described = {"Tags": [], "Region": self.region}
        self._mix(group, mixed, mix)
        self._configure(group, wanted)
        for hook in wanted.get("LifecycleHookSpecificationList", []):
            group.put_hook(_hook(hook))
        self._tag(group, wanted.get("Tags", []))
        self.world.add(group)
        return EmptyResult()

    def update_auto_scaling_group(self) -> ActionResult:
        """UpdateAutoScalingGroup."""
        group, wanted = self._group(), self.params
        _check_imitated(wanted)
        mixed = wanted.get("MixedInstancesPolicy")
        named, mix = read_mix(mixed) if mixed else (wanted.get("LaunchTemplate"), None)
        if named:
            if group.refresh is not None and group.refresh.desired is not None:
                raise _invalid(
                    "An active instance refresh with a desired configuration exists. All configuration options derived "
                    "from the desired configuration are not available for update while the instance refresh is active."
                )
            group.launch = self._launch_ref(named)
            self._mix(group, mixed, mix)
        if wanted.get("VPCZoneIdentifier"):
            group.subnets = self._subnets(wanted)
        self._configure(group, wanted)
        try:
            events = group.resize(
                self.world.now,
                desired=wanted.get("DesiredCapacity"),
                low=wanted.get("MinSize"),
                high=wanted.get("MaxSize"),
            )
        except Invalid as refused:
            raise _invalid(str(refused)) from None
        self.world.tell(events)
        return EmptyResult()

    def _mix(self, group: Group, mixed: dict | None, mix: Mix | None) -> None:
        """Take a mixed instances policy over, or none."""
        for instance_type in mix.instance_types if mix else ():
            self._check_launch(replace(group.launch, instance_type=instance_type))
        group.mix, group.described["MixedInstancesPolicy"] = mix, mixed

    def delete_auto_scaling_group(self) -> ActionResult:
        """DeleteAutoScalingGroup; without ForceDelete only an empty group."""
        group = self._group()
        if group.instances and not self.params.get("ForceDelete"):
            raise AwsError(
                "ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances still in the group."
            )
        self.world.tell(group.delete(self.world.now))
        return EmptyResult()

    def describe_auto_scaling_groups(self) -> ActionResult:
        """DescribeAutoScalingGroups, by name or all, a page at a time."""
        names = self.params.get("AutoScalingGroupNames") or []
        groups = [g for g in self._groups() if not names or g.name in names]
        page, token = self._page(groups)
        return ActionResult({"AutoScalingGroups": [describe_group(g) for g in page], "NextToken": token})

    def set_desired_capacity(self) -> ActionResult:
        """SetDesiredCapacity."""
        group = self._group()
        try:
            self.world.tell(group.resize(self.world.now, desired=int(self.params["DesiredCapacity"])))
        except Invalid as refused:
            raise _invalid(str(refused)) from None
        return EmptyResult()

    def _configure(self, group: Group, wanted: dict) -> None:
        """Take over what the machine needs to know; keep the rest for describing."""
        if "DefaultInstanceWarmup" in wanted:
            warmup = int(wanted["DefaultInstanceWarmup"])
            group.default_warmup_s = None if warmup < 0 else float(warmup)
        if "HealthCheckGracePeriod" in wanted:
            group.health_check_grace_period_s = float(wanted["HealthCheckGracePeriod"])
        if "CapacityRebalance" in wanted:
            group.rebalances = bool(wanted["CapacityRebalance"])
        if "NewInstancesProtectedFromScaleIn" in wanted:
            group.new_instances_protected = bool(wanted["NewInstancesProtectedFromScaleIn"])
        if policy := wanted.get("InstanceMaintenancePolicy"):
            low, high = policy.get("MinHealthyPercentage", -1), policy.get("MaxHealthyPercentage", -1)
            group.maintenance_percents = None if low < 0 or high < 0 else (low, high)
        kept = (
            "DefaultCooldown",
            "HealthCheckType",
            "TerminationPolicies",
            "CapacityRebalance",
            "MaxInstanceLifetime",
            "ServiceLinkedRoleARN",
            "PlacementGroup",
            "DesiredCapacityType",
            "AvailabilityZoneDistribution",
            "Context",
        )
        group.described.update({field: wanted[field] for field in kept if field in wanted})

    # ---- instances

    def describe_auto_scaling_instances(self) -> ActionResult:
        """DescribeAutoScalingInstances."""
        wanted = self.params.get("InstanceIds") or []
        rows = [
            {**describe_member(one), "AutoScalingGroupName": g.name}
            for g in self._groups()
            for one in g.instances.values()
            if not wanted or one.instance_id in wanted
        ]
        page, token = self._page(rows)
        return ActionResult({"AutoScalingInstances": page, "NextToken": token})

    def terminate_instance_in_auto_scaling_group(self) -> ActionResult:
        """TerminateInstanceInAutoScalingGroup."""
        instance_id = self.params["InstanceId"]
        group = self._group_of(instance_id)
        decrement = bool(self.params["ShouldDecrementDesiredCapacity"])
        self.world.tell(group.terminate(instance_id, decrement, self.world.now))
        return ActionResult({"Activity": describe_activity(group, group.activities.newest_first[0])})

    def set_instance_health(self) -> ActionResult:
        """SetInstanceHealth."""
        instance_id = self.params["InstanceId"]
        group = self._group_of(instance_id)
        self.world.tell(group.set_health(instance_id, self.params["HealthStatus"], self.world.now))
        return EmptyResult()

    def set_instance_protection(self) -> ActionResult:
        """SetInstanceProtection."""
        group, ids = self._group(), self._members(self._group())
        self.world.tell(group.set_protection(ids, bool(self.params["ProtectedFromScaleIn"]), self.world.now))
        return EmptyResult()

    def enter_standby(self) -> ActionResult:
        """EnterStandby."""
        group, ids = self._group(), self._members(self._group())
        decrement = bool(self.params["ShouldDecrementDesiredCapacity"])
        self.world.tell(group.stand_by(ids, decrement, self.world.now))
        return ActionResult({"Activities": []})

    def exit_standby(self) -> ActionResult:
        """ExitStandby."""
        group, ids = self._group(), self._members(self._group())
        self.world.tell(group.exit_standby(ids, self.world.now))
        return ActionResult({"Activities": []})

    # ---- lifecycle hooks

    def put_lifecycle_hook(self) -> ActionResult:
        """PutLifecycleHook."""
        self._group().put_hook(_hook(self.params))
        return EmptyResult()

    def describe_lifecycle_hooks(self) -> ActionResult:
        """DescribeLifecycleHooks."""
        group, names = self._group(), self.params.get("LifecycleHookNames") or []
        hooks = [describe_hook(group, h) for h in group.hooks.values() if not names or h.name in names]
        return ActionResult({"LifecycleHooks": hooks})

    def delete_lifecycle_hook(self) -> ActionResult:
        """DeleteLifecycleHook; instances that wait for it go on waiting for their heartbeat."""
        self._group().hooks.pop(self.params["LifecycleHookName"], None)
        return EmptyResult()

    def complete_lifecycle_action(self) -> ActionResult:
        """CompleteLifecycleAction by instance id or token."""
        result = self.params["LifecycleActionResult"]
        if result not in ("CONTINUE", "ABANDON"):
            raise _invalid(f"{result} is not a valid LifecycleActionResult: CONTINUE or ABANDON.")
        group, instance_id = self._waiting()
        self.world.tell(group.complete_hook(instance_id, self.params["LifecycleHookName"], result, self.world.now))
        return EmptyResult()

    def record_lifecycle_action_heartbeat(self) -> ActionResult:
        """RecordLifecycleActionHeartbeat."""
        group, instance_id = self._waiting()
        group.heartbeat(instance_id, self.params["LifecycleHookName"], self.world.now)
        return EmptyResult()

    def _waiting(self) -> tuple[Group, str]:
        group, hook_name, token = (
            self._group(),
            self.params["LifecycleHookName"],
            self.params.get("LifecycleActionToken"),
        )
        for one in group.instances.values():
            wait = one.hooks.get(hook_name)
            if wait and (one.instance_id == self.params.get("InstanceId") or wait.token == token):
                return group, one.instance_id
        raise _invalid(f"No active Lifecycle Action found with instance ID {self.params.get('InstanceId') or token}")

    # ---- processes, activities, metrics, tags

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

    # ---- finding things

    def _groups(self) -> list[Group]:
        groups = self.world.of(Group)
        for group in [g for g in groups if g.deleted]:
            self.world.remove(group)
        return [g for g in groups if not g.deleted]

    def _named(self, name: str) -> Group:
        found = next((g for g in self._groups() if g.name == name), None)
        if found is None:
            raise _invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        return found

    def _group(self) -> Group:
        return self._named(self.params["AutoScalingGroupName"])

    def _group_of(self, instance_id: str) -> Group:
        found = next((g for g in self._groups() if instance_id in g.instances), None)
        if found is None:
            raise _invalid(f"Instance Id not found - No managed instance found for instance ID {instance_id}")
        return found

    def _members(self, group: Group) -> list[str]:
        ids = self.params.get("InstanceIds") or []
        for instance_id in ids:
            if instance_id not in group.instances:
                raise _invalid(f"The instance {instance_id} is not part of Auto Scaling group {group.name}.")
        return ids

    def _subnets(self, wanted: dict) -> dict[str, str]:
        backend = ec2_backends[ACCOUNT_ID][self.region]
        ids = [s.strip() for s in (wanted.get("VPCZoneIdentifier") or "").split(",") if s.strip()]
        if not ids:
            raise _invalid("You must use a valid fully-formed launch template. The lab needs VPCZoneIdentifier.")
        return {i: backend.get_subnet(i).availability_zone for i in ids}

    def _launch_ref(self, wanted: dict | None) -> LaunchRef:
        if not wanted:
            raise _invalid("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId")
        backend = ec2_backends[ACCOUNT_ID][self.region]
        if not (template_id := wanted.get("LaunchTemplateId")):
            template_id = backend.get_launch_template_by_name(wanted["LaunchTemplateName"]).id
        return self._check_launch(LaunchRef(template_id, str(wanted.get("Version") or "$Default")))

    def _check_launch(self, ref: LaunchRef) -> LaunchRef:
        try:
            ec2.resolve(ref, self.region)
        except LaunchRefused as refused:
            message = f"You must use a valid fully-formed launch template. {refused}"
            raise _invalid(message) from None
        return ref

    def _page(self, rows: list) -> tuple[list, str | None]:
        start = int(self.params.get("NextToken") or 0)
        size = min(int(self.params.get("MaxRecords") or 50), MAX_RECORDS)
        return rows[start : start + size], str(start + size) if start + size < len(rows) else None


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


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _check_imitated(wanted: dict) -> None:
    for field in NOT_IMITATED:
        if wanted.get(field):
            raise _invalid(f"The lab does not imitate {field} of a group.")


def _hook(wanted: dict) -> Hook:
    heartbeat_s = float(wanted.get("HeartbeatTimeout") or HEARTBEAT_S)
    if not 30 <= heartbeat_s <= 7200:
        raise _invalid("HeartbeatTimeout must be between 30 and 7200 seconds.")
    return Hook(
        wanted["LifecycleHookName"],
        wanted["LifecycleTransition"],
        heartbeat_s,
        wanted.get("DefaultResult") or "ABANDON",
        wanted.get("NotificationTargetARN") or "",
        wanted.get("RoleARN") or "",
        wanted.get("NotificationMetadata") or "",
    )
