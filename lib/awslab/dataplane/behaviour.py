"""How a simulated task behaves, read from the same environment variables as the real app (`app/settings.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

REQUEST_S = 0.05  # what a request to the app takes when nothing slows it; a choice of the lab, not a fact of AWS
EXIT_BAD_SETTINGS = 2  # the app refuses settings it can't read, and says so, before it listens
DRAIN_QUIET_S = 1.0
DRAIN_MAX_S = 25.0
NEVER = float("inf")
PORT_MAX = 65535


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one release does, well or badly. Seconds count from the start of the process.

    Attributes:
        exit_on_start: Exit code with which the process ends at once; None lets it live.
        exit_after_s: When it crashes, with exit code 1.
        fail_health_after_s: When `/healthz` starts to answer 503; 0 is never healthy.
        error_percent: Share of requests answered 500, 0 to 100, once `error_after_s` has passed.
        error_after_s: See `error_percent`.
        error_ports: Only requests by a listener on one of these ports fail so; empty: all.
        latency_s: Added to every answer.
        ignore_sigterm: Only SIGKILL ends it.
        drain_quiet_s: After SIGTERM, end when no request came for this long and none is open.
        drain_max_s: After SIGTERM, end at the latest after this long; 0 ends at once.
    """

    exit_on_start: int | None = None
    exit_after_s: float = NEVER
    fail_health_after_s: float = NEVER
    error_percent: int = 0
    error_after_s: float = 0.0
    error_ports: frozenset[int] = frozenset()
    latency_s: float = 0.0
    ignore_sigterm: bool = False
    drain_quiet_s: float = DRAIN_QUIET_S
    drain_max_s: float = DRAIN_MAX_S

    @property
    def request_s(self) -> float:
        """How long one request takes."""
        return REQUEST_S + self.latency_s

    def error_percent_at(self, age_s: float, listener_port: int) -> int:
        """Share of requests by a listener on this port that are answered 500 at this age of the process."""
        spared = self.error_ports and listener_port not in self.error_ports
        return 0 if spared or age_s < self.error_after_s else self.error_percent


def read_behaviour(environment: Mapping[str, str]) -> Behaviour:
    """Read the app's own environment variables; settings the app would refuse make it exit on start.

    Args:
        environment: The container's variables, the image's own under the task definition's.
    """
    try:
        return Behaviour(
            exit_on_start=_whole(environment, "EXIT_ON_START", 255) if environment.get("EXIT_ON_START") else None,
            exit_after_s=_seconds(environment, "EXIT_AFTER_S", NEVER),
            fail_health_after_s=_seconds(environment, "FAIL_HEALTH_AFTER_S", NEVER),
            error_percent=_whole(environment, "ERROR_PERCENT", 100),
            error_after_s=_seconds(environment, "ERROR_AFTER_S", 0.0),
            error_ports=_ports(environment, "ERROR_PORTS"),
            latency_s=_seconds(environment, "LATENCY_MS", 0.0) / 1000,
            ignore_sigterm=_flag(environment, "IGNORE_SIGTERM"),
            drain_quiet_s=_seconds(environment, "DRAIN_QUIET_S", DRAIN_QUIET_S),
            drain_max_s=_seconds(environment, "DRAIN_MAX_S", DRAIN_MAX_S),
        )
    except ValueError:
        return Behaviour(exit_on_start=EXIT_BAD_SETTINGS)


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    value = float(environment[name]) if environment.get(name) else default
    if not value >= 0:
        raise ValueError(name)
    return value


def _whole(environment: Mapping[str, str], name: str, most: int) -> int:
    text = environment.get(name) or "0"
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise ValueError(name)
    return int(text)


def _ports(environment: Mapping[str, str], name: str) -> frozenset[int]:
    text = environment.get(name) or ""
    ports = frozenset(_whole({name: port}, name, PORT_MAX) for port in text.split(",") if text)
    if 0 in ports:
        raise ValueError(name)
    return ports


def _flag(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name) or "0"
    if text not in ("0", "1", "false", "true"):
        raise ValueError(name)
    return text in ("1", "true")
