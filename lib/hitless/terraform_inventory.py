"""The resources a plan would make or a state holds, by module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from hitless.terraform import Terraform
from hitless.terraform_plan import Plan


@dataclass(frozen=True)
class Resource:
    """One managed resource.

    Attributes:
        address: `module.compute.aws_autoscaling_group.this`.
        type: `aws_autoscaling_group`.
        zones: Subnets it lies in, where it says so; a price may count them.
        interface: Whether it is an interface endpoint.
    """

    address: str
    type: str
    zones: int = 1
    interface: bool = False

    @property
    def module(self) -> str:
        """The module it belongs to; "" for the root."""
        return self.address.split(".")[1] if self.address.startswith("module.") else ""


def in_state(terraform: Terraform) -> tuple[Resource, ...]:
    """What the state holds; nothing before the first apply."""
    values = terraform.show().get("values") or {}
    return tuple(sorted(_resources(values.get("root_module") or {}, 1), key=lambda one: one.address))


def in_plan(terraform: Terraform, plan: Plan, *, zones: int = 2) -> tuple[Resource, ...]:
    """What there would be after a plan.

    Args:
        terraform: Whose plan.
        plan: The plan.
        zones: Subnets of a resource whose subnets are not made yet.
    """
    values = terraform.show(plan.path)["planned_values"]
    return tuple(sorted(_resources(values["root_module"], zones), key=lambda one: one.address))


def by_module(resources: Iterable[Resource]) -> pd.DataFrame:
    """How many resources each module has, and of which kinds, most first."""
    kinds: dict[str, Counter[str]] = {}
    for one in resources:
        kinds.setdefault(one.module or "root", Counter())[one.type.removeprefix("aws_")] += 1
    rows = [(module, counts.total(), _words(counts)) for module, counts in sorted(kinds.items())]
    return pd.DataFrame(rows, columns=["module", "resources", "of these kinds"]).set_index("module")


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in sorted(counts.items()))


def _resources(module: dict, zones: int) -> Iterator[Resource]:
    for one in module.get("resources", []):
        if one["mode"] == "managed":
            values = one.get("values") or {}
            interface = values.get("vpc_endpoint_type") == "Interface"
            yield Resource(one["address"], one["type"], len(values.get("subnet_ids") or []) or zones, interface)
    for child in module.get("child_modules", []):
        yield from _resources(child, zones)
