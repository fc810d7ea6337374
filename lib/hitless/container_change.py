"""What a release changes of its container besides the image: variables and size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hitless.errors import Refused

SIZE = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class ContainerChange:
    """A changed container; by default nothing is.

    Attributes:
        variables: Set by name; those it does not name stay as they are.
        cpu_units: Reserved, 1,024 a processor; 0 keeps what runs.
        memory_mib: The limit at which the container is killed; 0 keeps what runs.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    cpu_units: int = 0
    memory_mib: int = 0

    @classmethod
    def read(cls, text: str) -> ContainerChange:
        """Read "memory=512 cpu=256 LOG_LEVEL=debug": MiB, CPU units, and whatever else are variables.

        Raises:
            Refused: Something is not NAME=value, is there twice, or is no size of up to six digits.
        """
        pairs = [pair.partition("=") for pair in text.split()]
        names = [name for name, _, _ in pairs]
        given = {name: value for name, _, value in pairs}
        sizes = {name: given.pop(name, "0") for name in ("cpu", "memory")}
        bad = [name for name, equals, _ in pairs if not (name and equals) or names.count(name) > 1]
        bad += [name for name, size in sizes.items() if not SIZE.fullmatch(size)]
        if bad:
            do = 'write each once, as in "memory=512 cpu=256 LOG_LEVEL=debug"'
            raise Refused("The container can't be changed like this.", seen={"about": bad[0]}, do=do)
        return cls(given, int(sizes["cpu"]), int(sizes["memory"]))

    def __str__(self) -> str:
        """What is changed, in words; empty when nothing is."""
        sizes = [(self.cpu_units, "CPU units"), (self.memory_mib, "MiB of memory")]
        said = [f"{size:,} {what}" for size, what in sizes if size]
        return ", ".join(said + [f"{name}={value}" for name, value in self.variables.items()])

    def applied_to(self, running: Mapping) -> dict:
        """A `taskDefinition` of DescribeTaskDefinition with this change made to its only or first container."""
        container, *others = running["containerDefinitions"]
        variables = {each["name"]: each["value"] for each in container.get("environment") or ()} | dict(self.variables)
        changed = {**container, "environment": [{"name": n, "value": v} for n, v in variables.items()]}
        changed |= {name: size for name, size in (("cpu", self.cpu_units), ("memory", self.memory_mib)) if size}
        return {**running, "containerDefinitions": [changed, *others]}


UNCHANGED = ContainerChange()
