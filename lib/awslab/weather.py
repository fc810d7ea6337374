"""What goes wrong between a client and AWS's answers: calls put off, failed, slow, cut off, answered in vain, doubled.

A storm hits some calls, by service, action and share, for so many calls or until it is calm again. The same seed hits
the same ones.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_plus

SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/([a-z0-9-]+)/([a-z0-9.-]+)/aws4_request")
NAMED = re.compile(r"(?:^|&)Action=([^&]+)")
SIGNING_ALIASES = {"elasticloadbalancingv2": "elasticloadbalancing", "cloudwatch": "monitoring"}
READS = ("BatchCheck", "BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Query", "Scan", "Search")


class NoAnswer(ConnectionError):
    """The connection ends before a byte of the answer; what the call did stays done."""


class Kind(StrEnum):
    """What becomes of a call."""

    THROTTLED = "throttled"
    FAILED = "failed"
    SLOW = "slow"
    RESET = "reset"
    LOST = "lost"
    DOUBLED = "doubled"


@dataclass(frozen=True)
class Call:
    """One request, as far as weather goes.

    Attributes:
        region: "" when it is not signed.
        service: SigV4 signing name.
        action: `StartInstanceRefresh`; of a REST API method and path, "PUT /2015-03-31/functions".
        writes: It is none of the actions that only look.
    """

    region: str
    service: str
    action: str
    writes: bool


@dataclass
class Storm:
    """One thing that happens to calls.

    Attributes:
        kind: What.
        service: Signing name; "" for all.
        action: Only this one; "" for all, or for all writes when the storm is about answers of writes.
        calls: How many it will hit; None for as long as it lasts.
        share_percent: Of the calls it could hit, how many it hits.
        seconds: Lab seconds that a slow answer takes.
        status: HTTP status of a failed call.
        done: Whether a failed call is done all the same.
    """

    kind: Kind
    service: str = ""
    action: str = ""
    calls: int | None = None
    share_percent: float = 100.0
    seconds: float = 0.0
    status: int = 503
    done: bool = False

    def meets(self, call: Call) -> bool:
        """Whether it could hit this call."""
        if self.service not in ("", call.service) or self.action not in ("", call.action) or self.calls == 0:
            return False
        return bool(self.action) or call.writes or not self._is_about_writes

    @property
    def _is_about_writes(self) -> bool:
        return self.kind in (Kind.LOST, Kind.DOUBLED) or self.done


class Weather:
    """The storms of one lab.

    Args:
        rng: Which calls a share hits.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.storms: list[Storm] = []
        self.struck = 0  # calls that any storm has hit

    def strike(self, call: Call) -> Storm | None:
        """The storm that hits this call, the first that began; None when it is spared."""
        for storm in self.storms:
            if storm.meets(call) and self._rng.random() * 100 < storm.share_percent:
                self.struck += 1
                storm.calls = None if storm.calls is None else storm.calls - 1
                return storm
        return None


def call_of(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
    """What a request asks, in whichever of AWS's protocols.

    Args:
        method: HTTP method.
        target: Path and query.
        headers: As the client sent them.
        body: As the client sent it.
    """
    own = {name.lower(): value for name, value in headers.items()}
    scope = SCOPE.search(own.get("authorization", ""))
    region, service = scope.groups() if scope else ("", "")
    action, writes = _action(method, target, own.get("x-amz-target", ""), body)
    return Call(region, SIGNING_ALIASES.get(service, service), action, writes)


def _action(method: str, target: str, named: str, body: bytes) -> tuple[str, bool]:
    path, _, query = target.partition("?")  # never a host: "//[" is a path here
    action = named.rpartition(".")[2] or path.partition("/operation/")[2]  # JSON; CBOR
    if not action and path == "/":
        given = NAMED.search(query or body[:4096].decode("latin-1"))
        action = unquote_plus(given[1]) if given else ""
    if action:
        return action, not action.startswith(READS)
    return f"{method} {path}", method not in ("GET", "HEAD")
