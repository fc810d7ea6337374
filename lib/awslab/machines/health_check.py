"""How a target group asks its targets whether they are well."""

from __future__ import annotations

from dataclasses import dataclass

# CreateTargetGroup's ranges for HTTP health checks of an Application Load Balancer.
INTERVAL_RANGE_S = (5, 300)
TIMEOUT_RANGE_S = (2, 120)
THRESHOLD_RANGE = (2, 10)
MATCHER_RANGE = (200, 499)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Settings of one group's health checks; the defaults are AWS's for HTTP and instance targets.

    Attributes:
        interval_s: From one check of a target to the next, 5-300, whatever the answer takes.
        timeout_s: No answer after this long is a failure, 2-120, below `interval_s`.
        healthy_threshold: Successes in a row that heal an unhealthy target, 2-10. A new target needs one.
        unhealthy_threshold: Failures in a row that make a target unhealthy, 2-10.
        matcher: Status codes of success, e.g. `200`, `200,202` or `200-299`.
        path: What is asked for.
    """

    interval_s: float = 30.0
    timeout_s: float = 5.0
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"
    path: str = "/"

    def matches(self, status: int) -> bool:
        """Whether an HTTP status is a success."""
        return any(low <= status <= high for low, high in ranges(self.matcher))


def ranges(matcher: str) -> list[tuple[int, int]]:
    """The (lowest, highest) status codes a matcher names.

    Raises:
        ValueError: It is not of the form `200`, `200,202` or `200-299`, or leaves 200-499.
    """
    found = []
    for part in matcher.split(","):
        low, dash, high = part.strip().partition("-")
        found.append((int(low), int(high if dash else low)))
        if not MATCHER_RANGE[0] <= found[-1][0] <= found[-1][1] <= MATCHER_RANGE[1]:
            raise ValueError(f"{matcher} is not within {MATCHER_RANGE[0]}-{MATCHER_RANGE[1]}")
    return found
