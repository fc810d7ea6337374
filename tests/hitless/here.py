"""A connection to nowhere, for what asks AWS nothing."""

from hitless.clock import VirtualClock

START = 1_800_000_000.0


class Here:
    """As much of a `Connection` as a record needs."""

    account_id, region, session = "123456789012", "us-east-1", None

    def __init__(self, environment="lab"):
        self.environment, self.place = environment, f"{environment}, a test"
        self.clock = VirtualClock(START)
