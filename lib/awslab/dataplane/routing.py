"""Which target gets a request: a target group by the listener's weights, then the group's endpoints in turn."""

from __future__ import annotations

import random
from bisect import bisect_right
from itertools import accumulate

from awslab.dataplane.target import Target

Endpoint = tuple[str, int]  # target id, port


class Router:
    """The routing tables as the control process told them.

    Args:
        seed: Same seed, same draws of target groups.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._targets: dict[Endpoint, Target] = {}
        self._groups: dict[str, list[Target]] = {}
        self._turn: dict[str, int] = {}
        self._weights: dict[str, tuple[list[str], list[int]]] = {}
        self._draw: dict[str, random.Random] = {}
        self._gone_hosts: set[str] = set()

    @property
    def targets(self) -> list[Target]:
        """Every target ever heard of, of which requests may still be open."""
        return list(self._targets.values())

    def target(self, target_id: str, port: int) -> Target:
        """The one at this endpoint, made when it is first heard of."""
        target = self._targets.get((target_id, port))
        if target is None:
            target = self._targets[target_id, port] = Target(target_id, port)
            target.host_gone = target_id in self._gone_hosts
        return target

    def move(self, target_id: str, port: int, loopback_port: int) -> None:
        """A target is at another loopback port now, or nowhere (0)."""
        target = self.target(target_id, port)
        target.loopback_port, target.is_starting = loopback_port, bool(loopback_port)
        target.close_idle()
        self._forget_unused(target)

    def lose_host(self, target_id: str) -> None:
        """Nothing answers at a host any more. An instance id never comes back."""
        self._gone_hosts.add(target_id)
        for target in self.targets:
            if target.target_id == target_id:
                target.host_gone = True
                target.close_idle()

    def weigh(self, listener_arn: str, weights: tuple[tuple[str, int], ...]) -> None:
        """New requests of a listener go to these groups from now on."""
        used = [(arn, weight) for arn, weight in weights if weight > 0]
        self._weights[listener_arn] = ([arn for arn, _ in used], list(accumulate(weight for _, weight in used)))
        self._draw.setdefault(listener_arn, random.Random(f"{self._seed}:{listener_arn}"))

    def forget_listener(self, listener_arn: str) -> None:
        """A listener is gone."""
        self._weights.pop(listener_arn, None)
        self._draw.pop(listener_arn, None)

    def route(self, target_group_arn: str, endpoints: tuple[Endpoint, ...]) -> None:
        """New requests of a group go to these from now on; those open elsewhere go on."""
        before = self._groups.get(target_group_arn, [])
        now = self._groups[target_group_arn] = [self.target(*endpoint) for endpoint in endpoints]
        for target in now:
            target.groups.add(target_group_arn)
        for target in before:
            if target not in now:
                target.leave(target_group_arn)
                self._forget_unused(target)

    def choose(self, listener_arn: str) -> tuple[str, Target | None]:
        """The target group and target of the next request; ("", None) when there is no group, (arn, None) no target."""
        arns, steps = self._weights.get(listener_arn, ((), ()))
        if not arns:
            return "", None
        arn = arns[0] if len(arns) == 1 else arns[bisect_right(steps, self._draw[listener_arn].random() * steps[-1])]
        endpoints = self._groups.get(arn)
        if not endpoints:
            return arn, None
        turn = self._turn[arn] = (self._turn.get(arn, -1) + 1) % len(endpoints)
        return arn, endpoints[turn]

    def _forget_unused(self, target: Target) -> None:
        if not (target.groups or target.exchanges or target.loopback_port):
            self._targets.pop((target.target_id, target.port), None)
