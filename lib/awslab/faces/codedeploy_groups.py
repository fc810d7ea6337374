"""Deployment groups and deployment configurations, as CodeDeploy speaks of them."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from awslab.faces.autoscaling_groups import utc
from awslab.faces.codedeploy_checks import check_group, check_name, target_group_arn
from awslab.faces.inventory import AwsError
from awslab.machines.applications import Application, Applications, DeploymentGroup
from awslab.machines.deployment_configs import (
    ALL_AT_ONCE,
    CANARY,
    CUSTOM_MAX,
    LINEAR,
    RESERVED_PREFIX,
    DeploymentConfig,
    Invalid,
)
from awslab.machines.events import WeightsRequested
from awslab.machines.listeners import Listeners
from awslab.machines.traffic_shift import in_turns

DEFAULT_CONFIG = "CodeDeployDefault.OneAtATime"  # AWS's default, which the ECS platform does not accept
SETTINGS = (
    "ec2TagFilters",
    "onPremisesInstanceTagFilters",
    "autoScalingGroups",
    "triggerConfigurations",
    "alarmConfiguration",
    "autoRollbackConfiguration",
    "outdatedInstancesStrategy",
    "deploymentStyle",
    "blueGreenDeploymentConfiguration",
    "loadBalancerInfo",
    "ec2TagSet",
    "ecsServices",
    "onPremisesTagSet",
    "terminationHookEnabled",
)
MINUTES = {CANARY: "canaryInterval", LINEAR: "linearInterval"}
PERCENT = {CANARY: "canaryPercentage", LINEAR: "linearPercentage"}
FIELD = {CANARY: "timeBasedCanary", LINEAR: "timeBasedLinear"}


class GroupActions:
    """Actions on deployment groups and configurations; `Face` mixes them in."""

    # ---- deployment groups

    def create_deployment_group(self) -> ActionResult:
        """CreateDeploymentGroup; the prod listener's action becomes a forward to both target groups, 100 and 0."""
        wanted, books = self.params, self._books
        application = self._application()
        name = check_name(wanted.get("deploymentGroupName"), "DeploymentGroup")
        if name in application.groups:
            raise AwsError("DeploymentGroupAlreadyExistsException", f"Deployment group {name} already exists")
        if not wanted.get("serviceRoleArn"):
            raise AwsError("RoleRequiredException", "The service role is required")
        settings = {field: wanted[field] for field in SETTINGS if wanted.get(field) is not None}
        config = self._config_name(wanted.get("deploymentConfigName") or DEFAULT_CONFIG)
        group = DeploymentGroup(application.name, name, "", config, wanted["serviceRoleArn"], settings)
        self._check(group)
        group.group_id = books.new_id()
        application.groups[name] = group
        if wanted.get("tags"):
            books.tags[self._group_arn(group)] = {tag["Key"]: tag["Value"] for tag in wanted["tags"]}
        self._forward_to_both(group)
        return ActionResult({"deploymentGroupId": group.group_id})

    def get_deployment_group(self) -> ActionResult:
        """GetDeploymentGroup."""
        return ActionResult({"deploymentGroupInfo": _describe_group(self._group())})

    def batch_get_deployment_groups(self) -> ActionResult:
        """BatchGetDeploymentGroups: those that exist."""
        groups = self._application().groups
        found = [groups[name] for name in self.params["deploymentGroupNames"] if name in groups]
        return ActionResult({"deploymentGroupsInfo": [_describe_group(group) for group in found]})

    def list_deployment_groups(self) -> ActionResult:
        """ListDeploymentGroups."""
        application = self._application()
        return ActionResult({"applicationName": application.name, "deploymentGroups": list(application.groups)})

    def update_deployment_group(self) -> ActionResult:
        """UpdateDeploymentGroup: what is named is replaced, the rest stays."""
        wanted, books = self.params, self._books
        group, groups = self._group("currentDeploymentGroupName"), self._application().groups
        name = check_name(wanted.get("newDeploymentGroupName") or group.name, "DeploymentGroup")
        if name != group.name and name in groups:
            raise AwsError("DeploymentGroupAlreadyExistsException", f"Deployment group {name} already exists")
        changes = {field: wanted[field] for field in SETTINGS if wanted.get(field) is not None}
        config = self._config_name(wanted.get("deploymentConfigName") or group.config_name)
        role = wanted.get("serviceRoleArn") or group.service_role_arn
        changed = DeploymentGroup(
            group.application_name, name, group.group_id, config, role, {**group.settings, **changes}
        )
        self._check(changed, instead_of=group)
        tags = books.tags.pop(self._group_arn(group), None)
        if tags is not None:
            books.tags[self._group_arn(changed)] = tags
        del groups[group.name]
        groups[name] = changed
        return ActionResult({"hooksNotCleanedUp": []})

    def delete_deployment_group(self) -> ActionResult:
        """DeleteDeploymentGroup; one that does not exist is no error."""
        group = self._application().groups.pop(self.params["deploymentGroupName"], None)
        if group is not None:
            self._books.tags.pop(self._group_arn(group), None)
        return ActionResult({"hooksNotCleanedUp": []})

    def _check(self, group: DeploymentGroup, instead_of: DeploymentGroup | None = None) -> None:
        check_group(group.settings, self.world, self.region)
        owner = self._books.group_of(*group.service)
        if owner not in (None, instead_of):
            raise AwsError(
                "ECSServiceMappingLimitExceededException",
                f"The Amazon ECS service {group.service[1]} is already associated with the deployment group "
                f"{owner.name} of application {owner.application_name}",
            )

    def _forward_to_both(self, group: DeploymentGroup) -> None:
        """Whichever of the two serves prod now keeps all traffic; a listener that serves neither is left alone.

        Not for all-at-once groups: there AWS's second target group is behind no listener until it gets the traffic.
        """
        if not in_turns(self._books.configs[group.config_name]):
            return
        arns = [target_group_arn(name, self.region) for name in group.target_group_names]
        listener = self.world.of(Listeners)[0].by_arn[group.prod_listener_arn]
        serving = [arn for arn, _ in listener.weights]
        if len(serving) == 1 and serving[0] in arns:
            other = arns[1 - arns.index(serving[0])]
            weights = ((serving[0], 100), (other, 0))
            self.world.tell([WeightsRequested(listener_arn=group.prod_listener_arn, weights=weights)])

    def _group(self, field: str = "deploymentGroupName") -> DeploymentGroup:
        name = check_name(self.params.get(field), "DeploymentGroup")
        return self._group_named(self._application(), name)

    def _group_named(self, application: Application, name: str) -> DeploymentGroup:
        if name not in application.groups:
            raise AwsError("DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}")
        return application.groups[name]

    def _group_arn(self, group: DeploymentGroup) -> str:
        return self._arn(f"deploymentgroup:{group.application_name}/{group.name}")

    # ---- deployment configurations

    def create_deployment_config(self) -> ActionResult:
        """CreateDeploymentConfig: how traffic shifts, for ECS."""
        wanted, books = self.params, self._books
        name = check_name(wanted.get("deploymentConfigName"), "DeploymentConfig")
        if name.startswith(RESERVED_PREFIX):
            message = f"Deployment configuration names starting with {RESERVED_PREFIX} are reserved"
            raise AwsError("InvalidDeploymentConfigNameException", message)
        if name in books.configs:
            raise AwsError("DeploymentConfigAlreadyExistsException", f"Deployment configuration {name} already exists")
        if sum(not config.predefined for config in books.configs.values()) >= CUSTOM_MAX:
            message = f"The maximum number of custom deployment configurations ({CUSTOM_MAX}) was reached"
            raise AwsError("DeploymentConfigLimitExceededException", message)
        config = _read_config(wanted, books, self.world.now)
        books.configs[name] = config
        return ActionResult({"deploymentConfigId": config.config_id})

    def get_deployment_config(self) -> ActionResult:
        """GetDeploymentConfig, of predefined ones too."""
        name = check_name(self.params.get("deploymentConfigName"), "DeploymentConfig")
        if name not in self._books.configs:
            raise _no_config(name)
        return ActionResult({"deploymentConfigInfo": _describe_config(self._books.configs[name])})

    def list_deployment_configs(self) -> ActionResult:
        """ListDeploymentConfigs."""
        return ActionResult({"deploymentConfigsList": sorted(self._books.configs)})

    def delete_deployment_config(self) -> ActionResult:
        """DeleteDeploymentConfig: custom ones that no group uses; one that does not exist is no error."""
        name = check_name(self.params.get("deploymentConfigName"), "DeploymentConfig")
        if name.startswith(RESERVED_PREFIX):
            raise AwsError("InvalidOperationException", "Predefined deployment configurations can not be deleted")
        if any(group.config_name == name for group in self._books.groups):
            raise AwsError("DeploymentConfigInUseException", f"Deployment configuration {name} is in use")
        self._books.configs.pop(name, None)
        return EmptyResult()

    def _config_name(self, name: str) -> str:
        if name in ("CodeDeployDefault.OneAtATime", "CodeDeployDefault.HalfAtATime", "CodeDeployDefault.AllAtOnce"):
            message = f"Deployment configuration {name} is not compatible with the ECS compute platform"
            raise AwsError("InvalidDeploymentConfigNameException", message)
        if name not in self._books.configs:
            raise _no_config(name)
        return name


def _no_config(name: str) -> AwsError:
    return AwsError("DeploymentConfigDoesNotExistException", f"No deployment configuration found for name: {name}")


def _read_config(wanted: dict, books: Applications, now: float) -> DeploymentConfig:
    if wanted.get("computePlatform") != "ECS":
        raise AwsError("InvalidComputePlatformException", "The lab imitates the ECS compute platform only.")
    if wanted.get("minimumHealthyHosts"):
        message = "For ECS, minimumHealthyHosts can not be specified"
        raise AwsError("InvalidMinimumHealthyHostValueException", message)
    if wanted.get("zonalConfig"):
        raise AwsError("InvalidZonalDeploymentConfigurationException", "For ECS, zonalConfig can not be specified")
    routing = wanted.get("trafficRoutingConfig") or {}
    kind = routing.get("type")
    if kind not in (ALL_AT_ONCE, CANARY, LINEAR) or (kind != ALL_AT_ONCE and not routing.get(FIELD[kind])):
        message = "A traffic routing configuration needs a type, and what belongs to it"
        raise AwsError("InvalidTrafficRoutingConfigurationException", message)
    percent, minutes = 100, 0
    if kind != ALL_AT_ONCE:
        shift = routing[FIELD[kind]]
        percent, minutes = int(shift.get(PERCENT[kind]) or 0), int(shift.get(MINUTES[kind]) or 0)
    config = DeploymentConfig(wanted["deploymentConfigName"], kind, percent, minutes, books.new_id(), now)
    try:
        config.check()
    except Invalid as refused:
        raise AwsError("InvalidTrafficRoutingConfigurationException", str(refused)) from None
    return config


def _describe_config(config: DeploymentConfig) -> dict:
    routing: dict = {"type": config.kind}
    if config.kind != ALL_AT_ONCE:
        routing[FIELD[config.kind]] = {
            PERCENT[config.kind]: config.percent,
            MINUTES[config.kind]: config.interval_minutes,
        }
    return {
        "deploymentConfigId": config.config_id or "00000000-0000-0000-0000-000000000000",
        "deploymentConfigName": config.name,
        "createTime": utc(config.created_at),
        "computePlatform": "ECS",
        "trafficRoutingConfig": routing,
    }


def _describe_group(group: DeploymentGroup) -> dict:
    return {
        "ec2TagFilters": [],
        "onPremisesInstanceTagFilters": [],
        "autoScalingGroups": [],
        "triggerConfigurations": [],
        "outdatedInstancesStrategy": "UPDATE",
        "terminationHookEnabled": False,
        **group.settings,
        "applicationName": group.application_name,
        "deploymentGroupId": group.group_id,
        "deploymentGroupName": group.name,
        "deploymentConfigName": group.config_name,
        "serviceRoleArn": group.service_role_arn,
        "computePlatform": "ECS",
    }
