"""The machine images the lab knows, and which of them AWS recommends today.

On AWS the public SSM parameter moves when AWS publishes an AMI; in the lab when somebody publishes the next one
(`/_lab/` or `publish_next`). One image is broken on purpose: its ECS agent never connects.
"""

from __future__ import annotations

from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ssm.models import ssm_backends

from awslab.faces.inventory import ACCOUNT_ID

PARAMETER = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
ECS_OPTIMIZED = {  # in the order AWS would publish them
    "ami-0a10000000000ec51": "al2023-ami-ecs-hvm-2023.0.20260901-kernel-6.1-x86_64",
    "ami-0a10000000000ec52": "al2023-ami-ecs-hvm-2023.0.20261005-kernel-6.1-x86_64",
    "ami-0a10000000000ec53": "al2023-ami-ecs-hvm-2023.0.20261102-kernel-6.1-x86_64",
    "ami-0a10000000000ec54": "al2023-ami-ecs-hvm-2023.0.20261207-kernel-6.1-x86_64",
    "ami-0a10000000000ec55": "al2023-ami-ecs-hvm-2023.0.20270104-kernel-6.1-x86_64",
    "ami-0a10000000000ec56": "al2023-ami-ecs-hvm-2023.0.20270201-kernel-6.1-x86_64",
    "ami-0a10000000000ec57": "al2023-ami-ecs-hvm-2023.0.20270301-kernel-6.1-x86_64",
    "ami-0a10000000000ec58": "al2023-ami-ecs-hvm-2023.0.20270405-kernel-6.1-x86_64",
    "ami-0a10000000000ec59": "al2023-ami-ecs-hvm-2023.0.20270503-kernel-6.1-x86_64",
    "ami-0a10000000000ec5a": "al2023-ami-ecs-hvm-2023.0.20270607-kernel-6.1-x86_64",
    "ami-0a10000000000ec5b": "al2023-ami-ecs-hvm-2023.0.20270705-kernel-6.1-x86_64",
    "ami-0a10000000000ec5c": "al2023-ami-ecs-hvm-2023.0.20270802-kernel-6.1-x86_64",
}
BROKEN = {"ami-0bad000000000ec50": "al2023-ami-ecs-hvm-2023.0.20261116-agent-never-connects"}


def stock(region: str) -> None:
    """Put the images into EC2's catalogue and the oldest into the public parameter."""
    backend = ec2_backends[ACCOUNT_ID][region]
    for ami_id, name in (ECS_OPTIMIZED | BROKEN).items():
        backend.amis[ami_id] = Ami(
            backend,
            ami_id,
            name=name,
            description="Amazon Linux AMI 2023 x86_64 ECS HVM EBS",
            owner_id="591542846629",  # Amazon's account for ECS-optimised AMIs
            owner_alias="amazon",
            public=True,
            virtualization_type="hvm",
            architecture="x86_64",
            root_device_type="ebs",
            root_device_name="/dev/xvda",
            region_name=region,
        )
    recommend(region, next(iter(ECS_OPTIMIZED)))


def recommended(region: str) -> str:
    """The AMI the public parameter names."""
    return _versions(region)[-1].value


def recommend(region: str, ami_id: str) -> None:
    """Let the public parameter name `ami_id`; KeyError when the lab has no such image."""
    assert ami_id in ECS_OPTIMIZED | BROKEN, ami_id
    current = _versions(region)[-1]
    current.value, current.version = ami_id, current.version + 1


def publish_next(region: str) -> str:
    """AWS publishes the next image: its id; the newest stays the newest."""
    known = list(ECS_OPTIMIZED)
    position = known.index(recommended(region)) if recommended(region) in known else 0
    ami_id = known[min(position + 1, len(known) - 1)]
    recommend(region, ami_id)
    return ami_id


def _versions(region: str) -> list:
    return ssm_backends[ACCOUNT_ID][region]._parameters[PARAMETER]
