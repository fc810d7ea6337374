"""What a mixed instances policy says of the next host: on demand or Spot, and of which type."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from awslab.machines.events import LaunchSpec

ON_DEMAND, SPOT = "on-demand", "spot"


@dataclass(frozen=True, slots=True)
class Mix:
    """MixedInstancesPolicy, as far as it decides.

    Attributes:
        instance_types: The overrides, in order; empty: the launch template's own.
        on_demand_base: So many are on demand first.
        on_demand_percent: Of those above the base, 0 to 100.
    """

    instance_types: tuple[str, ...] = ()
    on_demand_base: int = 0
    on_demand_percent: int = 100  # AWS: default of OnDemandPercentageAboveBaseCapacity

    def next_market(self, there: Collection[LaunchSpec]) -> str:
        """Which market the next instance comes from, given those there are; AWS rounds the on-demand share up."""
        above = max(0, len(there) + 1 - self.on_demand_base)
        on_demand = self.on_demand_base + math.ceil(above * self.on_demand_percent / 100)
        return ON_DEMAND if sum(spec.market == ON_DEMAND for spec in there) < on_demand else SPOT

    def next_type(self, market: str, there: Collection[LaunchSpec]) -> str:
        """Which type; "" for the template's own.

        On demand the first named, as by AWS's `prioritized`. Which Spot pool is deepest only AWS knows; here it is the
        type there is least of.
        """
        if market == ON_DEMAND:
            return next(iter(self.instance_types), "")
        have = Counter(spec.instance_type for spec in there)
        return min(self.instance_types, key=have.__getitem__, default="")
