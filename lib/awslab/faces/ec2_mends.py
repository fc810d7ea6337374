"""What moto's EC2 forgets and Terraform reads back, mended in moto's own classes.

Each of these is a second `terraform plan` that is not empty. Importing this module is what applies them.
"""

from __future__ import annotations

from inspect import signature

from moto.ec2.models.security_groups import SecurityGroupRule

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
