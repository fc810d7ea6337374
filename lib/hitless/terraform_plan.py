"""A saved Terraform plan, as people approve it: which resources change, how, and by which attributes."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hitless.journal import canonical

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ResourceChange:
    """What a plan does to one resource.

    Attributes:
        address: `module.compute.aws_autoscaling_group.this`.
        actions: Terraform's words: `create`, `update`, `delete`; a replacement has two, in order.
        attributes: Names of what changes in an update or forces a replacement. Never values: they may be secrets.
    """

    address: str
    actions: tuple[str, ...]
    attributes: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """One word for the actions."""
        return "replace" if len(self.actions) > 1 else self.actions[0]


@dataclass(frozen=True)
class Plan:
    """A plan in a file.

    Attributes:
        path: The file that would be applied.
        digest: SHA-256 of that file: what an approval is bound to.
        changes: Resources that change, by address.
        is_empty: Neither a resource nor an output would change.
        content: SHA-256 over what changes from what to what: the same in another file of the same plan.
    """

    path: Path
    digest: str
    changes: tuple[ResourceChange, ...]
    is_empty: bool
    content: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Resources by word: create, update, replace, delete."""
        return dict(Counter(change.what for change in self.changes))

    @property
    def destroyed(self) -> tuple[str, ...]:
        """Addresses of what would be deleted, to be made anew or not: read these twice."""
        return tuple(change.address for change in self.changes if "delete" in change.actions)

    def table(self) -> pd.DataFrame:
        """The changes, one a row, deletions and replacements first."""
        import pandas as pd  # a third of a second, and only notebooks show tables

        rows = sorted(self.changes, key=lambda change: ("delete" not in change.actions, change.what, change.address))
        return pd.DataFrame(
            [(change.what, change.address, ", ".join(change.attributes)) for change in rows],
            columns=["action", "resource", "changed"],
        )

    def __str__(self) -> str:
        if self.is_empty:
            return f"plan {self.digest[:12]}: nothing would change"
        counts = ", ".join(f"{count} to {what}" for what, count in sorted(self.counts.items())) or "outputs only"
        head = f"plan {self.digest[:12]}: {counts}"
        return "\n".join([head, self.table().to_string(index=False)]) if self.changes else head


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_changes(shown: dict) -> tuple[tuple[ResourceChange, ...], bool, str]:
    """The changes in `terraform show -json`, whether there are none at all, outputs included, and their digest."""
    found = (
        ResourceChange(entry["address"], tuple(entry["change"]["actions"]), _changed(entry["change"]))
        for entry in shown.get("resource_changes", [])
        if entry["mode"] == "managed" and entry["change"]["actions"] != ["no-op"]
    )
    changes = tuple(sorted(found, key=lambda change: change.address))
    outputs = [entry for entry in shown.get("output_changes", {}).values() if entry["actions"] != ["no-op"]]
    whole = [(each["address"], each["change"]) for each in shown.get("resource_changes", [])]
    content = hashlib.sha256(canonical([whole, shown.get("output_changes", {})])).hexdigest()
    return changes, not changes and not outputs, content


def _changed(change: dict) -> tuple[str, ...]:
    if "delete" in change["actions"] and len(change["actions"]) > 1:
        return tuple(sorted({str(path[0]) for path in change.get("replace_paths", [])}))
    if change["actions"] != ["update"]:
        return ()
    before, after, unknown = change["before"], change["after"], change.get("after_unknown") or {}
    names = {name for name in before if name not in unknown and before[name] != after.get(name)}
    return tuple(sorted(names | {name for name, value in unknown.items() if _any(value)}))


def _any(mark: object) -> bool:
    """Whether a mark of Terraform's, which has the shape of the value it marks, marks anything."""
    if isinstance(mark, dict | list):
        return any(map(_any, mark.values() if isinstance(mark, dict) else mark))
    return bool(mark)
