"""What a stack costs a month, from a small table of list prices with a date on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from hitless.terraform_inventory import Resource

PRICED = "2026-11"
REGION = "us-east-1"
HOURS_PER_MONTH = 730


@dataclass(frozen=True)
class Price:
    """A list price, US dollars an hour on demand, Linux."""

    what: str
    usd_per_hour: float
    note: str = ""


# A dated copy of AWS's on-demand list prices, so check it before you budget. Not here: traffic, logs, tax, discounts.
INSTANCES = {
    "t3.small": Price("t3.small host", 0.0208),
    "t3.medium": Price("t3.medium host", 0.0416),
    "t3.large": Price("t3.large host", 0.0832),
    "m5.large": Price("m5.large host", 0.096),
    "m6i.large": Price("m6i.large host", 0.096),
}
BY_TYPE = {
    "aws_lb": Price("Application Load Balancer", 0.0225, "and $0.008 an hour for each capacity unit in use"),
    "aws_nat_gateway": Price("NAT gateway", 0.045, "and $0.045 a GB"),
    "aws_kms_key": Price("KMS key", 1 / HOURS_PER_MONTH),
    "aws_cloudwatch_metric_alarm": Price("metric alarm", 0.10 / HOURS_PER_MONTH),
}
ENDPOINT = Price("interface endpoint, each zone", 0.01, "and $0.01 a GB")
VOLUME_GIB, VOLUME = 30, Price("30 GiB gp3 volume of a host", 30 * 0.08 / HOURS_PER_MONTH)
FARGATE_VCPU_HOUR, FARGATE_GIB_HOUR = 0.04048, 0.004445
FARGATE_SIZES = ((0.25, (0.5, 1, 2)), (0.5, (1, 2, 3, 4)), (1.0, (2, 3, 4, 5, 6, 7, 8)))
"""vCPU and the GiB that go with it: the smallest that holds a task is what it costs."""


def estimate(hosts: int, instance_type: str, resources: Iterable[Resource]) -> pd.DataFrame:
    """The standing cost of a stack: what it costs when nobody comes.

    Args:
        hosts: Running hosts.
        instance_type: Their type.
        resources: Everything else that was or would be made.

    Raises:
        KeyError: The instance type has no price here.
    """
    rows = [(INSTANCES[instance_type], hosts), (VOLUME, hosts), *_others(resources)]
    table = pd.DataFrame(
        [(p.what, n, round(p.usd_per_hour * HOURS_PER_MONTH * n, 2), p.note) for p, n in rows],
        columns=["what", "number", "USD a month", "usage comes on top"],
    )
    total = pd.DataFrame([("total", "", round(table["USD a month"].sum(), 2), f"list prices of {PRICED}, {REGION}")])
    total.columns = table.columns
    return pd.concat([table, total], ignore_index=True).set_index("what")


def _others(resources: Iterable[Resource]) -> list[tuple[Price, int]]:
    counted: Counter[Price] = Counter()
    for one in resources:
        if one.type == "aws_vpc_endpoint" and one.interface:
            counted[ENDPOINT] += one.zones
        elif one.type in BY_TYPE:
            counted[BY_TYPE[one.type]] += 1
    return sorted(counted.items(), key=lambda row: -row[0].usd_per_hour * row[1])


def fargate_month(vcpu: float, gib: float) -> float:
    """US dollars a month for one Fargate task that holds this much.

    Raises:
        ValueError: No size here holds it.
    """
    for size, memories in FARGATE_SIZES:
        for memory in memories:
            if size >= vcpu and memory >= gib:
                return HOURS_PER_MONTH * (size * FARGATE_VCPU_HOUR + memory * FARGATE_GIB_HOUR)
    raise ValueError(f"no size in the table holds {vcpu} vCPU and {gib} GiB")


def host_month(instance_type: str) -> float:
    """US dollars a month for one host and its volume."""
    return HOURS_PER_MONTH * (INSTANCES[instance_type].usd_per_hour + VOLUME.usd_per_hour)
