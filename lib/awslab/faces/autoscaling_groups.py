"""How DescribeAutoScalingGroups and its neighbours show a group."""

from __future__ import annotations

from datetime import UTC, datetime

from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines.activities import Activity
from awslab.machines.group import Group
from awslab.machines.hooks import Hook
from awslab.machines.instances import Instance
from awslab.machines.launching import LaunchRef
from awslab.machines.managed_scaling import ManagedScaling
from awslab.machines.mix import Mix

DISTRIBUTION = {  # AWS: defaults of InstancesDistribution
    "OnDemandAllocationStrategy": "prioritized",
    "OnDemandBaseCapacity": 0,
    "OnDemandPercentageAboveBaseCapacity": 100,
    "SpotAllocationStrategy": "lowest-price",
    "SpotInstancePools": 2,
}


def utc(at: float | None) -> datetime | None:
    """Lab time as AWS answers it."""
    return None if at is None else datetime.fromtimestamp(at, UTC)


def arn(group: Group) -> str:
    """The group's ARN."""
    region = group.described["Region"]
    return f"arn:aws:autoscaling:{region}:{ACCOUNT_ID}:autoScalingGroup:lab:autoScalingGroupName/{group.name}"


def describe_launch(group: Group, ref: LaunchRef) -> dict:
    """A LaunchTemplateSpecification."""
    name = next((i.spec.launch_template_name for i in group.instances.values()), None)
    return {"LaunchTemplateId": ref.launch_template_id, "LaunchTemplateName": name, "Version": ref.version}


def describe_member(one: Instance) -> dict:
    """One of a group's Instances."""
    return {
        "InstanceId": one.instance_id,
        "InstanceType": one.spec.instance_type,
        "AvailabilityZone": one.availability_zone,
        "LifecycleState": str(one.lifecycle_state),
        "HealthStatus": one.health_status,
        "ProtectedFromScaleIn": one.protected,
        "LaunchTemplate": {
            "LaunchTemplateId": one.spec.launch_template_id,
            "LaunchTemplateName": one.spec.launch_template_name,
            "Version": one.spec.launch_template_version,
        },
    }


def describe_group(group: Group) -> dict:
    """One AutoScalingGroup."""
    kept = {field: value for field, value in group.described.items() if field not in ("Region", "MixedInstancesPolicy")}
    low, high = group.maintenance_percents or (None, None)
    policy = {"MinHealthyPercentage": low, "MaxHealthyPercentage": high} if low is not None else None
    return {
        "HealthCheckType": "EC2",
        "DefaultCooldown": 300,
        "TerminationPolicies": ["Default"],
        "LoadBalancerNames": [],
        "TargetGroupARNs": [],
        "CapacityRebalance": False,
        "ServiceLinkedRoleARN": f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/autoscaling.amazonaws.com/"
        "AWSServiceRoleForAutoScaling",
        "TrafficSources": [],
        **kept,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": arn(group),
        **_describe_source(group),
        "MinSize": group.min_size,
        "MaxSize": group.max_size,
        "DesiredCapacity": group.desired_capacity,
        "DefaultInstanceWarmup": None if group.default_warmup_s is None else int(group.default_warmup_s),
        "HealthCheckGracePeriod": int(group.health_check_grace_period_s),
        "NewInstancesProtectedFromScaleIn": group.new_instances_protected,
        "InstanceMaintenancePolicy": policy,
        "AvailabilityZones": sorted(set(group.subnets.values())),
        "VPCZoneIdentifier": ",".join(group.subnets),
        "Instances": [describe_member(one) for one in group.instances.values()],
        "CreatedTime": utc(group.created_at),
        "SuspendedProcesses": [
            {"ProcessName": p, "SuspensionReason": "User suspended"} for p in sorted(group.suspended)
        ],
        "EnabledMetrics": [{"Metric": m, "Granularity": "1Minute"} for m in sorted(group.enabled_metrics)],
        "Status": "Delete in progress" if group.being_deleted else None,
    }


def _describe_source(group: Group) -> dict:
    """What it launches: one template, or a mix by way of one."""
    launch, mixed = describe_launch(group, group.launch), group.described.get("MixedInstancesPolicy")
    if not mixed:
        return {"LaunchTemplate": launch}
    template = {**mixed["LaunchTemplate"], "LaunchTemplateSpecification": launch}
    distribution = {**DISTRIBUTION, **(mixed.get("InstancesDistribution") or {})}
    return {"MixedInstancesPolicy": {"LaunchTemplate": template, "InstancesDistribution": distribution}}


def read_mix(mixed: dict) -> tuple[dict, Mix]:
    """The launch template a MixedInstancesPolicy names, and the mix.

    Raises:
        AwsError: Weights, requirements or templates of single overrides, which are not imitated.
    """
    overrides = mixed["LaunchTemplate"].get("Overrides") or []
    if any(set(one) - {"InstanceType"} for one in overrides):
        raise AwsError("ValidationError", "The lab imitates overrides of the instance type only.")
    shares = {**DISTRIBUTION, **(mixed.get("InstancesDistribution") or {})}
    mix = Mix(
        tuple(one["InstanceType"] for one in overrides),
        int(shares["OnDemandBaseCapacity"]),
        int(shares["OnDemandPercentageAboveBaseCapacity"]),
    )
    return mixed["LaunchTemplate"]["LaunchTemplateSpecification"], mix


def describe_policy(managed: ManagedScaling, region: str) -> dict:
    """The ScalingPolicy that ECS keeps on a group."""
    (namespace, name, dimensions), target = _metric(managed), managed.settings.target_percent
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions, "Statistic": "Average"}
    scope = f"arn:aws:autoscaling:{region}:{ACCOUNT_ID}:scalingPolicy:lab:autoScalingGroupName/{managed.group.name}"
    return {
        "AutoScalingGroupName": managed.group.name,
        "PolicyName": managed.policy_name,
        "PolicyARN": f"{scope}:policyName/{managed.policy_name}",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingConfiguration": {"CustomizedMetricSpecification": metric, "TargetValue": target},
        "Alarms": [{"AlarmName": alarm.alarm_name} for alarm in managed.alarms],
        "Enabled": True,
    }


def _metric(managed: ManagedScaling) -> tuple[str, str, list[dict]]:
    key = managed.tracking.metric
    return key.namespace, key.name, [{"Name": name, "Value": value} for name, value in key.dimensions]


def describe_hook(group: Group, hook: Hook) -> dict:
    """One LifecycleHook."""
    return {
        "LifecycleHookName": hook.name,
        "AutoScalingGroupName": group.name,
        "LifecycleTransition": hook.transition,
        "HeartbeatTimeout": int(hook.heartbeat_s),
        "GlobalTimeout": int(min(172_800, 100 * hook.heartbeat_s)),
        "DefaultResult": hook.default_result,
        "NotificationTargetARN": hook.notification_target_arn or None,
        "RoleARN": hook.role_arn or None,
        "NotificationMetadata": hook.notification_metadata or None,
    }


def describe_activity(group: Group, activity: Activity) -> dict:
    """One Activity."""
    stamp = utc(activity.start_time).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "ActivityId": activity.activity_id,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": arn(group),
        "Description": activity.description,
        "Cause": f"At {stamp} {activity.cause}.",
        "StartTime": utc(activity.start_time),
        "EndTime": utc(activity.end_time),
        "StatusCode": activity.status_code,
        "StatusMessage": activity.status_message or None,
        "Progress": activity.progress,
        "Details": activity.details,
    }
