"""The parts of one running service, found from its cluster and service names."""

from __future__ import annotations

from dataclasses import dataclass

from hitless.connect import Connection
from hitless.errors import WrongTarget

TEST_PORTS = (8080, 8443)


@dataclass(frozen=True)
class Stack:
    """Names and ARNs of what serves the traffic."""

    cluster_name: str
    service_name: str
    capacity_provider_name: str
    group_name: str
    load_balancer_arn: str
    load_balancer_dns: str
    listener_arns: dict[int, str]  # by port
    target_group_arns: tuple[str, ...]  # of those listeners, blue and green

    @property
    def production_port(self) -> int:
        """The port users come to."""
        return min(port for port in self.listener_arns if port not in TEST_PORTS)

    @property
    def production_listener_arn(self) -> str:
        """The listener users come through."""
        return self.listener_arns[self.production_port]


def read_stack(here: Connection, cluster_name: str, service_name: str) -> Stack:
    """Find everything that serves one ECS service.

    Raises:
        WrongTarget: There is no such active service, or it is not on EC2 behind a load balancer.

    Calls:
        ecs:DescribeServices, ecs:DescribeCapacityProviders, elasticloadbalancing:DescribeTargetGroups,
        DescribeLoadBalancers, DescribeListeners.
    """
    found = _services(here, cluster_name, service_name)
    if not found or found[0]["status"] != "ACTIVE":
        raise WrongTarget(
            f"There is no active service {service_name} in cluster {cluster_name}.",
            seen={"account": here.account_id, "region": here.region},
            do="name another one, or provision it with runbooks/10-provision.ipynb",
        )
    service = found[0]
    provider, group_name = _capacity(here, service)
    balancer, listeners, groups = _traffic(here, service)
    return Stack(
        cluster_name,
        service_name,
        provider,
        group_name,
        balancer["LoadBalancerArn"],
        balancer["DNSName"],
        {listener["Port"]: listener["ListenerArn"] for listener in listeners},
        groups,
    )


def _services(here: Connection, cluster_name: str, service_name: str) -> list[dict]:
    ecs = here.client("ecs")
    try:
        return ecs.describe_services(cluster=cluster_name, services=[service_name])["services"]
    except ecs.exceptions.ClusterNotFoundException:
        return []


def _capacity(here: Connection, service: dict) -> tuple[str, str]:
    strategy = service.get("capacityProviderStrategy") or []
    sets = service.get("taskSets") or []
    strategy = strategy or (sets[0].get("capacityProviderStrategy") if sets else None) or []
    if not strategy:
        raise WrongTarget(
            f"{service['serviceName']} has no capacity provider, so nothing ties it to an Auto Scaling group.",
            do="give the service a capacityProviderStrategy",
        )
    name = strategy[0]["capacityProvider"]
    provider = here.client("ecs").describe_capacity_providers(capacityProviders=[name])["capacityProviders"][0]
    return name, provider["autoScalingGroupProvider"]["autoScalingGroupArn"].rpartition("/")[2]


def _traffic(here: Connection, service: dict) -> tuple[dict, list[dict], tuple[str, ...]]:
    attached = [b for b in _load_balancers(service) if "targetGroupArn" in b]
    if not attached:
        raise WrongTarget(f"{service['serviceName']} is behind no load balancer.", do="attach a target group")
    elb = here.client("elbv2")
    first = elb.describe_target_groups(TargetGroupArns=[attached[0]["targetGroupArn"]])["TargetGroups"][0]
    arn = first["LoadBalancerArns"][0]
    balancer = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    listeners = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    groups = elb.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"]
    return balancer, listeners, tuple(group["TargetGroupArn"] for group in groups)


def _load_balancers(service: dict) -> list[dict]:
    task_sets = service.get("taskSets") or []
    return [*(service.get("loadBalancers") or []), *(b for s in task_sets for b in s.get("loadBalancers") or [])]
