"""Auto Scaling's instances one by one, and the lifecycle hooks they wait for."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from awslab.faces.autoscaling_groups import describe_activity, describe_hook, describe_member
from awslab.faces.autoscaling_lookup import Lookup, invalid
from awslab.machines.group import Group
from awslab.machines.hooks import HEARTBEAT_S, Hook


class InstanceActions(Lookup):
    """Describe, terminate, set health and protection, standby; hooks and their answers."""

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

    def put_lifecycle_hook(self) -> ActionResult:
        """PutLifecycleHook."""
        self._group().put_hook(read_hook(self.params))
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
            raise invalid(f"{result} is not a valid LifecycleActionResult: CONTINUE or ABANDON.")
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
        raise invalid(f"No active Lifecycle Action found with instance ID {self.params.get('InstanceId') or token}")


def read_hook(wanted: dict) -> Hook:
    """A hook as a request describes it."""
    heartbeat_s = float(wanted.get("HeartbeatTimeout") or HEARTBEAT_S)
    if not 30 <= heartbeat_s <= 7200:
        raise invalid("HeartbeatTimeout must be between 30 and 7200 seconds.")
    return Hook(
        wanted["LifecycleHookName"],
        wanted["LifecycleTransition"],
        heartbeat_s,
        wanted.get("DefaultResult") or "ABANDON",
        wanted.get("NotificationTargetARN") or "",
        wanted.get("RoleARN") or "",
        wanted.get("NotificationMetadata") or "",
    )
