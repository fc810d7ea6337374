"""Whose account, which region, what time is it there: refuse the wrong one before anything else."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field

import boto3
from botocore.config import Config

from hitless.clock import Clock, SystemClock
from hitless.errors import WrongTarget

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8}, user_agent_extra="hitless")
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1}, user_agent_extra="hitless")


@dataclass(frozen=True)
class Connection:
    """One account and region, one boto3 session, one clock.

    A second session would cost a quarter of a second a client (botocore reads its models again), so everybody shares
    this one.
    """

    session: boto3.Session
    clock: Clock
    account_id: str
    region: str
    _clients: dict[object, object] = field(default_factory=dict)

    def client(self, service: str):
        """The boto3 client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, config=RETRIES)
        return self._clients[service]

    def once(self, service: str):
        """A client that sends each call once: whoever sends a write again must look first; see `hitless.delivery`."""
        if (service, ONCE) not in self._clients:
            self._clients[service, ONCE] = self.session.client(service, config=ONCE)
        return self._clients[service, ONCE]

    @property
    def place(self) -> str:
        """Where this is, for people and captions: an account and region, or the lab and its pace."""
        rate = getattr(self.clock, "rate", 1.0)
        if math.isinf(rate):
            return "rehearsal, on virtual time"
        return f"lab, {rate:g}×" if rate != 1 else f"{self.account_id} {self.region}"

    @property
    def environment(self) -> str:
        """`lab` or `aws`, by where the SDK was told to send its calls."""
        return "lab" if os.environ.get("AWS_ENDPOINT_URL") else "aws"


def connect(*, account_id: str = "", region: str = "") -> Connection:
    """Ask AWS who we are and set the clock by its answer.

    Args:
        account_id: Twelve digits the caller must belong to; "" accepts any, which only the lab should.
        region: AWS region; the environment's by default.

    Returns:
        A connection whose clock runs on AWS time (lab time in the lab).

    Raises:
        WrongTarget: The caller's account is another one, or no region is known.

    Calls:
        sts:GetCallerIdentity.
    """
    session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))  # boto3 reads only AWS_DEFAULT_REGION
    if session.region_name is None:
        raise WrongTarget("No AWS region is known.", do="export AWS_REGION, or name the region in the parameters")
    answer = session.client("sts", config=RETRIES).get_caller_identity()
    clock = SystemClock.from_date_header(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    if account_id and answer["Account"] != account_id:
        raise WrongTarget(
            "These credentials belong to another account than the one named.",
            seen={"named": account_id, "caller": answer["Account"], "as": answer["Arn"]},
            do="assume a role in the named account, or name the account you mean",
        )
    return Connection(session, clock, answer["Account"], session.region_name)
