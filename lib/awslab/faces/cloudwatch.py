"""CloudWatch: metrics of the lab's own services and of its users, and metric alarms that are evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from awslab.faces.cloudwatch_alarms import AlarmActions, arn
from awslab.faces.cloudwatch_metrics import MetricActions
from awslab.machines.alarms import Alarm
from awslab.machines.cluster import Cluster
from awslab.machines.group import Group
from awslab.machines.machine import Machine
from awslab.machines.managed_scaling import ManagedScaling
from awslab.machines.metrics import Metrics
from awslab.machines.publisher import Publisher
from awslab.machines.targets import TargetGroup
from awslab.world import World

if TYPE_CHECKING:
    from awslab.lab import Lab


def machines(world: World) -> list[Machine]:
    """The publisher, which owns the metrics."""
    lab = Face.lab

    def cpu_used_s(task_id: str) -> float | None:
        measure = getattr(lab.plane, "cpu_used_s", None)  # not every plane measures
        return None if measure is None else measure(task_id)

    publisher = Publisher(
        Metrics(),
        target_groups=lambda: world.of(TargetGroup),
        scaling_groups=lambda: world.of(Group),
        clusters=lambda: world.of(Cluster),
        managed=lambda: world.of(ManagedScaling),
        cpu_used_s=cpu_used_s,
        now=world.now,
    )
    return [publisher]


def alarm_state(world: World, alarm_name: str) -> str | None:
    """OK, ALARM or INSUFFICIENT_DATA; None when there is no such alarm."""
    return next((alarm.state for alarm in world.of(Alarm) if alarm.alarm_name == alarm_name), None)


class Face(AlarmActions, MetricActions, CloudWatchResponse):
    """CloudWatch."""

    signing_name = "monitoring"
    world: World
    lab: Lab

    def list_tags_for_resource(self) -> ActionResult:
        """ListTagsForResource: of an alarm here, of anything else in moto."""
        alarm = self._tagged()
        if alarm is None:
            return super().list_tags_for_resource()
        return ActionResult({"Tags": [{"Key": key, "Value": value} for key, value in alarm.described["Tags"].items()]})

    def tag_resource(self) -> ActionResult:
        """TagResource."""
        alarm = self._tagged()
        if alarm is None:
            return super().tag_resource()
        alarm.described["Tags"] |= {tag["Key"]: tag["Value"] for tag in self.params["Tags"]}
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """UntagResource."""
        alarm = self._tagged()
        if alarm is None:
            return super().untag_resource()
        for key in self.params["TagKeys"]:
            alarm.described["Tags"].pop(key, None)
        return EmptyResult()

    def _tagged(self) -> Alarm | None:
        wanted = self.params["ResourceARN"]
        return next((alarm for alarm in self.world.of(Alarm) if arn(alarm, self.region) == wanted), None)
