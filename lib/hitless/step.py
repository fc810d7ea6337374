"""One thing a plan does: named, explained, and made so that a later attempt knows whether it was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import reduce
from typing import Any

from hitless.adoption import find_made
from hitless.connect import Connection
from hitless.errors import Failed


@dataclass(frozen=True)
class Step:
    """One AWS call that changes something.

    Args:
        name: Unique in its plan.
        service: boto3 service, e.g. `autoscaling`.
        operation: boto3 method, e.g. `start_instance_refresh`.
        arguments: Its arguments, plain data.
        changes: What it changes, in words.
        undo: How to undo it, in words.
        expects: What the answer must say, by path: `{"taskDefinition.revision": 7}`. A later step relies on it.
    """

    name: str
    service: str
    operation: str
    arguments: dict
    changes: str
    undo: str
    expects: dict[str, object] = field(default_factory=dict)

    @property
    def call(self) -> str:
        """`autoscaling:start_instance_refresh`."""
        return f"{self.service}:{self.operation}"

    def described(self) -> dict[str, Any]:
        """Everything a person approves, and everything that makes the step again."""
        return asdict(self)

    def make(self, here: Connection) -> tuple[dict, str]:
        """Send the call, once; `hitless.delivery` sends it again where that is safe.

        Returns:
            What is worth remembering of the answer, and AWS's request id.

        Raises:
            botocore.exceptions.ClientError: AWS refused it.
            Failed: It did not answer what later steps rely on: somebody changed something in between.
        """
        answer = getattr(here.once(self.service), self.operation)(**self.arguments)
        self._check(answer)
        kept = {name: value for name, value in answer.items() if isinstance(value, str | int)}
        return kept, answer["ResponseMetadata"].get("RequestId", "")

    def find(self, here: Connection, since_s: float) -> dict | None:
        """What an attempt that was cut off after `since_s` has started already; None when it started nothing."""
        return find_made(here, self.call, self.arguments, self.expects, since_s)

    def _check(self, answer: Mapping) -> None:
        for path, expected in self.expects.items():
            said = reduce(lambda found, name: found[name], path.split("."), answer)
            if said != expected:
                seen = {"planned": expected, "answered": said}
                raise Failed(f"{self.call} did not answer as planned.", seen=seen, do="plan again")


@dataclass(frozen=True)
class Deed:
    """Something other than one AWS call that changes something: Terraform applies, an image is pushed.

    It can be done again without harm, so an attempt that was cut off in it simply does it again.

    Args:
        name: Unique in its plan.
        call: `terraform:apply`, `ecr:push`.
        facts: What exactly is done, plain data: what an approval is bound to.
        changes: What it changes, in words.
        undo: How to undo it, in words.
        act: Does it; answers what is worth remembering.
    """

    name: str
    call: str
    facts: dict
    changes: str
    undo: str
    act: Callable[[], dict]

    def described(self) -> dict[str, Any]:
        """Everything a person approves."""
        return {"name": self.name, "call": self.call, "facts": self.facts, "changes": self.changes, "undo": self.undo}

    def make(self, here: Connection) -> tuple[dict, str]:
        """Do it."""
        return self.act(), ""

    def find(self, here: Connection, since_s: float) -> dict | None:
        """Nothing: it is done again."""
        return None
