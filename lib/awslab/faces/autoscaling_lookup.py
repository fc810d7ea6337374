"""What every Auto Scaling action needs first: the group or the instance it names, and a page of what it found."""

from __future__ import annotations

from moto.core.responses import BaseResponse

from awslab.faces.inventory import AwsError
from awslab.machines.group import Group
from awslab.world import World

MAX_RECORDS = 100


class Lookup(BaseResponse):
    """Finds what a request names, or refuses it as AWS does."""

    world: World

    def _groups(self) -> list[Group]:
        groups = self.world.of(Group)
        for group in [g for g in groups if g.deleted]:
            self.world.remove(group)
        return [g for g in groups if not g.deleted]

    def _named(self, name: str) -> Group:
        found = next((g for g in self._groups() if g.name == name), None)
        if found is None:
            raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        return found

    def _group(self) -> Group:
        return self._named(self.params["AutoScalingGroupName"])

    def _group_of(self, instance_id: str) -> Group:
        found = next((g for g in self._groups() if instance_id in g.instances), None)
        if found is None:
            raise invalid(f"Instance Id not found - No managed instance found for instance ID {instance_id}")
        return found

    def _members(self, group: Group) -> list[str]:
        ids = self.params.get("InstanceIds") or []
        for instance_id in ids:
            if instance_id not in group.instances:
                raise invalid(f"The instance {instance_id} is not part of Auto Scaling group {group.name}.")
        return ids

    def _page(self, rows: list) -> tuple[list, str | None]:
        start = int(self.params.get("NextToken") or 0)
        size = min(int(self.params.get("MaxRecords") or 50), MAX_RECORDS)
        return rows[start : start + size], str(start + size) if start + size < len(rows) else None


def invalid(message: str) -> AwsError:
    """The error AWS answers to most that cannot be."""
    return AwsError("ValidationError", message)
