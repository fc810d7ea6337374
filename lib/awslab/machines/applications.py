"""CodeDeploy's books: applications, their deployment groups, deployment configurations, tags. Nothing here moves."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from awslab.machines.deployment_configs import PREDEFINED, DeploymentConfig
from awslab.machines.machine import Machine, new_uuid


@dataclass(slots=True, eq=False)
class DeploymentGroup:
    """One deployment group of the ECS platform.

    Attributes:
        application_name: Whose it is.
        name: deploymentGroupName.
        group_id: deploymentGroupId.
        config_name: deploymentConfigName.
        service_role_arn: serviceRoleArn.
        settings: Everything else as the API gave it (`ecsServices`, `loadBalancerInfo`, `alarmConfiguration`, …).
    """

    application_name: str
    name: str
    group_id: str
    config_name: str
    service_role_arn: str
    settings: dict

    @property
    def service(self) -> tuple[str, str]:
        """(cluster name, service name)."""
        only = self.settings["ecsServices"][0]
        return only["clusterName"], only["serviceName"]

    @property
    def target_group_names(self) -> tuple[str, str]:
        """The two that take turns."""
        first, second = self._pair["targetGroups"]
        return first["name"], second["name"]

    @property
    def prod_listener_arn(self) -> str:
        """The listener users come through."""
        return self._pair["prodTrafficRoute"]["listenerArns"][0]

    @property
    def test_listener_arn(self) -> str:
        """The listener for testing the replacement; "" for none."""
        arns = (self._pair.get("testTrafficRoute") or {}).get("listenerArns") or [""]
        return arns[0]

    @property
    def _pair(self) -> dict:
        return self.settings["loadBalancerInfo"]["targetGroupPairInfoList"][0]


@dataclass(slots=True, eq=False)
class Application:
    """One application of the ECS platform."""

    name: str
    application_id: str
    created_at: float
    groups: dict[str, DeploymentGroup] = field(default_factory=dict)


class Applications(Machine):
    """The registry of all of CodeDeploy's resources.

    Args:
        rng: Draws ids.
    """

    name = "codedeploy"

    def __init__(self, rng: random.Random) -> None:
        self.by_name: dict[str, Application] = {}
        self.configs: dict[str, DeploymentConfig] = dict(PREDEFINED)
        self.tags: dict[str, dict[str, str]] = {}  # by ARN
        self._rng = rng

    def new_id(self) -> str:
        """A UUID for whatever is made next."""
        return new_uuid(self._rng)

    @property
    def groups(self) -> list[DeploymentGroup]:
        """Every deployment group of every application."""
        return [group for application in self.by_name.values() for group in application.groups.values()]

    def group_of(self, cluster_name: str, service_name: str) -> DeploymentGroup | None:
        """The group a service belongs to; a service belongs to one at most."""
        return next((group for group in self.groups if group.service == (cluster_name, service_name)), None)
