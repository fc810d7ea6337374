"""Target groups and their targets, as Elastic Load Balancing speaks of them."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends
from moto.elbv2.models import FakeTargetGroup

from awslab.faces.elbv2_books import load_balancers_of
from awslab.faces.honest_rate import check_durations
from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines import health_check
from awslab.machines.health_check import HealthCheck
from awslab.machines.targets import NOT_REGISTERED, Target, TargetGroup

DELAY = "deregistration_delay.timeout_seconds"
DELAY_RANGE_S = (0, 3600)
# What the lab imitates of each attribute; None: any value, because it does nothing while the feature is off.
IMITATED: dict[str, tuple[str, ...] | None] = {
    "slow_start.duration_seconds": ("0",),
    "stickiness.enabled": ("false",),
    "stickiness.type": None,
    "stickiness.lb_cookie.duration_seconds": None,
    "stickiness.app_cookie.cookie_name": None,
    "stickiness.app_cookie.duration_seconds": None,
    "load_balancing.algorithm.type": ("round_robin",),
    "load_balancing.algorithm.anomaly_mitigation": ("off",),
    "load_balancing.cross_zone.enabled": ("use_load_balancer_configuration", "true"),
    "target_group_health.dns_failover.minimum_healthy_targets.count": ("1", "off"),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": ("off",),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": ("1",),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": ("off",),
}
CHECK_RANGES = {
    "HealthCheckIntervalSeconds": ("Health check interval", health_check.INTERVAL_RANGE_S),
    "HealthCheckTimeoutSeconds": ("Health check timeout", health_check.TIMEOUT_RANGE_S),
    "HealthyThresholdCount": ("Healthy threshold count", health_check.THRESHOLD_RANGE),
    "UnhealthyThresholdCount": ("Unhealthy threshold count", health_check.THRESHOLD_RANGE),
}


class TargetActions:
    """Actions on target groups; `Face` mixes them in."""

    # ---- groups

    def create_target_group(self) -> ActionResult:
        """CreateTargetGroup: HTTP, instance or ip targets, checked on the port that serves traffic.

        The same name with the same settings again is a success and the same group.
        """
        wanted = self.params
        asked = {name: value for name, value in wanted.items() if name != "Tags" and value is not None}
        for known in self.elbv2_backend.target_groups.values():
            if vars(known).get("lab_asked") == asked:
                return ActionResult({"TargetGroups": [known]})
        for name, only in (("Protocol", "HTTP"), ("ProtocolVersion", "HTTP1"), ("HealthCheckProtocol", "HTTP")):
            if (wanted.get(name) or only) != only:
                raise _refused(f"The lab's target groups have {name} {only} only.")
        if wanted.get("TargetType", "instance") not in ("instance", "ip"):
            raise _refused("The lab's target groups take instance and ip targets only.")
        self._check_settings()
        wanted["HealthCheckEnabled"] = None  # moto expects the text of another age
        answer = super().create_target_group()
        group = answer.result["TargetGroups"][0]
        group.lab_asked = asked
        rng = self.world.random(f"target-group:{group.arn}")
        self.world.add(TargetGroup(group.arn, rng=rng, check=_check_of(group)))
        return answer

    def describe_target_groups(self) -> ActionResult:
        """DescribeTargetGroups, with the load balancers that use each group now."""
        for group in self.elbv2_backend.target_groups.values():
            group.load_balancer_arns = sorted(load_balancers_of(group.arn, self.region))
        return super().describe_target_groups()

    def modify_target_group(self) -> ActionResult:
        """ModifyTargetGroup: new health check settings count from the next check on."""
        group = self._group()
        self._check_settings(group)
        self.params["HealthCheckEnabled"] = None
        answer = super().modify_target_group()
        group.lab_asked = None  # it is not what was asked for any more
        self._machine().check = _check_of(group)
        return answer

    def delete_target_group(self) -> ActionResult:
        """DeleteTargetGroup; refused while a listener uses it."""
        machine = self._machine()
        answer = super().delete_target_group()
        self.world.remove(machine)
        return answer

    def modify_target_group_attributes(self) -> ActionResult:
        """ModifyTargetGroupAttributes: those the lab imitates; a new delay counts for later deregistrations."""
        group, machine = self._group(), self._machine()
        changes = {one["Key"]: str(one["Value"]) for one in self.params["Attributes"]}
        for key, value in changes.items():
            _check_attribute(key, value)
        if DELAY in changes:
            check_durations(self.lab, deregistration_delay_s=float(changes[DELAY]))
        group.attributes.update(changes)
        machine.deregistration_delay_s = float(group.attributes[DELAY])
        return ActionResult({"Attributes": group.attributes})

    # ---- targets

    def register_targets(self) -> ActionResult:
        """RegisterTargets: all of them or none."""
        machine = self._machine()
        targets = self._targets()
        if self._group().target_type == "instance":
            for target_id, _ in targets:
                self._check_running(target_id)
        for target_id, port in targets:
            self.world.tell(machine.register(target_id, port, now=self.world.now))
        return EmptyResult()

    def deregister_targets(self) -> ActionResult:
        """DeregisterTargets; unknown targets are no error."""
        machine = self._machine()
        for target_id, port in self._targets():
            self.world.tell(machine.deregister(target_id, port, now=self.world.now))
        return EmptyResult()

    def describe_target_health(self) -> ActionResult:
        """DescribeTargetHealth of all targets, or of those named."""
        machine = self._machine()
        named = self._targets()
        shown = [self._shown(machine, key) for key in named] if named else list(machine.targets.values())
        return ActionResult({"TargetHealthDescriptions": [_describe(target) for target in shown]})

    def _shown(self, machine: TargetGroup, key: tuple[str, int]) -> Target:
        if key in machine.targets:
            return machine.targets[key]
        if self._instance(key[0]) is None:
            raise AwsError("InvalidTarget", f"The following targets do not exist: '{key[0]}'")
        return Target(key[0], key[1], "unused", *NOT_REGISTERED)

    def _targets(self) -> list[tuple[str, int]]:
        default = int(self._group().port)
        return [(one["Id"], int(one.get("Port") or default)) for one in self.params.get("Targets") or []]

    def _check_running(self, instance_id: str) -> None:
        instance = self._instance(instance_id)
        if instance is None:
            raise AwsError("ValidationError", f"Instance ID '{instance_id}' is not valid")
        if instance.state != "running":
            message = f"The following targets are not in a running state and cannot be registered: '{instance_id}'"
            raise AwsError("InvalidTarget", message)

    def _instance(self, instance_id: str):
        return ec2_backends[ACCOUNT_ID][self.region].get_instance_by_id(instance_id)

    # ---- looking up

    def _group(self) -> FakeTargetGroup:
        arn = self.params["TargetGroupArn"]
        if arn not in self.elbv2_backend.target_groups:
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        return self.elbv2_backend.target_groups[arn]

    def _machine(self) -> TargetGroup:
        arn = self._group().arn
        return next(machine for machine in self.world.of(TargetGroup) if machine.arn == arn)

    def _check_settings(self, group: FakeTargetGroup | None = None) -> None:
        wanted = self.params
        for name, (label, (low, high)) in CHECK_RANGES.items():
            value = wanted.get(name)
            if value is not None and not low <= int(value) <= high:
                raise AwsError("ValidationError", f"{label} '{value}' must be between '{low}' and '{high}'")
        if wanted.get("HealthCheckEnabled") is False:
            raise _refused("Health checks must be enabled for target groups with target type 'instance'")
        if wanted.get("HealthCheckPort", "traffic-port") != "traffic-port":
            raise _refused("The lab checks targets on traffic-port only.")
        _check_matcher((wanted.get("Matcher") or {}).get("HttpCode", "200"))
        interval_s = wanted.get("HealthCheckIntervalSeconds") or (group.health_check_interval_seconds if group else 30)
        timeout_s = wanted.get("HealthCheckTimeoutSeconds") or (group.health_check_timeout_seconds if group else 5)
        if int(timeout_s) >= int(interval_s):
            raise AwsError(
                "ValidationError",
                f"Health check timeout '{timeout_s}' must be smaller than the interval '{interval_s}'",
            )
        check_durations(self.lab, health_check_timeout_s=float(timeout_s))


def _check_of(group: FakeTargetGroup) -> HealthCheck:
    return HealthCheck(
        interval_s=float(group.health_check_interval_seconds),
        timeout_s=float(group.health_check_timeout_seconds),
        healthy_threshold=int(group.healthy_threshold_count),
        unhealthy_threshold=int(group.unhealthy_threshold_count),
        matcher=group.matcher["HttpCode"],
        path=group.health_check_path,
    )


def _check_matcher(matcher: str) -> None:
    try:
        health_check.ranges(matcher)
    except ValueError:
        message = f"Health check matcher HTTP code '{matcher}' must be within '200-499' inclusive"
        raise AwsError("ValidationError", message) from None


def _check_attribute(key: str, value: str) -> None:
    low, high = DELAY_RANGE_S
    if key == DELAY:
        if not (value.isdigit() and low <= int(value) <= high):
            raise AwsError("ValidationError", f"'{key}' value '{value}' must be between '{low}-{high}' inclusive")
        return
    if key not in IMITATED:
        raise AwsError("ValidationError", f"Target group attribute key '{key}' is not recognized")
    values = IMITATED[key]
    if values is not None and value not in values:
        raise _refused(f"The lab imitates {key} = {' or '.join(values)} only, not {value}.")


def _describe(target: Target) -> dict:
    return {
        "Target": {"Id": target.target_id, "Port": target.port},
        "HealthCheckPort": str(target.port),
        "TargetHealth": {
            "State": str(target.state),
            "Reason": target.reason or None,
            "Description": target.description or None,
        },
    }


def _refused(message: str) -> AwsError:
    return AwsError("InvalidConfigurationRequest", message)
