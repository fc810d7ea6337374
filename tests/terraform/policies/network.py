"""Who can reach what."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .stack import Stacks, every, rule

WORLD = "0.0.0.0/0"
NEEDED = {"autoscaling", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs", "ssm", "ssmmessages"}
INGRESS, EGRESS = "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"


@rule
def the_load_balancer_reaches_dynamic_ports(stacks: Stacks) -> Iterator[str]:
    """The kernel gives tasks ports of this range; the container's own port would leave every target unhealthy."""
    for address, one in every(stacks, INGRESS):
        if address.endswith("from_load_balancer") and (one["from_port"], one["to_port"]) != (32768, 65535):
            yield address


@rule
def only_the_load_balancer_reaches_hosts(stacks: Stacks) -> Iterator[str]:
    """Hosts take requests from a security group, never from addresses."""
    for address, one in every(stacks, INGRESS):
        if ".compute." in address and (one["cidr_ipv4"] or one["cidr_ipv6"]):
            yield address


@rule
def the_world_uses_front_doors_only(stacks: Stacks) -> Iterator[str]:
    """An address block that is everybody belongs on 80 or 443 of a load balancer, if anywhere."""
    for address, one in every(stacks, INGRESS):
        if ".compute." not in address and one["cidr_ipv4"] == WORLD and one["from_port"] not in (80, 443):
            yield address


@rule
def nobody_logs_in_over_the_network(stacks: Stacks) -> Iterator[str]:
    """Sessions go through SSM: neither port 22 nor a key on a host; the load balancer's ports have their own rule."""
    for address, one in every(stacks, INGRESS):
        if address.endswith("from_load_balancer") or one["from_port"] is None:
            continue
        if one["from_port"] <= 22 <= one["to_port"]:
            yield address
    for address, one in every(stacks, "aws_launch_template"):
        if one["key_name"]:
            yield address


@rule
def nothing_leaves_for_anywhere(stacks: Stacks) -> Iterator[str]:
    """With endpoints nothing needs an address outside; no rule is for every protocol."""
    for address, one in every(stacks, EGRESS):
        if one["cidr_ipv4"] == WORLD or one["ip_protocol"] == "-1":
            yield address


@rule
def hosts_find_aws_inside(stacks: Stacks) -> Iterator[str]:
    """Each API that a host needs is an endpoint whose name resolves inside the VPC."""
    for name in ("dev", "prod"):
        found = {
            one["service_name"].split(".", 3)[3]
            for _, one in stacks[name].of("aws_vpc_endpoint")
            if one["vpc_endpoint_type"] == "Interface" and one["private_dns_enabled"]
        }
        if missing := NEEDED - found:
            yield f"{name}: {', '.join(sorted(missing))}"


@rule
def endpoints_serve_our_account_only(stacks: Stacks) -> Iterator[str]:
    """Those that take a policy have one: S3 for image layers, the others for principals of the account."""
    for address, one in every(stacks, "aws_vpc_endpoint"):
        if any(name in address for name in ('"ecs-agent"', '"ecs-telemetry"', '"ssmmessages"')):
            continue
        (said,) = json.loads(one["policy"] or '{"Statement": [{}]}')["Statement"]
        layers = str(said.get("Resource", "")).endswith("-starport-layer-bucket/*")
        if not layers and "aws:PrincipalAccount" not in said.get("Condition", {}).get("StringEquals", {}):
            yield address


@rule
def no_subnet_gives_public_addresses(stacks: Stacks) -> Iterator[str]:
    """The load balancer brings its own."""
    for address, one in every(stacks, "aws_subnet"):
        if one["map_public_ip_on_launch"]:
            yield address


@rule
def traffic_is_written_down(stacks: Stacks) -> Iterator[str]:
    """All of it, accepted and rejected."""
    for address, one in every(stacks, "aws_flow_log"):
        if one["traffic_type"] != "ALL":
            yield address
