"""What a listener should forward to while a deployment shifts traffic from one target group to another."""

from __future__ import annotations

from awslab.machines.deployment_configs import ALL_AT_ONCE, DeploymentConfig

Weights = tuple[tuple[str, int], ...]


def is_behind(target_group_arn: str, weights: Weights | None) -> bool:
    """A listener sends requests to a target group."""
    return dict(weights or ()).get(target_group_arn, 0) > 0


def both(weights: Weights, original_arn: str, replacement_arn: str) -> Weights:
    """All traffic to the original, none to the replacement, which is health-checked from now on.

    AWS keeps the order that the listener has.
    """
    missing = [arn for arn in (original_arn, replacement_arn) if arn not in dict(weights)]
    return split((*weights, *((arn, 0) for arn in missing)), original_arn, replacement_arn, 0)


def split(weights: Weights, original_arn: str, replacement_arn: str, percent: int) -> Weights:
    """`percent` of traffic to the replacement, the rest to the original, in the order that the listener has."""
    shares = {original_arn: 100 - percent, replacement_arn: percent}
    known = [arn for arn, _ in weights if arn in shares]
    if len(known) < 2 and percent in (0, 100):  # a listener that forwards to one group at a time goes on so
        return ((replacement_arn if percent else original_arn, 1),)
    missing = [arn for arn in shares if arn not in known]
    return tuple((arn, shares[arn]) for arn in (*known, *missing))


def percent_of(target_group_arn: str, weights: Weights | None) -> float:
    """A target group's share of a listener's requests, percent."""
    total = sum(weight for _, weight in weights or ())
    return 100.0 * dict(weights or ()).get(target_group_arn, 0) / total if total else 0.0


def in_turns(config: DeploymentConfig) -> bool:
    """Both target groups take requests for a while, so both are behind the listener from Install on.

    AWS: an all-at-once deployment leaves the replacement's group out of every listener until it gets traffic, so its
    targets are `unused` and not checked.
    """
    return config.kind != ALL_AT_ONCE
