"""Where users reach a service, and how its traffic is divided."""

from __future__ import annotations

from hitless.connect import Connection
from hitless.stack import Stack

MAPPED = "lab.endpoint"  # a listener attribute only a load balancer on loopback has: where its port really is


def endpoint_url(here: Connection, stack: Stack, port: int = 0) -> str:
    """The address of a listener.

    Args:
        here: Whose account.
        stack: The service's parts.
        port: The listener's port; the production listener's by default.

    Calls:
        elasticloadbalancing:DescribeListenerAttributes.
    """
    port = port or stack.production_port
    answer = here.client("elbv2").describe_listener_attributes(ListenerArn=stack.listener_arns[port])
    attributes = {attribute["Key"]: attribute["Value"] for attribute in answer["Attributes"]}
    scheme = "https" if port in (443, 8443) else "http"
    return attributes.get(MAPPED) or f"{scheme}://{stack.load_balancer_dns}:{port}"


def read_weights(here: Connection, stack: Stack) -> dict[str, int]:
    """The production listener's weights: {target group name: percent of new requests}.

    Calls:
        elasticloadbalancing:DescribeListeners.
    """
    answer = here.client("elbv2").describe_listeners(ListenerArns=[stack.production_listener_arn])
    action = answer["Listeners"][0]["DefaultActions"][0]
    forward = action.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    weights = {group["TargetGroupArn"].split("/")[1]: group.get("Weight", 1) for group in forward}
    total = sum(weights.values())
    return {name: round(100 * weight / total) if total else 0 for name, weight in weights.items()}
