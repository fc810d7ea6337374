"""Between moto's books of listeners and the machines: what changes in one is told to the other."""

from __future__ import annotations

from collections.abc import Iterable

from moto.elbv2.models import ELBv2Backend, FakeAction, FakeListener, elbv2_backends

from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.machines.events import WeightsChanged
from awslab.machines.listeners import FORWARD_GROUPS_MAX, WEIGHT_RANGE, Listener, Listeners
from awslab.machines.machine import Event, Machine
from awslab.world import World

IDLE_TIMEOUT = "idle_timeout.timeout_seconds"
IDLE_TIMEOUT_S, IDLE_TIMEOUT_RANGE_S = 60, (1, 4000)

Weights = tuple[tuple[str, int], ...]


def backend(region: str) -> ELBv2Backend:
    """moto's books of one region."""
    return elbv2_backends[ACCOUNT_ID][region]


def registry(world: World) -> Listeners:
    """The one registry of listeners."""
    return world.of(Listeners)[0]


def sync(world: World, region: str) -> None:
    """Tell the machines which listeners moto has now, and what they forward to."""
    wanted = {
        listener.arn: Listener(
            load_balancer_arn=balancer.arn,
            port=int(listener.port),
            idle_timeout_s=float(balancer.attrs.get(IDLE_TIMEOUT, IDLE_TIMEOUT_S)),
            weights=weights_of([action.data for action in listener.default_actions]),
        )
        for balancer in backend(region).load_balancers.values()
        for listener in balancer.listeners.values()
    }
    known = registry(world)
    for arn in [arn for arn in known.by_arn if arn not in wanted]:
        world.tell(known.close(arn))
    for arn, listener in wanted.items():
        world.tell(known.put(arn, listener))


def weights_of(actions: list[dict]) -> Weights:
    """What a listener's default actions forward to.

    Raises:
        AwsError: They are not one forward action, or one that AWS refuses.
    """
    if len(actions) != 1 or actions[0].get("Type") != "forward":
        raise AwsError("InvalidLoadBalancerAction", "The lab's listeners take exactly one default action: forward.")
    config = actions[0].get("ForwardConfig") or {}
    if (config.get("TargetGroupStickinessConfig") or {}).get("Enabled") in (True, "true"):
        raise AwsError("InvalidConfigurationRequest", "The lab does not imitate target group stickiness.")
    groups = config.get("TargetGroups") or [{"TargetGroupArn": actions[0].get("TargetGroupArn"), "Weight": 1}]
    weights = tuple((group["TargetGroupArn"], int(group.get("Weight", 1))) for group in groups)
    return _checked(weights)


def _checked(weights: Weights) -> Weights:
    if not weights[0][0]:
        raise AwsError("ValidationError", "A target group ARN must be specified")
    if len(weights) > FORWARD_GROUPS_MAX:
        raise AwsError(
            "TooManyUniqueTargetGroupsPerLoadBalancer",
            f"An action can forward to at most {FORWARD_GROUPS_MAX} target groups",
        )
    if len({arn for arn, _ in weights}) < len(weights):
        raise AwsError("ValidationError", "Target groups in a forward action must be unique")
    low, high = WEIGHT_RANGE
    for _, weight in weights:
        if not low <= weight <= high:
            raise AwsError("ValidationError", f"Target group weight '{weight}' must be between '{low}' and '{high}'")
    return weights


def check_association(weights: Weights, load_balancer_arn: str, region: str) -> None:
    """A target group serves one load balancer, and must exist."""
    books = backend(region)
    for arn, _ in weights:
        if arn not in books.target_groups:
            raise AwsError("TargetGroupNotFound", f"Target group '{arn}' not found")
        if load_balancers_of(arn, region) - {load_balancer_arn}:
            raise AwsError(
                "TargetGroupAssociationLimit",
                f"The following target groups cannot be associated with more than one load balancer: {arn}",
            )


def load_balancers_of(target_group_arn: str, region: str) -> set[str]:
    """ARNs of the load balancers with a listener that forwards to a target group."""
    return {
        balancer.arn
        for balancer in backend(region).load_balancers.values()
        for listener in balancer.listeners.values()
        if target_group_arn in dict(weights_of([action.data for action in listener.default_actions]))
    }


def find_listener(listener_arn: str, region: str) -> FakeListener | None:
    """One listener in moto's books."""
    for balancer in backend(region).load_balancers.values():
        if listener_arn in balancer.listeners:
            return balancer.listeners[listener_arn]
    return None


def forward_action(weights: Weights) -> dict:
    """A forward action as AWS describes it: `TargetGroupArn` only while there is a single group."""
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights]
    action = {
        "Type": "forward",
        "ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": False}},
    }
    return {**action, "TargetGroupArn": weights[0][0]} if len(weights) == 1 else action


class Mirror(Machine):
    """Writes the weights that machines set into moto, so that DescribeListeners tells them."""

    name = "elbv2-mirror"
    hears = (WeightsChanged,)

    def __init__(self, region: str) -> None:
        self._region = region

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Copy one change."""
        listener = find_listener(event.listener_arn, self._region)
        if listener is not None:
            actions = [FakeAction(forward_action(event.weights))]
            listener.default_actions = listener._default_rule[0].actions = actions
        return ()
