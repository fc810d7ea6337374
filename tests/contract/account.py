"""Where a contract is held: the lab, always; and an AWS account, when the environment names the one it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import boto3
import pytest
from botocore.exceptions import ClientError

ACCOUNT = "HITLESS_CONTRACT_ACCOUNT"
ENDPOINT = "AWS_ENDPOINT_URL"


class NotThisAccount(Exception):
    """Nothing was called but GetCallerIdentity: these are not the credentials of the account that was named."""


@dataclass
class Place:
    """Somebody's AWS.

    Attributes:
        client: Makes a boto3 client by service name.
        name: Unique; everything a test makes is called so, or begins so.
        cleanup: What a test made is deleted by it, newest first.
    """

    client: Callable
    name: str
    cleanup: ExitStack = field(default_factory=ExitStack)


def open_account(environment: Mapping[str, str], session: Callable[..., boto3.Session] = boto3.Session):
    """A session of the account that is named.

    Args:
        environment: `HITLESS_CONTRACT_ACCOUNT` and `AWS_REGION` must be there, an endpoint must not.
        session: Makes the session of a region.

    Raises:
        NotThisAccount: The environment says otherwise, or the credentials are another account's.
    """
    account, region = environment[ACCOUNT], environment.get("AWS_REGION")
    if elsewhere := [name for name in environment if name.startswith(ENDPOINT)]:
        raise NotThisAccount(f"{elsewhere[0]} leads elsewhere: unset it to hold the contracts on AWS.")
    if not region:
        raise NotThisAccount(f"{ACCOUNT} is set, but AWS_REGION is not: name the region the contracts may use.")
    found = session(region_name=region)
    caller = found.client("sts").get_caller_identity()["Account"]
    if caller != account:
        raise NotThisAccount(f"{ACCOUNT} names {account}, but these credentials are of {caller}. Nothing was made.")
    return found


def refused(call: Callable, **given) -> tuple[str, str]:
    """The code and message with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]
