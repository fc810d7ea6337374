"""Refuses durations too short for the rate the lab runs at: real requests would be lost that AWS would keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from awslab.dataplane.ratelaw import check_rate
from awslab.faces.inventory import AwsError
from hitless.errors import Refused

if TYPE_CHECKING:
    from awslab.lab import Lab


def check_durations(lab: Lab, code: str = "ValidationError", **durations_s: float) -> None:
    """Refuse what only a slower lab could keep; while requests are simulated, any duration is fine.

    Args:
        lab: Its clock has a rate, its plane carries real requests or does not.
        code: AWS's error code for a bad value of that service.
        **durations_s: `deregistration_delay_s`, `stop_timeout_s`, `health_check_timeout_s`, `idle_timeout_s`; lab
            seconds. Those not given are not in question.

    Raises:
        AwsError: The rate is too high for one of them; the message says what, how much and what to do.
    """
    if not getattr(lab.plane, "carries_real_requests", False):
        return
    asked = {"deregistration_delay_s": 0.0, "stop_timeout_s": 0.0, "health_check_timeout_s": 0.0, **durations_s}
    try:
        check_rate(lab.clock.rate, **asked)
    except Refused as why:
        raise AwsError(code, str(why)) from why
