"""How fast lab time may run before the lab loses requests that AWS would keep.

Durations that AWS's API configures pass `rate` times as fast; requests and health answers are real. A request of
`request_s_max` real seconds lasts `request_s_max * rate` lab seconds, and must still fit into the deregistration delay
(else it is cut off), into the stop timeout (else its process is killed) and into the idle timeout (else it is answered
504). A health answer must fit into the health check's timeout, or a healthy target is found unhealthy.
"""

from __future__ import annotations

from hitless.errors import Refused

REQUEST_S_MAX = 0.5  # the longest request the lab promises to keep, real seconds
HEALTH_ANSWER_S_MAX = 0.05  # on a busy laptop; an idle one answers in 2 ms
IDLE_TIMEOUT_S = 60.0  # AWS's default idle_timeout.timeout_seconds


def max_rate(
    deregistration_delay_s: float,
    stop_timeout_s: float,
    health_check_timeout_s: float,
    request_s_max: float = REQUEST_S_MAX,
    health_answer_s_max: float = HEALTH_ANSWER_S_MAX,
    idle_timeout_s: float = IDLE_TIMEOUT_S,
) -> float:
    """The highest honest rate, lab seconds a real second.

    Args:
        deregistration_delay_s: The target group's, lab seconds; 0 means the service cuts requests off on AWS as well.
        stop_timeout_s: The container's stopTimeout, lab seconds.
        health_check_timeout_s: The target group's HealthCheckTimeoutSeconds, lab seconds.
        request_s_max: The longest request, real seconds, > 0.
        health_answer_s_max: The slowest health answer, real seconds, > 0.
        idle_timeout_s: The load balancer's, lab seconds.
    """
    lapses = _lapses(deregistration_delay_s, stop_timeout_s, health_check_timeout_s, idle_timeout_s)
    real = {"request": request_s_max, "health answer": health_answer_s_max}
    # A delay configured as 0 promises nothing, on AWS neither, so there is nothing a rate could break.
    return min((lapse_s / real[what] for _, lapse_s, what in lapses if lapse_s > 0), default=float("inf"))


def check_rate(
    rate: float,
    *,
    deregistration_delay_s: float,
    stop_timeout_s: float,
    health_check_timeout_s: float,
    request_s_max: float = REQUEST_S_MAX,
    health_answer_s_max: float = HEALTH_ANSWER_S_MAX,
    idle_timeout_s: float = IDLE_TIMEOUT_S,
) -> None:
    """Refuse a rate above `max_rate` of the same arguments.

    Raises:
        Refused: Requests would be lost that AWS would keep. The lab must not start, or not take the setting.
    """
    lapses = (deregistration_delay_s, stop_timeout_s, health_check_timeout_s)
    most = max_rate(*lapses, request_s_max, health_answer_s_max, idle_timeout_s)
    if rate <= most:
        return
    real = {"request": request_s_max, "health answer": health_answer_s_max}
    seen = {
        name: f"{lapse_s:g} lab s is {lapse_s / rate:.3g} real s, and a {what} may take {real[what]:g} s"
        for name, lapse_s, what in _lapses(*lapses, idle_timeout_s)
        if 0 < lapse_s < rate * real[what]
    }
    raise Refused(
        f"Lab time would run {rate:g} times as fast as real time, and requests would be lost that AWS would keep.",
        seen={"rate": f"{rate:g}, at most {most:g}", **seen},
        do=f"Run the lab with --rate {most:g} or less, or configure longer durations.",
    )


def _lapses(deregistration_delay_s: float, stop_timeout_s: float, health_check_timeout_s: float, idle_timeout_s: float):
    return (
        ("deregistration delay", deregistration_delay_s, "request"),
        ("stop timeout", stop_timeout_s, "request"),
        ("idle timeout", idle_timeout_s, "request"),
        ("health check timeout", health_check_timeout_s, "health answer"),
    )
