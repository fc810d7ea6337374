"""Things that go wrong, as events: from a scenario, a test, or `POST /_lab/faults`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from awslab.faces import amis
from awslab.machines.events import CapacityChanged, InstanceDied
from awslab.machines.group import Group

if TYPE_CHECKING:
    from awslab.lab import Lab


class Unknown(ValueError):
    """There is no such fault, or nothing it could happen to."""


def inject(lab: Lab, wanted: dict) -> dict:
    """Let one fault happen now.

    Args:
        lab: The lab it happens to.
        wanted: `{"fault": name, …}`: `InstanceDies` (instance_id), `CapacityMissing` and `CapacityBack`
            (availability_zone, "" for all), `ApiThrottled` (service, calls), `AmiPublished` (AWS moves its
            recommendation to the next image).

    Returns:
        What happened.

    Raises:
        Unknown: No such fault, or no such instance.
    """
    name = wanted.get("fault")
    if name not in FAULTS:
        raise Unknown(f"no fault {name!r}; there are {', '.join(sorted(FAULTS))}")
    return lab.world.call(lambda: FAULTS[name](lab, wanted))


def _instance_dies(lab: Lab, wanted: dict) -> dict:
    instance_id = wanted.get("instance_id")
    if not any(instance_id in group.instances for group in lab.world.of(Group)):
        raise Unknown(f"no instance {instance_id!r} in any group")
    lab.world.tell([InstanceDied(instance_id=instance_id)])
    return {"died": instance_id}


def _capacity(lab: Lab, wanted: dict, available: bool) -> dict:
    zone = wanted.get("availability_zone", "")
    lab.world.tell([CapacityChanged(availability_zone=zone, available=available)])
    return {"availability_zone": zone, "available": available}


def _api_throttled(lab: Lab, wanted: dict) -> dict:
    lab.throttled[wanted.get("service", "")] = int(wanted.get("calls", 1))
    return dict(lab.throttled)


def _ami_published(lab: Lab, _wanted: dict) -> dict:
    return {"image_id": amis.publish_next(lab.region)}


FAULTS = {
    "InstanceDies": _instance_dies,
    "CapacityMissing": lambda lab, wanted: _capacity(lab, wanted, available=False),
    "CapacityBack": lambda lab, wanted: _capacity(lab, wanted, available=True),
    "ApiThrottled": _api_throttled,
    "AmiPublished": _ami_published,
}
