"""What Terraform does as a step of a plan: the saved plan itself, or, in a later attempt, what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

from hitless.errors import NotReady
from hitless.step import Deed
from hitless.terraform_plan import Plan

CALL = "terraform:apply"


def new(name: str, plan: Plan, act: Callable[[], dict], *, undo: str, also: str = "") -> Deed:
    """A step that carries out a saved plan.

    Args:
        name: Unique in its plan.
        plan: From `hitless.terraform`.
        act: Applies it.
        undo: How to undo it, in words.
        also: What becomes true with it, in words.
    """
    counts = ", ".join(f"{count} to {what}" for what, count in sorted(plan.counts.items())) or "nothing"
    facts = {"content": plan.content, "changes": [asdict(change) for change in plan.changes]}
    return Deed(name, CALL, facts, f"Terraform: {counts}" + (f"; {also}" if also else ""), undo, act)


def again(shown: Mapping, apply: Callable[[Plan], dict], replan: Callable[[], Plan]) -> dict[str, Deed]:
    """The Terraform steps of a plan that an earlier attempt has shown, each doing what is left of it.

    Args:
        shown: The plan, from the journal.
        apply: Carries a plan out.
        replan: Plans what is left.
    """

    def step(one: Mapping) -> Deed:
        return Deed(**{name: one[name] for name in ("name", "call", "facts", "changes", "undo")}, act=lambda: act(one))

    def act(one: Mapping) -> dict:
        rest = replan()
        require_shown(rest, {change["address"] for change in one["facts"]["changes"]})
        return apply(rest)

    return {one["name"]: step(one) for one in shown["steps"] if one.get("call") == CALL}


def require_shown(rest: Plan, shown: set[str]) -> None:
    """Refuse a plan that touches what nobody was shown.

    Raises:
        NotReady: It names what else would change.
    """
    if strangers := sorted({change.address for change in rest.changes} - shown):
        do = "plan again and look at it"
        raise NotReady("The plan is no longer the one that was shown.", seen={"also": ", ".join(strangers)}, do=do)
