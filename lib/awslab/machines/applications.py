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
class Revision:
    """One revision of an application: an AppSpec by its content.

    Attributes:
        sha256: Of the content's UTF-8 bytes, hexadecimal.
        content: As given.
        registered_at: Lab time.
        description: Free text.
        first_used_at: When it was first deployed; None while it never was.
        last_used_at: When it was last deployed.
        group_ids: Deployment groups whose last deployment it was.
    """

    sha256: str
    content: str
    registered_at: float
    description: str = ""
    first_used_at: float | None = None
    last_used_at: float | None = None
    group_ids: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Application:
    """One application of the ECS platform."""

    name: str
    application_id: str
    created_at: float
    groups: dict[str, DeploymentGroup] = field(default_factory=dict)
    revisions: dict[str, Revision] = field(default_factory=dict)  # by sha256

    def use(self, revision: Revision, group_id: str, now: float) -> None:
        """A revision is deployed to one of the groups, and is then the one that group uses."""
        for known in self.revisions.values():
            known.group_ids.discard(group_id)
        revision.group_ids.add(group_id)
        revision.first_used_at = now if revision.first_used_at is None else revision.first_used_at
        revision.last_used_at = now


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
