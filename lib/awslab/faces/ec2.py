"""EC2: moto keeps the books; instances of Auto Scaling groups are written into them as the machines say."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import moto.ec2.models.instances as moto_instances
from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses import EC2Response
from moto.ec2.utils import parse_user_data

from awslab.faces import amis, ec2_mends  # noqa: F401 - mends moto where it forgets
from awslab.faces.inventory import ACCOUNT_ID
from awslab.machines.events import (
    InstanceDied,
    InstanceLaunched,
    InstanceRunning,
    InstanceStateChanged,
    InstanceTerminated,
    LaunchSpec,
)
from awslab.machines.group import Group
from awslab.machines.hosts import Hosts
from awslab.machines.launching import LaunchRef, LaunchRefused
from awslab.machines.machine import Event, Machine, Timers
from awslab.world import World

PENDING, RUNNING, SHUTTING_DOWN, TERMINATED = ("pending", 0), ("running", 16), ("shutting-down", 32), ("terminated", 48)
SHUTTING = ("Terminating:Proceed", "Terminated")
REMEMBER_S = 3600.0  # AWS: a terminated instance is still described, usually for less than an hour
FILTER_VALUES_MAX = 200  # of one call, all filters together


def machines(world: World) -> list[Machine]:
    """The hosts that boot, and the mirror that writes instances into moto's books."""
    amis.stock(Face.lab.region)
    return [Hosts(world.random("hosts"), lambda ami_id: ami_id not in amis.BROKEN), Mirror(Face.lab.region)]


def resolve(ref: LaunchRef, region: str) -> LaunchSpec:
    """What a launch template version is now.

    Raises:
        LaunchRefused: No such template, version, image or instance type: EC2's code and words.
    """
    backend = ec2_backends[ACCOUNT_ID][region]
    try:
        template = backend.get_launch_template(ref.launch_template_id)
        version = template.get_version(ref.version)
    except EC2ClientError as unknown:
        raise LaunchRefused(unknown.code, unknown.message) from None
    image_id, instance_type = _image_id(version.image_id, region), ref.instance_type or version.instance_type
    if image_id not in backend.amis:
        raise LaunchRefused("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    if instance_type not in INSTANCE_TYPES:
        raise LaunchRefused("InvalidParameterValue", f"Invalid value '{instance_type}' for InstanceType.")
    facts = INSTANCE_TYPES[instance_type]
    return LaunchSpec(
        launch_template_id=template.id,
        launch_template_name=template.name,
        launch_template_version=str(version.number),
        image_id=image_id,
        instance_type=instance_type,
        user_data=base64.b64decode(str(version.data.get("UserData") or "")).decode(errors="replace"),
        vcpus=facts["VCpuInfo"]["DefaultVCpus"],
        memory_mib=facts["MemoryInfo"]["SizeInMiB"],
        image_by_parameter=version.image_id != image_id,
    )


def _image_id(named: str, region: str) -> str:
    return amis.recommended(region) if named == f"resolve:ssm:{amis.PARAMETER}" else named


class Mirror(Machine):
    """Writes what the machines say of EC2 instances into moto, so that DescribeInstances tells it."""

    name = "ec2-mirror"
    hears = (InstanceLaunched, InstanceRunning, InstanceStateChanged, InstanceTerminated, InstanceDied)

    def __init__(self, region: str) -> None:
        self._region = region
        self._reservation_ids: dict[str, str] = {}  # by instance
        self._timers = Timers()

    def wake_at(self) -> float | None:
        """When the next terminated instance is forgotten."""
        return self._timers.next()

    def on_time(self, now: float) -> Iterable[Event]:
        """Forget those that terminated an hour ago."""
        backend = ec2_backends[ACCOUNT_ID][self._region]
        for instance_id in self._timers.pop_due(now):
            del backend.reservations[self._reservation_ids.pop(instance_id)]
            backend.tags.pop(instance_id, None)
        return ()

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Copy one change."""
        match event:
            case InstanceLaunched():
                self._launch(event)
            case InstanceRunning(instance_id=i):
                self._set_state(i, RUNNING)
            case InstanceStateChanged(instance_id=i, new_state=state) if state in SHUTTING:
                self._set_state(i, SHUTTING_DOWN)
            case InstanceDied(instance_id=i) | InstanceTerminated(instance_id=i):
                self._terminate(i, now)
        return ()

    def _launch(self, event: InstanceLaunched) -> None:
        backend = ec2_backends[ACCOUNT_ID][self._region]
        spec = event.spec
        data = backend.get_launch_template(spec.launch_template_id).get_version(spec.launch_template_version).data
        own_id, moto_instances.random_instance_id = moto_instances.random_instance_id, lambda: event.instance_id
        try:
            reservation = backend.run_instances(
                spec.image_id,
                1,
                data.get("UserData"),
                [],
                instance_type=spec.instance_type,
                is_instance_type_default=False,
                region_name=self._region,
                placement=event.availability_zone,
                subnet_id=event.subnet_id,
                security_group_ids=_security_groups(data),
                launch_template={"LaunchTemplateId": spec.launch_template_id, "Version": spec.launch_template_version},
                metadata_options=data.get("MetadataOptions", {}),
                monitoring_state="enabled" if data.get("Monitoring", {}).get("Enabled") == "true" else "disabled",
                lifecycle="spot" if spec.market == "spot" else None,
                tags={"instance": {"aws:autoscaling:groupName": event.group_name}},
            )
        finally:
            moto_instances.random_instance_id = own_id
        self._reservation_ids[event.instance_id] = reservation.id
        _set(reservation.instances[0], PENDING)

    def _terminate(self, instance_id: str, now: float) -> None:
        one = self._instance(instance_id)
        if one is None:
            return
        one.terminate()
        for nic in one.nics.values():  # the one it was launched with goes with it; moto keeps it, and its address
            if nic.id in one.ec2_backend.enis:
                nic.delete()
        self._timers.set(instance_id, now + REMEMBER_S)

    def _set_state(self, instance_id: str, state: tuple[str, int]) -> None:
        one = self._instance(instance_id)
        if one is not None and one._state.name != TERMINATED[0]:
            _set(one, state)

    def _instance(self, instance_id: str) -> moto_instances.Instance | None:
        """None when it is forgotten: one that died may be left waiting for its hook for longer."""
        reservation_id = self._reservation_ids.get(instance_id)
        if reservation_id is None:
            return None
        return ec2_backends[ACCOUNT_ID][self._region].reservations[reservation_id].instances[0]


def _set(instance: moto_instances.Instance, state: tuple[str, int]) -> None:
    instance._state.name, instance._state.code = state


def _security_groups(data: dict) -> list[str]:
    interfaces = data.get("NetworkInterfaces") or [{}]
    return data.get("SecurityGroupIds") or interfaces[0].get("Groups") or []


class Face(EC2Response):
    """EC2 as moto answers it, but for what moves and what moto forgets."""

    signing_name = "ec2"
    world: World

    def describe_instances(self) -> ActionResult:
        """AWS refuses filters of more than 200 values; moto takes any number."""
        if sum(len(values) for values in self._filters_from_querystring().values()) > FILTER_VALUES_MAX:
            words = f"The maximum number of filter values specified on a single call is {FILTER_VALUES_MAX}"
            raise EC2ClientError("FilterLimitExceeded", words)
        return super().describe_instances()

    def terminate_instances(self) -> ActionResult:
        """An instance of a group dies without Auto Scaling's doing; the group notices by itself."""
        answer = super().terminate_instances()
        members = {i for group in self.world.of(Group) for i in group.instances}
        died = [i for i in self._get_param("InstanceIds", []) if i in members]
        self.world.tell([InstanceDied(instance_id=i) for i in died])
        return answer

    def create_launch_template(self) -> ActionResult:
        """Tags of the template itself are not part of its data; moto puts them there, a version later too many."""
        answer = super().create_launch_template()
        data = self.ec2_backend.get_launch_template_by_name(self._get_param("LaunchTemplateName")).versions[0].data
        own = [spec for spec in data.pop("TagSpecifications", []) if spec["ResourceType"] != "launch-template"]
        if own:
            data["TagSpecifications"] = own
        return answer

    def create_launch_template_version(self) -> ActionResult:
        """A new version starts from `SourceVersion`, as on AWS; moto starts from nothing and keeps raw user data."""
        data = self.params.setdefault("LaunchTemplateData", {})
        if source := self._get_param("SourceVersion"):
            data = {**self._template().get_version(source).data, **data}
        if isinstance(data.get("UserData"), (str, bytes)):
            data["UserData"] = parse_user_data(data["UserData"])
        self.params["LaunchTemplateData"] = data
        return super().create_launch_template_version()

    def _template(self):
        if template_id := self._get_param("LaunchTemplateId"):
            return self.ec2_backend.get_launch_template(template_id)
        return self.ec2_backend.get_launch_template_by_name(self._get_param("LaunchTemplateName"))
