"""Which instances an instance refresh replaces, and which of them it may take as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from awslab.machines.events import LaunchSpec
from awslab.machines.instances import Instance, LifecycleState
from awslab.machines.mix import Mix
from awslab.machines.preferences import IGNORE, REFRESH, TERMINATE, Preferences

if TYPE_CHECKING:
    from awslab.machines.group import Group


def to_replace(group: Group, preferences: Preferences, target: LaunchSpec | None) -> list[str]:
    """Ids of those that are not as they shall be; `target` is what they shall be, None when that is not told."""
    matching = target if preferences.skip_matching else None
    return [
        one.instance_id
        for one in group.instances.values()
        if not one.leaving
        and not (matching is not None and _matches(one.spec, matching, group.mix))
        and not _ignored(one, preferences)
    ]


def may_leave(one: Instance, preferences: Preferences) -> bool:
    """Whether it can be taken now: neither in Standby nor protected, or that was said not to matter."""
    if one.lifecycle_state is LifecycleState.STANDBY:
        return preferences.standby_instances == TERMINATE
    return not one.protected or preferences.scale_in_protected_instances == REFRESH


def _ignored(one: Instance, preferences: Preferences) -> bool:
    if one.lifecycle_state is LifecycleState.STANDBY:
        return preferences.standby_instances == IGNORE
    return one.protected and preferences.scale_in_protected_instances == IGNORE


def _matches(spec: LaunchSpec, target: LaunchSpec, mix: Mix | None) -> bool:
    """Skip matching compares the template, its version and the type (any of a mix), nothing user data fetches."""
    if mix is not None and spec.instance_type in mix.instance_types:
        size = {"instance_type": spec.instance_type, "vcpus": spec.vcpus, "memory_mib": spec.memory_mib}
        target = replace(target, **size)
    return replace(spec, user_data="") == replace(target, user_data="", market=spec.market)
