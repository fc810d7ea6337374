"""How Application Auto Scaling reads and shows targets, policies, scheduled actions and activities."""

from __future__ import annotations

from awslab.faces.autoscaling_groups import utc
from awslab.faces.cloudwatch_alarms import arn as alarm_arn
from awslab.faces.cloudwatch_alarms import seconds
from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines.load_balancer_metrics import NAMESPACE as BALANCER
from awslab.machines.metrics import MetricKey, metric_key
from awslab.machines.scalable_target import Activity, Policy, ScalableTarget, ScheduledAction
from awslab.machines.timetable import BadSchedule, Timetable
from awslab.machines.tracking import Tracking

NAMESPACE, DIMENSION = "ecs", "ecs:service:DesiredCount"
CPU, REQUESTS = "ECSServiceAverageCPUUtilization", "ALBRequestCountPerTarget"
KINDS = ("DynamicScalingIn", "DynamicScalingOut", "ScheduledScaling")


def tracking_of(given: dict, target: ScalableTarget) -> Tracking:
    """What a TargetTrackingScalingPolicyConfiguration follows.

    Raises:
        AwsError: A metric that nothing in the lab measures, or a target that is none.
    """
    predefined = given.get("PredefinedMetricSpecification") or {}
    value = float(given["TargetValue"])
    if value <= 0:
        raise _invalid("TargetValue must be positive.")
    kind = predefined.get("PredefinedMetricType")
    if kind == CPU:
        named = {"ClusterName": target.cluster_name, "ServiceName": target.service_name}
        return Tracking(metric_key("AWS/ECS", "CPUUtilization", named), "Average", value)
    if kind == REQUESTS:
        return Tracking(_requests(predefined.get("ResourceLabel") or ""), "Sum", value)
    raise _invalid(
        f"The lab imitates target tracking of {CPU} and {REQUESTS} only, not of {kind or 'a custom metric'}."
    )


def _requests(label: str) -> MetricKey:
    balancer, found, group = label.partition("/targetgroup/")
    if not found or not balancer.startswith("app/"):
        raise _invalid("ResourceLabel must be app/<name>/<id>/targetgroup/<name>/<id>.")
    return metric_key(BALANCER, "RequestCountPerTarget", {"TargetGroup": f"targetgroup/{group}"})


def read_action(wanted: dict, known: ScheduledAction | None, now: float) -> ScheduledAction:
    """A PutScheduledAction; what is not given of a known one stays.

    Raises:
        AwsError: The schedule cannot be read, or there is nothing to do.
    """
    name, schedule = wanted["ScheduledActionName"], wanted.get("Schedule")
    bounds = wanted.get("ScalableTargetAction") or {}
    if known is None and not (schedule and bounds):
        raise _invalid("Schedule and ScalableTargetAction are required.")
    try:
        zone = wanted.get("Timezone") or "UTC"
        timetable = Timetable(schedule, zone) if schedule else known.timetable
    except BadSchedule as bad:
        raise _invalid(f"Invalid schedule: {bad}") from None
    start, end = wanted.get("StartTime"), wanted.get("EndTime")
    return ScheduledAction(
        name,
        timetable,
        bounds.get("MinCapacity") if bounds else known.min_capacity,
        bounds.get("MaxCapacity") if bounds else known.max_capacity,
        known.created_at if known else now,
        start_at=seconds(start) if start else 0.0,
        end_at=seconds(end) if end else float("inf"),
    )


def describe_target(target: ScalableTarget) -> dict:
    """One ScalableTarget."""
    service = "ecs.application-autoscaling.amazonaws.com"
    role = f"aws-service-role/{service}/AWSServiceRoleForApplicationAutoScaling_ECSService"
    return {
        **_whose(target),
        "ScalableTargetARN": target.described["ARN"],
        "MinCapacity": target.min_capacity,
        "MaxCapacity": target.max_capacity,
        "RoleARN": f"arn:aws:iam::{ACCOUNT_ID}:role/{role}",
        "CreationTime": utc(target.described["CreatedAt"]),
        "SuspendedState": {f"{kind}Suspended": kind in target.suspended for kind in KINDS},
    }


def describe_policy(target: ScalableTarget, policy: Policy, region: str) -> dict:
    """One ScalingPolicy."""
    return {
        **_whose(target),
        "PolicyName": policy.policy_name,
        "PolicyARN": policy.policy_arn,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": policy.described,
        "Alarms": [{"AlarmName": a.alarm_name, "AlarmARN": alarm_arn(a, region)} for a in policy.alarms],
        "CreationTime": utc(policy.created_at),
    }


def describe_action(target: ScalableTarget, action: ScheduledAction, region: str) -> dict:
    """One ScheduledAction."""
    bounds = {"MinCapacity": action.min_capacity, "MaxCapacity": action.max_capacity}
    scope = f"arn:aws:autoscaling:{region}:{ACCOUNT_ID}:scheduledAction:lab:resource/{NAMESPACE}/{target.resource_id}"
    return {
        **_whose(target),
        "ScheduledActionName": action.action_name,
        "ScheduledActionARN": f"{scope}:scheduledActionName/{action.action_name}",
        "Schedule": action.timetable.expression,
        "Timezone": action.timetable.timezone,
        "StartTime": utc(action.start_at or None),
        "EndTime": utc(None if action.end_at == float("inf") else action.end_at),
        "ScalableTargetAction": {name: bound for name, bound in bounds.items() if bound is not None},
        "CreationTime": utc(action.created_at),
    }


def describe_activity(target: ScalableTarget, activity: Activity) -> dict:
    """One ScalingActivity."""
    return {
        **_whose(target),
        "ActivityId": activity.activity_id,
        "Description": f"Setting desired count to {activity.desired_count}.",
        "Cause": activity.cause,
        "StartTime": utc(activity.at),
        "EndTime": utc(activity.at),
        "StatusCode": "Successful",
        "StatusMessage": f"Successfully set desired count to {activity.desired_count}.",
    }


def _whose(target: ScalableTarget) -> dict:
    return {"ServiceNamespace": NAMESPACE, "ResourceId": target.resource_id, "ScalableDimension": DIMENSION}


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
