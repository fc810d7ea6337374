"""A target group: which targets are registered, how they are, and which of them get requests.

A target is one (id, port): a host registers once for every task on it. A target that is deregistered gets no new
requests, shows `draining` for the whole deregistration delay even when it is idle (the load balancer does not tell),
then is cut off and forgotten.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from awslab.machines.events import (
    EndpointsChanged,
    HealthChecked,
    HealthCheckRequested,
    InstanceTerminated,
    ListenerClosed,
    TargetCut,
    TargetDeregisterRequested,
    TargetHealthChanged,
    TargetRegisterRequested,
    WeightsChanged,
)
from awslab.machines.health_check import HealthCheck
from awslab.machines.machine import Event, Machine, Timers

DEREGISTRATION_DELAY_S = 300.0  # deregistration_delay.timeout_seconds: 0-3600, default 300
REGISTRATION_S = (1.0, 3.0)  # until the load balancer knows a new target and checks it first; AWS does not say

Key = tuple[str, int]  # target id, port


class TargetState(StrEnum):
    """DescribeTargetHealth's TargetHealth.State, those of an Application Load Balancer with instance targets."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNUSED = "unused"
    DRAINING = "draining"


S = TargetState
TRANSITIONS: dict[TargetState, tuple[TargetState, ...]] = {
    S.UNUSED: (S.INITIAL,),
    S.INITIAL: (S.INITIAL, S.HEALTHY, S.UNHEALTHY, S.UNUSED, S.DRAINING),
    S.HEALTHY: (S.UNHEALTHY, S.UNUSED, S.DRAINING),
    S.UNHEALTHY: (S.UNHEALTHY, S.HEALTHY, S.UNUSED, S.DRAINING),
    S.DRAINING: (S.INITIAL, S.UNUSED),
}
CHECKED = (S.INITIAL, S.HEALTHY, S.UNHEALTHY)

REGISTERING = ("Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = ("Elb.InitialHealthChecking", "Initial health checks in progress")
MISMATCH = "Target.ResponseCodeMismatch"
TIMEOUT = ("Target.Timeout", "Request timed out")
FAILED = ("Target.FailedHealthChecks", "Health checks failed")
NOT_IN_USE = ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
NOT_REGISTERED = ("Target.NotRegistered", "Target is not registered to the target group")
LEAVING = ("Target.DeregistrationInProgress", "Target deregistration is in progress")


@dataclass(slots=True, eq=False)
class Target:
    """One registered or draining (id, port)."""

    target_id: str
    port: int
    state: TargetState
    reason: str = ""
    description: str = ""
    in_a_row: int = 0  # > 0 successes, < 0 failures
    asked: bool = False  # a check is under way

    @property
    def registered(self) -> bool:
        """Not on its way out."""
        return self.state is not S.DRAINING

    def saw(self, success: bool) -> int:
        """Count one check; how many of the kind there were in a row."""
        same = (self.in_a_row > 0) == success and self.in_a_row != 0
        self.in_a_row = (self.in_a_row if same else 0) + (1 if success else -1)
        return abs(self.in_a_row)


class TargetGroup(Machine):
    """One target group of an Application Load Balancer.

    Args:
        arn: TargetGroupArn.
        rng: Draws how long a registration takes, and with it each target's phase of checking.
        check: Health check settings; may be replaced at any time, and counts from the next check on.
        deregistration_delay_s: 0-3600; may be changed at any time, and counts for later deregistrations.
    """

    hears = (
        TargetRegisterRequested,
        TargetDeregisterRequested,
        HealthChecked,
        InstanceTerminated,
        WeightsChanged,
        ListenerClosed,
    )

    def __init__(
        self,
        arn: str,
        *,
        rng: random.Random,
        check: HealthCheck | None = None,
        deregistration_delay_s: float = DEREGISTRATION_DELAY_S,
    ) -> None:
        self.arn = self.name = arn
        self.check = check or HealthCheck()
        self.deregistration_delay_s = deregistration_delay_s
        self.targets: dict[Key, Target] = {}
        self.listeners: set[str] = set()  # that forward here, with whatever weight
        self._rng = rng
        self._timers = Timers()
        self._routed: tuple[tuple[Key, ...], int] = ((), 0)

    @property
    def in_use(self) -> bool:
        """A listener forwards to it, be it with weight 0; a group that none uses is not checked."""
        return bool(self.listeners)

    @property
    def registered(self) -> list[Target]:
        """Every target that is not draining, oldest first."""
        return [t for t in self.targets.values() if t.state is not S.DRAINING]

    @property
    def fails_open(self) -> bool:
        """Nothing registered is healthy, so everything registered gets requests."""
        registered = self.registered
        return bool(registered) and all(t.state is not S.HEALTHY for t in registered)

    @property
    def endpoints(self) -> tuple[Key, ...]:
        """Who gets new requests now."""
        registered = self.registered
        healthy = [t for t in registered if t.state is S.HEALTHY]
        return tuple((t.target_id, t.port) for t in healthy or registered)

    # ---- commands of the API and of ECS

    def register(self, target_id: str, port: int, now: float) -> list[Event]:
        """RegisterTargets for one target; a registered one stays as it is, a draining one comes back."""
        known = self.targets.get((target_id, port))
        if known is not None and known.registered:
            return []
        return self._enter(target_id, port, now) + self._routes()

    def deregister(self, target_id: str, port: int, now: float) -> list[Event]:
        """DeregisterTargets for one target; a success also when it is not registered, as on AWS."""
        key = target_id, port
        target = self.targets.get(key)
        if target is None:
            return [self._gone(key)]
        if not target.registered:
            return []
        if target.state is S.UNUSED:  # no load balancer to drain it from
            del self.targets[key]
            self._timers.cancel(("check", key))
            return [self._gone(key), *self._routes()]
        return self._drain(target, now) + self._routes()

    # ---- time and events

    def wake_at(self) -> float | None:
        """The next check, or the next end of a drain."""
        return self._timers.next()

    def on_time(self, now: float) -> Iterable[Event]:
        """Check and cut off whoever is due."""
        events: list[Event] = []
        for kind, key in self._timers.pop_due(now):
            events += self._ask(self.targets[key], now) if kind == "check" else self._cut(key)
        return events + self._routes()

    def on_event(self, event: Event, now: float) -> Iterable[Event]:
        """Hear ECS, the plane, EC2 and the listeners."""
        match event:
            case WeightsChanged(listener_arn=listener, weights=weights):
                return self._use(listener, any(arn == self.arn for arn, _ in weights), now)
            case ListenerClosed(listener_arn=listener):
                return self._use(listener, False, now)
            case InstanceTerminated(instance_id=i):  # EC2 tells the load balancer, which lets the host's targets go
                keys = [key for key in self.targets if key[0] == i]
                return [e for key in keys for e in self.deregister(*key, now)]
        if event.target_group_arn != self.arn:
            return ()
        match event:
            case TargetRegisterRequested():
                return self.register(event.target_id, event.port, now)
            case TargetDeregisterRequested():
                return self.deregister(event.target_id, event.port, now)
            case HealthChecked():
                return self._answered(event) + self._routes()
        return ()

    # ---- coming and going

    def _enter(self, target_id: str, port: int, now: float) -> list[Event]:
        key = target_id, port
        self._timers.cancel(("drain", key))
        self.targets.pop(key, None)
        target = self.targets[key] = Target(target_id, port, S.UNUSED)
        if not self.in_use:
            target.reason, target.description = NOT_IN_USE
            return [self._changed(target)]
        self._timers.set(("check", key), now + self._rng.uniform(*REGISTRATION_S))
        return [self._move(target, S.INITIAL, REGISTERING)]

    def _drain(self, target: Target, now: float) -> list[Event]:
        key = target.target_id, target.port
        self._timers.cancel(("check", key))
        self._timers.set(("drain", key), now + self.deregistration_delay_s)
        return [self._move(target, S.DRAINING, LEAVING)]

    def _cut(self, key: Key) -> list[Event]:
        del self.targets[key]
        return [TargetCut(target_group_arn=self.arn, target_id=key[0], port=key[1]), self._gone(key)]

    def _use(self, listener_arn: str, uses: bool, now: float) -> list[Event]:
        before = self.in_use
        (self.listeners.add if uses else self.listeners.discard)(listener_arn)
        if self.in_use == before:
            return []
        events = []
        for key, target in self.targets.items():
            if not target.registered:
                continue
            target.in_a_row, target.asked = 0, False
            if self.in_use:
                self._timers.set(("check", key), now + self._rng.uniform(*REGISTRATION_S))
                events.append(self._move(target, S.INITIAL, CHECKING))
            else:
                self._timers.cancel(("check", key))
                events.append(self._move(target, S.UNUSED, NOT_IN_USE))
        return events + self._routes()

    # ---- checking

    def _ask(self, target: Target, now: float) -> list[Event]:
        self._timers.set(("check", (target.target_id, target.port)), now + self.check.interval_s)
        if target.asked:  # the plane answers every check, with a timeout if need be: a busy lab has not read it yet
            return []
        events: list[Event] = []
        if target.reason == REGISTERING[0]:
            events.append(self._move(target, S.INITIAL, CHECKING))
        target.asked = True
        return [
            *events,
            HealthCheckRequested(
                target_group_arn=self.arn,
                target_id=target.target_id,
                port=target.port,
                path=self.check.path,
                timeout_s=self.check.timeout_s,
            ),
        ]

    def _answered(self, event: HealthChecked) -> list[Event]:
        target = self.targets.get((event.target_id, event.port))
        if target is None or target.state not in CHECKED or not target.asked:
            return []
        target.asked = False
        if event.status:
            mismatch = MISMATCH, f"Health checks failed with these codes: [{event.status}]"
            return self._judge(target, self.check.matches(event.status), mismatch)
        return self._judge(target, False, TIMEOUT if event.error == "timeout" else FAILED)

    def _judge(self, target: Target, success: bool, why: tuple[str, str]) -> list[Event]:
        count = target.saw(success)
        if success:
            # The healthy threshold is for recovery only: a new target needs one success.
            enough = count >= (1 if target.state is S.INITIAL else self.check.healthy_threshold)
            return [self._move(target, S.HEALTHY, ("", ""))] if enough and target.state is not S.HEALTHY else []
        if count < self.check.unhealthy_threshold and target.state is not S.UNHEALTHY:
            return []
        known = target.state is S.UNHEALTHY and (target.reason, target.description) == why
        return [] if known else [self._move(target, S.UNHEALTHY, why)]

    # ---- telling

    def _move(self, target: Target, state: TargetState, why: tuple[str, str]) -> Event:
        assert state in TRANSITIONS[target.state], f"{target.target_id}:{target.port}: {target.state} -> {state}"
        target.state = state
        target.reason, target.description = why
        return self._changed(target)

    def _changed(self, target: Target) -> Event:
        return TargetHealthChanged(
            target_group_arn=self.arn,
            target_id=target.target_id,
            port=target.port,
            state=str(target.state),
            reason=target.reason,
            description=target.description,
        )

    def _gone(self, key: Key) -> Event:
        reason, description = NOT_REGISTERED
        return TargetHealthChanged(
            target_group_arn=self.arn,
            target_id=key[0],
            port=key[1],
            state=str(S.UNUSED),
            reason=reason,
            description=description,
        )

    def _routes(self) -> list[Event]:
        routed = self.endpoints, len(self.registered)
        if routed == self._routed:
            return []
        self._routed = routed
        return [EndpointsChanged(target_group_arn=self.arn, endpoints=routed[0], registered=routed[1])]
