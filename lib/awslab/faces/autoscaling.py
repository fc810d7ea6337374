"""Auto Scaling: the groups. What else can be asked is in the other `autoscaling_…` modules and `instance_refresh`."""

from __future__ import annotations

from dataclasses import replace

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends

from awslab.faces import ec2
from awslab.faces.autoscaling_groups import describe_group, read_mix
from awslab.faces.autoscaling_instances import InstanceActions, read_hook
from awslab.faces.autoscaling_lookup import invalid
from awslab.faces.autoscaling_settings import SettingActions
from awslab.faces.instance_refresh import InstanceRefreshActions
from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines.group import Group
from awslab.machines.launching import LaunchRef, LaunchRefused
from awslab.machines.mix import Mix
from awslab.machines.preferences import Invalid

NOT_IMITATED = (  # nothing here would act on them
    "LaunchConfigurationName",
    "InstanceId",
    "LoadBalancerNames",
    "TargetGroupARNs",
    "TrafficSources",
)


class Face(InstanceRefreshActions, InstanceActions, SettingActions):
    """Every Auto Scaling action the lab imitates; any other is answered 501."""

    signing_name = "autoscaling"

    def __init__(self) -> None:
        super().__init__(service_name="autoscaling")
        self.automated_parameter_parsing = True

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
            raise invalid(
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
            group.put_hook(read_hook(hook))
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
                raise invalid(
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
            raise invalid(str(refused)) from None
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
            raise invalid(str(refused)) from None
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

    def _subnets(self, wanted: dict) -> dict[str, str]:
        backend = ec2_backends[ACCOUNT_ID][self.region]
        ids = [s.strip() for s in (wanted.get("VPCZoneIdentifier") or "").split(",") if s.strip()]
        if not ids:
            raise invalid("You must use a valid fully-formed launch template. The lab needs VPCZoneIdentifier.")
        return {i: backend.get_subnet(i).availability_zone for i in ids}

    def _launch_ref(self, wanted: dict | None) -> LaunchRef:
        if not wanted:
            raise invalid("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId")
        backend = ec2_backends[ACCOUNT_ID][self.region]
        if not (template_id := wanted.get("LaunchTemplateId")):
            template_id = backend.get_launch_template_by_name(wanted["LaunchTemplateName"]).id
        return self._check_launch(LaunchRef(template_id, str(wanted.get("Version") or "$Default")))

    def _check_launch(self, ref: LaunchRef) -> LaunchRef:
        try:
            ec2.resolve(ref, self.region)
        except LaunchRefused as refused:
            message = f"You must use a valid fully-formed launch template. {refused}"
            raise invalid(message) from None
        return ref


def _check_imitated(wanted: dict) -> None:
    for field in NOT_IMITATED:
        if wanted.get(field):
            raise invalid(f"The lab does not imitate {field} of a group.")
