"""What moto's EC2 forgets and Terraform reads back, mended in moto's own classes.

Each of these is a second `terraform plan` that is not empty. And what moto looks for too long: the tags of one resource
among those of all, which took a third of a look at a thousand hosts. Importing this module is what applies them.
"""

from __future__ import annotations

from inspect import signature

from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.tags import EC2_PREFIX_TO_RESOURCE
from moto.ec2.utils import get_prefix

_plain_init = SecurityGroupRule.__init__
_plain_signature = signature(_plain_init)


def _init(self: SecurityGroupRule, *arguments: object, **named: object) -> None:
    """Remember the description of a rule whatever its source; moto reads it from IP ranges alone."""
    _plain_init(self, *arguments, **named)
    prefix_list = _plain_signature.bind(self, *arguments, **named).arguments.get("prefix_list_id") or {}
    self.source_group = dict(self.source_group)
    self.own_description = self.source_group.pop("Description", None) or prefix_list.get("Description")


def _description(self: SecurityGroupRule) -> str | None:
    return self.ip_range.get("Description") or self.own_description


SecurityGroupRule.__init__ = _init
SecurityGroupRule.description = property(_description)


def _tags(self: TaggedEC2Resource) -> list[dict[str, str]]:
    """What `describe_tags` finds for this resource."""
    kind, own = EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.id or ""), ""), self.ec2_backend.tags.get(self.id) or {}
    return [{"resource_id": self.id, "key": k, "value": v, "resource_type": kind} for k, v in own.items()]


TaggedEC2Resource.get_tags = _tags
