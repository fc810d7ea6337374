"""What the environment says; anything it can't read is refused before the service listens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

COLOURS = {  # name: (accent, ink on the accent)
    "blue": ("#2563eb", "#ffffff"),
    "green": ("#15803d", "#ffffff"),
    "purple": ("#7c3aed", "#ffffff"),
    "orange": ("#c2410c", "#ffffff"),
    "red": ("#b91c1c", "#ffffff"),
    "teal": ("#0f766e", "#ffffff"),
    "pink": ("#be185d", "#ffffff"),
    "grey": ("#475569", "#ffffff"),
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:/-]{0,127}")  # goes into headers: nothing that could end one
NEVER = float("inf")
FRAMERS = {"nobody": "'none'", "loopback": "http://127.0.0.1:* http://localhost:*"}  # by who may frame the page
DRAIN_MAX_S = 25.0  # below ECS's default stop timeout of 30 s, so that SIGKILL never meets open work
KEEPALIVE_S = 75.0  # above ALB's idle timeout of 60 s: else the ALB may reuse a connection just being closed, a 502


class BadSetting(ValueError):
    """A variable does not mean anything to the service."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, by the name of its variable in lower case.

    Seconds are the platform's: on AWS real ones; where time runs faster (`HITLESS_CLOCK_RATE`), that much shorter. The
    faults (from `fail_health_after_s` on) make a bad release; seconds there count from the start of the process.

    Attributes:
        version: `APP_VERSION`, shown and sent in `x-hitless-version`.
        colour: `APP_COLOUR`, one of `COLOURS`.
        host: `HOST`, the address to listen on.
        port: `PORT`; 0 finds a free one.
        keepalive_s: `KEEPALIVE_S`: how long an idle connection is kept. Always real seconds.
        framed_by: `FRAMED_BY`, who may show the page in a frame: `nobody`, or pages of `loopback`, as JupyterLab's.
        drain_quiet_s: `DRAIN_QUIET_S`: after SIGTERM, end when no request came for this long and none is open.
        drain_max_s: `DRAIN_MAX_S`: after SIGTERM, end at the latest after this long.
        fail_health_after_s: When `/healthz` starts to answer 503; 0 is never healthy.
        error_percent: Share of requests answered 500, 0 to 100, once `error_after_s` has passed.
        error_after_s: See `error_percent`.
        error_ports: `ERROR_PORTS`, as "80,443": only requests that came by a load balancer's listener on one of these
            ports fail so; a release that looks well through the test listener. Empty: all requests.
        latency_s: `LATENCY_MS`: added to every answer. Always real milliseconds, as requests are real.
        ignore_sigterm: Only SIGKILL ends it.
        exit_on_start: Exit code with which the process ends before it listens; None lets it live.
        exit_after_s: When it crashes, with exit code 1.
    """

    version: str = "0.0.0"
    colour: str = "grey"
    host: str = "127.0.0.1"
    port: int = 8080
    keepalive_s: float = KEEPALIVE_S
    framed_by: str = "nobody"
    drain_quiet_s: float = 1.0
    drain_max_s: float = DRAIN_MAX_S
    fail_health_after_s: float = NEVER
    error_percent: int = 0
    error_after_s: float = 0.0
    error_ports: frozenset[int] = frozenset()
    latency_s: float = 0.0
    ignore_sigterm: bool = False
    exit_on_start: int | None = None
    exit_after_s: float = NEVER


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the variables; empty is the same as not set.

    Raises:
        BadSetting: One can't be read; the message names it and says what it may be.
    """
    rate = _number(environment, "HITLESS_CLOCK_RATE", 1.0)
    if not rate > 0:
        raise BadSetting(f"HITLESS_CLOCK_RATE={rate:g} must be above 0.")
    lapse = {name: _number(environment, name.upper(), default) / rate for name, default in _LAPSES.items()}
    return Settings(
        version=read_name(environment, "APP_VERSION", "0.0.0"),
        colour=_choice(environment, "APP_COLOUR", "grey", tuple(COLOURS)),
        host=read_name(environment, "HOST", "127.0.0.1"),
        port=_whole(environment, "PORT", 8080, 0, 65535),
        keepalive_s=_number(environment, "KEEPALIVE_S", KEEPALIVE_S),
        framed_by=_choice(environment, "FRAMED_BY", "nobody", tuple(FRAMERS)),
        error_percent=_whole(environment, "ERROR_PERCENT", 0, 0, 100),
        error_ports=_ports(environment, "ERROR_PORTS"),
        latency_s=_number(environment, "LATENCY_MS", 0.0) / 1000,
        ignore_sigterm=_choice(environment, "IGNORE_SIGTERM", "0", ("0", "1", "false", "true")) in ("1", "true"),
        exit_on_start=_whole(environment, "EXIT_ON_START", 0, 0, 255) if environment.get("EXIT_ON_START") else None,
        **lapse,
    )


_LAPSES = {
    "drain_quiet_s": 1.0,
    "drain_max_s": DRAIN_MAX_S,
    "fail_health_after_s": NEVER,
    "error_after_s": 0.0,
    "exit_after_s": NEVER,
}


def read_name(environment: Mapping[str, str], name: str, default: str) -> str:
    """A short printable word that is safe in a header.

    Raises:
        BadSetting: It is anything else.
    """
    value = environment.get(name) or default
    if not NAME.fullmatch(value):
        raise BadSetting(f"{name}={value[:64]!r} must be 1 to 128 letters, digits or ._+:/-")
    return value


def _choice(environment: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = environment.get(name) or default
    if value not in choices:
        raise BadSetting(f"{name}={value[:64]!r} must be one of {', '.join(choices)}.")
    return value


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name)
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not value >= 0:
        raise BadSetting(f"{name}={text!r} must be a number, 0 or more.")
    return value


def _whole(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise BadSetting(f"{name}={text[:64]!r} must be a whole number from {least} to {most}.")
    return int(text)


def _ports(environment: Mapping[str, str], name: str) -> frozenset[int]:
    text = environment.get(name) or ""
    return frozenset(_whole({name: port}, name, 0, 1, 65535) for port in text.split(",") if text)
