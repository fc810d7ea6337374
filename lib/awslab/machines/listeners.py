"""Which listeners are open, what they forward to, and on which loopback port the data plane serves them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from awslab.machines.events import (
    IdleTimeoutChanged,
    ListenerBound,
    ListenerClosed,
    ListenerOpened,
    WeightsChanged,
    WeightsRequested,
)
from awslab.machines.machine import Event, Machine

WEIGHT_RANGE = (0, 999)  # TargetGroupTuple.Weight
FORWARD_GROUPS_MAX = 5  # target groups of one forward action


class NoSuchListener(Exception):
    """There is no listener with this ARN."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener as the data plane needs to know it.

    Attributes:
        load_balancer_arn: Whose it is.
        port: The configured one, 1-65535.
        idle_timeout_s: Of its load balancer, 1-4000.
        weights: ((target group ARN, weight 0-999), …) of its default action, in the order given.
        host_port: Loopback port, 0 until the data plane has bound it.
    """

    load_balancer_arn: str
    port: int
    idle_timeout_s: float
    weights: tuple[tuple[str, int], ...]
    host_port: int = 0


class Listeners(Machine):
    """Every open listener of the lab, by ARN."""

    name = "listeners"
    hears = (ListenerBound, WeightsRequested)

    def __init__(self) -> None:
        self.by_arn: dict[str, Listener] = {}

    @property
    def listener_ports(self) -> dict[str, int]:
        """Loopback port by listener ARN, of those the data plane serves."""
        return {arn: one.host_port for arn, one in self.by_arn.items() if one.host_port}

    def put(self, listener_arn: str, wanted: Listener) -> list[Event]:
        """Open a listener, or change it to what is wanted; another port is a new listener with the old ARN."""
        known = self.by_arn.get(listener_arn)
        if known is not None and known.port != wanted.port:
            return [*self.close(listener_arn), *self.put(listener_arn, wanted)]
        self.by_arn[listener_arn] = replace(wanted, host_port=known.host_port if known else 0)
        events: list[Event] = []
        if known is None:
            events.append(
                ListenerOpened(
                    listener_arn=listener_arn,
                    load_balancer_arn=wanted.load_balancer_arn,
                    port=wanted.port,
                    idle_timeout_s=wanted.idle_timeout_s,
                )
            )
        elif known.idle_timeout_s != wanted.idle_timeout_s:
            events.append(IdleTimeoutChanged(listener_arn=listener_arn, idle_timeout_s=wanted.idle_timeout_s))
        if known is None or known.weights != wanted.weights:
            events.append(WeightsChanged(listener_arn=listener_arn, weights=wanted.weights))
        return events

    def weigh(self, listener_arn: str, weights: tuple[tuple[str, int], ...]) -> list[Event]:
        """Change what the default action forwards to; NoSuchListener when there is none."""
        if listener_arn not in self.by_arn:
            raise NoSuchListener(listener_arn)
        return self.put(listener_arn, replace(self.by_arn[listener_arn], weights=weights))

    def close(self, listener_arn: str) -> list[Event]:
        """Close one; harmless when it is not open."""
        return [ListenerClosed(listener_arn=listener_arn)] if self.by_arn.pop(listener_arn, None) else []

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """The data plane bound a port; somebody inside the lab (CodeDeploy) wants other weights."""
        known = self.by_arn.get(event.listener_arn)
        match event:
            case ListenerBound() if known is not None:
                self.by_arn[event.listener_arn] = replace(known, host_port=event.host_port)
            case WeightsRequested() if known is not None:
                return self.weigh(event.listener_arn, event.weights)
        return ()
