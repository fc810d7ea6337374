"""Terraform's JSON lines, as people follow them: what is done, how long it took, and whether waiting is normal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping

# Real seconds that provider 5.100.0 sleeps by itself while creating, whatever AWS answers (measured).
PROVIDER_WAITS_S = {
    "aws_lb": 60,
    "aws_vpc": 10,
    "aws_ecs_cluster": 10,
    "aws_ecs_cluster_capacity_providers": 10,
    "aws_launch_template": 5,
    "aws_iam_instance_profile": 5,
    "aws_vpc_endpoint": 5,
    "aws_lambda_function": 5,
}
STILL_EVERY_S = 30  # Terraform itself reports every 10 s
QUICK_S = 3  # what took less is counted, not told
COUNT_AT = 20  # quick changes
DOING = {"create": "creating", "update": "changing", "delete": "destroying", "read": "reading"}
DONE = {"create": "created", "update": "changed", "delete": "destroyed", "read": "read"}


class Progress:
    """Hears the lines of one plan or apply.

    Args:
        say: Receives a line of what people follow.
        after: What is to be done once the resource of this address was created.

    Attributes:
        begun: Changes that were begun; as long as it is 0, AWS is as it was.
        errors: What went wrong, by address or summary.
        summary: Terraform's own count at the end: `add`, `change`, `remove`.
    """

    def __init__(self, say: Callable[[str], object], after: Mapping[str, Callable[[], object]] | None = None) -> None:
        self._say, self._after = say, after or {}
        self.begun = 0
        self.errors: dict[str, str] = {}
        self.summary: dict[str, int] = {}
        self._quick: Counter[str] = Counter()

    def hear(self, line: str) -> None:
        """Take one line; what is not JSON is passed on as it is."""
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            self._say(line.rstrip())
            return
        kind = event.get("type")
        if kind in ("diagnostic", "change_summary"):
            self._count()
        if kind == "diagnostic":
            self._diagnose(event["diagnostic"])
        elif kind == "change_summary":
            self.summary = {name: event["changes"][name] for name in ("add", "change", "remove")}
        elif kind in ("apply_start", "apply_progress", "apply_complete") and event["hook"]["action"] != "read":
            self._follow(kind, event["hook"])

    def _follow(self, kind: str, hook: dict) -> None:
        address, action, elapsed_s = hook["resource"]["addr"], hook["action"], int(hook.get("elapsed_seconds", 0))
        if kind == "apply_start":
            self.begun += action in ("create", "update", "delete")
        elif kind == "apply_complete":
            self._tell(address, DONE.get(action, action), elapsed_s)
            if action == "create" and address in self._after:
                self._after[address]()
        elif elapsed_s % STILL_EVERY_S == 0:
            wait_s = PROVIDER_WAITS_S.get(hook["resource"]["resource_type"]) if action == "create" else None
            reason = f"; the provider itself waits {wait_s} s here" if wait_s and wait_s >= elapsed_s else ""
            self._say(f"{address}: still {DOING.get(action, action)}, {elapsed_s} s{reason}")

    def _tell(self, address: str, done: str, elapsed_s: int) -> None:
        if elapsed_s >= QUICK_S:
            self._say(f"{address}: {done} in {elapsed_s} s")
            return
        self._quick[done] += 1
        if self._quick.total() >= COUNT_AT:
            self._count()

    def _count(self) -> None:
        """Say how many were quick since the last time."""
        for done, count in self._quick.items():
            self._say(f"{count} {'resource' if count == 1 else 'resources'} {done}, each in under {QUICK_S} s")
        self._quick.clear()

    def _diagnose(self, found: dict) -> None:
        text = ": ".join(part for part in (found["summary"], " ".join(found.get("detail", "").split())) if part)
        if found["severity"] == "error":
            self.errors[found.get("address") or f"error {len(self.errors) + 1}"] = text[:1000]
        else:
            self._say(f"{found['severity']}: {text}")
