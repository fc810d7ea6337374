"""What a stack costs a month: the table's sums, and what is not in it."""

import pytest

from hitless.cost import INSTANCES, estimate, fargate_month, host_month
from hitless.terraform_inventory import Resource, by_module

RESOURCES = (
    Resource("module.traffic.aws_lb.this", "aws_lb"),
    Resource("module.network.aws_vpc_endpoint.s3", "aws_vpc_endpoint", 2, interface=False),
    Resource('module.network.aws_vpc_endpoint.interface["ecr.api"]', "aws_vpc_endpoint", 2, interface=True),
    Resource('module.network.aws_vpc_endpoint.interface["ecr.dkr"]', "aws_vpc_endpoint", 2, interface=True),
    Resource("module.network.aws_subnet.a", "aws_subnet"),
)


def test_only_what_costs_is_in_the_table_endpoints_by_zone_and_the_total_is_the_sum():
    table = estimate(4, "t3.medium", RESOURCES)
    assert dict(table["number"].iloc[:-1]) == {
        "t3.medium host": 4,
        "30 GiB gp3 volume of a host": 4,
        "interface endpoint, each zone": 4,
        "Application Load Balancer": 1,
    }
    assert table.loc["total", "USD a month"] == pytest.approx(4 * 0.0416 * 730 + 4 * 2.4 + 4 * 7.3 + 16.43, abs=0.02)


def test_twice_the_hosts_cost_twice_as_much():
    one, two = (estimate(n, "t3.medium", ()).loc["total", "USD a month"] for n in (1, 2))
    assert two == pytest.approx(2 * one, abs=0.02)


def test_an_unknown_type_has_no_price_rather_than_none():
    with pytest.raises(KeyError):
        estimate(1, "x9.enormous", ())
    with pytest.raises(ValueError, match="no size"):
        fargate_month(16, 1)


@pytest.mark.parametrize("instance_type", INSTANCES)
def test_a_host_costs_its_hours_and_its_volume(instance_type):
    assert host_month(instance_type) == pytest.approx(INSTANCES[instance_type].usd_per_hour * 730 + 2.4)


def test_a_fargate_task_costs_the_smallest_size_that_holds_it():
    assert fargate_month(0.25, 0.25) == fargate_month(0.2, 0.5) < fargate_month(0.25, 0.6)


def test_resources_are_counted_by_module_and_kind():
    table = by_module(RESOURCES)
    assert dict(table["resources"]) == {"network": 4, "traffic": 1}
    assert table.loc["network", "of these kinds"] == "subnet, 3 vpc_endpoint"
