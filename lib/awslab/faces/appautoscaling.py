"""Application Auto Scaling of ECS services: scalable targets, target tracking, scheduled actions, activities."""

from __future__ import annotations

from functools import partial

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from awslab.faces.appautoscaling_shapes import (
    DIMENSION,
    NAMESPACE,
    describe_action,
    describe_activity,
    describe_policy,
    describe_target,
    read_action,
    tracking_of,
)
from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines.cluster import Cluster
from awslab.machines.machine import new_uuid
from awslab.machines.publisher import Publisher
from awslab.machines.scalable_target import COOLDOWN_S, Policy, ScalableTarget
from awslab.machines.tracking import alarm_pair
from awslab.world import World

PAGE = 50  # AWS: MaxResults 1-50


class Face(BaseResponse):
    """Application Auto Scaling."""

    signing_name = "application-autoscaling"
    world: World

    def __init__(self) -> None:
        super().__init__(service_name="application-autoscaling")
        self.automated_parameter_parsing = True

    # ---- scalable targets

    def register_scalable_target(self) -> ActionResult:
        """RegisterScalableTarget: make one, or change what is given of one."""
        wanted = self.params
        target = self._find() or self._new_target()
        low = wanted.get("MinCapacity", target.min_capacity)
        high = wanted.get("MaxCapacity", target.max_capacity)
        if not 0 <= low <= high:
            raise _invalid("Maximum capacity cannot be less than minimum capacity")
        target.min_capacity, target.max_capacity = int(low), int(high)
        if state := wanted.get("SuspendedState"):
            target.suspended = frozenset(name.removesuffix("Suspended") for name, yes in state.items() if yes)
        target.described["Tags"].update(wanted.get("Tags") or {})
        if target not in self.world.machines:
            self.world.add(target)
        return ActionResult({"ScalableTargetARN": target.described["ARN"]})

    def deregister_scalable_target(self) -> ActionResult:
        """DeregisterScalableTarget; its policies and scheduled actions go with it."""
        target = self._target()
        for policy in list(target.policies.values()):
            self._drop(target, policy)
        self.world.remove(target)
        return EmptyResult()

    def describe_scalable_targets(self) -> ActionResult:
        """DescribeScalableTargets of ECS services, by resource or all."""
        ids = self.params.get("ResourceIds") or []
        found = [target for target in self._targets() if not ids or target.resource_id in ids]
        return self._page("ScalableTargets", [describe_target(target) for target in found])

    # ---- policies

    def put_scaling_policy(self) -> ActionResult:
        """PutScalingPolicy of target tracking; one of that name is replaced, with its alarms."""
        target, wanted = self._target(), self.params
        name, given = wanted["PolicyName"], wanted.get("TargetTrackingScalingPolicyConfiguration")
        if wanted.get("PolicyType", "StepScaling") != "TargetTrackingScaling" or not given:
            raise _invalid("The lab imitates scaling policies of the type TargetTrackingScaling only.")
        known, now = target.policies.get(name), self.world.now
        arn = known.policy_arn if known else self._policy_arn(target, name)
        tracking = tracking_of(given, target)
        metrics, rng = self.world.of(Publisher)[0].metrics, target.rng
        policy = Policy(
            name,
            arn,
            tracking,
            alarm_pair(target.resource_id, arn, tracking, metrics, rng, now),
            known.created_at if known else now,
            scale_in=not given.get("DisableScaleIn"),
            scale_in_cooldown_s=float(given.get("ScaleInCooldown", COOLDOWN_S)),
            scale_out_cooldown_s=float(given.get("ScaleOutCooldown", COOLDOWN_S)),
            described=given,
        )
        if known:
            self._drop(target, known)
        target.policies[name] = policy
        for alarm in policy.alarms:
            self.world.add(alarm)
        return ActionResult({"PolicyARN": arn, "Alarms": describe_policy(target, policy, self.region)["Alarms"]})

    def delete_scaling_policy(self) -> ActionResult:
        """DeleteScalingPolicy; its alarms go with it."""
        target = self._target()
        policy = target.policies.get(self.params["PolicyName"])
        if policy is None:
            raise _not_found("scaling policy", self.params)
        self._drop(target, policy)
        return EmptyResult()

    def describe_scaling_policies(self) -> ActionResult:
        """DescribeScalingPolicies, by resource, by name or all."""
        names = self.params.get("PolicyNames") or []
        rows = [
            describe_policy(target, policy, self.region)
            for target in self._targets(self.params.get("ResourceId"))
            for policy in target.policies.values()
            if not names or policy.policy_name in names
        ]
        return self._page("ScalingPolicies", rows)

    def _drop(self, target: ScalableTarget, policy: Policy) -> None:
        del target.policies[policy.policy_name]
        for alarm in policy.alarms:
            if alarm in self.world.machines:  # somebody may have deleted it by hand
                self.world.remove(alarm)

    # ---- scheduled actions

    def put_scheduled_action(self) -> ActionResult:
        """PutScheduledAction: add one, or replace that of the name."""
        target = self._target()
        known = target.actions.get(self.params["ScheduledActionName"])
        target.put_action(read_action(self.params, known, self.world.now), self.world.now)
        return EmptyResult()

    def delete_scheduled_action(self) -> ActionResult:
        """DeleteScheduledAction."""
        target = self._target()
        if self.params["ScheduledActionName"] not in target.actions:
            raise _not_found("scheduled action", self.params)
        target.delete_action(self.params["ScheduledActionName"])
        return EmptyResult()

    def describe_scheduled_actions(self) -> ActionResult:
        """DescribeScheduledActions, by resource, by name or all."""
        names = self.params.get("ScheduledActionNames") or []
        rows = [
            describe_action(target, action, self.region)
            for target in self._targets(self.params.get("ResourceId"))
            for action in target.actions.values()
            if not names or action.action_name in names
        ]
        return self._page("ScheduledActions", rows)

    def describe_scaling_activities(self) -> ActionResult:
        """DescribeScalingActivities, newest first."""
        found = self._targets(self.params.get("ResourceId"))
        return self._page("ScalingActivities", [describe_activity(t, a) for t in found for a in t.activities])

    # ---- tags

    def list_tags_for_resource(self) -> ActionResult:
        """ListTagsForResource."""
        return ActionResult({"Tags": self._tags()})

    def tag_resource(self) -> ActionResult:
        """TagResource."""
        self._tags().update(self.params["Tags"])
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """UntagResource."""
        tags = self._tags()
        for key in self.params["TagKeys"]:
            tags.pop(key, None)
        return EmptyResult()

    def _tags(self) -> dict[str, str]:
        wanted = self.params["ResourceARN"]
        for target in self._targets():
            if target.described["ARN"] == wanted:
                return target.described["Tags"]
        raise AwsError("ResourceNotFoundException", f"ResourceARN {wanted} not found.")

    # ---- finding things

    def _targets(self, resource_id: str | None = None) -> list[ScalableTarget]:
        if self.params.get("ServiceNamespace", NAMESPACE) != NAMESPACE:
            return []
        return [t for t in self.world.of(ScalableTarget) if resource_id in (None, t.resource_id)]

    def _find(self) -> ScalableTarget | None:
        wanted = self.params
        if (wanted["ServiceNamespace"], wanted["ScalableDimension"]) != (NAMESPACE, DIMENSION):
            raise _invalid("The lab imitates scaling of the desired count of ECS services only.")
        return next(iter(self._targets(wanted["ResourceId"])), None)

    def _target(self) -> ScalableTarget:
        target = self._find()
        if target is None:
            raise _not_found("scalable target", self.params)
        return target

    def _new_target(self) -> ScalableTarget:
        resource_id = self.params["ResourceId"]
        kind, cluster_name, service_name = ([*resource_id.split("/"), "", ""])[:3]
        desired_of = partial(_desired_count, self.world, cluster_name, service_name)
        if kind != "service" or desired_of() is None:
            raise _invalid(f"ECS service doesn't exist: {resource_id}")
        rng, metrics = self.world.random(f"scaling:{resource_id}"), self.world.of(Publisher)[0].metrics
        target = ScalableTarget(cluster_name, service_name, desired_of, metrics, rng)
        arn = f"arn:aws:application-autoscaling:{self.region}:{ACCOUNT_ID}:scalable-target/{new_uuid(rng)}"
        target.described = {"ARN": arn, "Tags": {}, "CreatedAt": self.world.now}
        return target

    def _policy_arn(self, target: ScalableTarget, name: str) -> str:
        scope = f"arn:aws:autoscaling:{self.region}:{ACCOUNT_ID}:scalingPolicy:{new_uuid(target.rng)}"
        return f"{scope}:resource/{NAMESPACE}/{target.resource_id}:policyName/{name}"

    def _page(self, field: str, rows: list[dict]) -> ActionResult:
        start, size = int(self.params.get("NextToken") or 0), int(self.params.get("MaxResults") or PAGE)
        more = str(start + size) if start + size < len(rows) else None
        return ActionResult({field: rows[start : start + size], "NextToken": more})


def _desired_count(world: World, cluster_name: str, service_name: str) -> int | None:
    for cluster in world.of(Cluster):
        service = cluster.services.get(service_name)
        if cluster.cluster_name == cluster_name and service is not None and service.status == "ACTIVE":
            return service.desired_count
    return None


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _not_found(what: str, wanted: dict) -> AwsError:
    where = f"service namespace: {wanted['ServiceNamespace']}, resource ID: {wanted['ResourceId']}"
    message = f"No {what} found for {where}, scalable dimension: {wanted['ScalableDimension']}"
    return AwsError("ObjectNotFoundException", message)
