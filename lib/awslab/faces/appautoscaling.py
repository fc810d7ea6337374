"""Application Auto Scaling: moto keeps the books of scalable targets; the lab adds their tags.

Policies and scheduled actions are refused, because nothing here would carry them out.
"""

from __future__ import annotations

import json

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from awslab.faces.inventory import AwsError
from awslab.machines.cluster import Cluster
from awslab.world import World


class Face(ApplicationAutoScalingResponse):
    """Application Auto Scaling. moto still answers this service with JSON text."""

    signing_name = "application-autoscaling"
    world: World

    def register_scalable_target(self) -> str:
        """RegisterScalableTarget, with its tags, which moto drops; it would look for the service in its own books."""
        self.applicationautoscaling_backend._ecs_service_exists_for_target = self._check_service
        answer = super().register_scalable_target()
        if tags := self._get_param("Tags"):
            self._tags(json.loads(answer)["ScalableTargetARN"]).update(tags)
        return answer

    def put_scaling_policy(self) -> str:
        """PutScalingPolicy is not imitated."""
        raise AwsError("ValidationException", "The lab does not imitate scaling policies.")

    def put_scheduled_action(self) -> str:
        """PutScheduledAction is not imitated."""
        raise AwsError("ValidationException", "The lab does not imitate scheduled actions.")

    def list_tags_for_resource(self) -> str:
        """ListTagsForResource."""
        return json.dumps({"Tags": self._tags()})

    def tag_resource(self) -> str:
        """TagResource."""
        self._tags().update(self._get_param("Tags"))
        return json.dumps({})

    def untag_resource(self) -> str:
        """UntagResource."""
        tags = self._tags()
        for key in self._get_param("TagKeys"):
            tags.pop(key, None)
        return json.dumps({})

    def _check_service(self, resource_id: str) -> bool:
        _, cluster_name, name = resource_id.split("/")
        services = next((c.services for c in self.world.of(Cluster) if c.cluster_name == cluster_name), {})
        if name not in services or services[name].status != "ACTIVE":
            raise AwsError("ValidationException", f"ECS service doesn't exist: {resource_id}")
        return True

    def _tags(self, arn: str | None = None) -> dict[str, str]:
        """The tags of one scalable target, kept on moto's record of it so that they go when it goes."""
        arn = arn or self._get_param("ResourceARN")
        for by_resource in self.applicationautoscaling_backend.targets.values():
            for target in by_resource.values():
                if target.arn == arn:
                    return vars(target).setdefault("lab_tags", {})
        raise AwsError("ResourceNotFoundException", f"ResourceARN {arn} not found.")
